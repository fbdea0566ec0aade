/* Hashes and keyed HMACs. Algorithm numbers: HashAlgorithm of src/dtls/crypto/algorithm-numbers.ts. */
#ifndef MOTE_HASH_H
#define MOTE_HASH_H

#include "hash_state.h"
#include "mote_vm.h"

typedef struct hmac hmac;

/** Bit 16 + n for each supported hash number n. */
int32_t mote_hash_bits(void);

/** Copies the key. NULL if there is no memory left. */
hmac *mote_hmac_create(int32_t algorithm, const uint8_t *key, size_t length);
/** Writes the HMAC of `first` and `second`, concatenated. Returns its length, 0 on failure. */
size_t mote_hmac_sign(hmac *keyed, const uint8_t *first, size_t first_length, const uint8_t *second,
                      size_t second_length, uint8_t *digest);
void mote_hmac_close(void *keyed);

#endif
