/*
 * A running hash. mbedTLS 2 and 3 have contexts of their own, a third cheaper than PSA's operations and half as large;
 * since version 4 there is only PSA. Only hash_state.c knows the difference. Algorithm numbers: HashAlgorithm of
 * src/dtls/crypto/algorithm-numbers.ts.
 */
#ifndef MOTE_HASH_STATE_H
#define MOTE_HASH_STATE_H

#include "native_list.h"

#include <mbedtls/version.h>
#include <psa/crypto.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if MBEDTLS_VERSION_MAJOR < 4
#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>
#endif

enum { MOST_HASH_BYTES = 48, MOST_BLOCK_BYTES = 128 };

typedef struct {
    int32_t algorithm;
#if MBEDTLS_VERSION_MAJOR < 4
    union {
        mbedtls_sha256_context sha256;
        mbedtls_sha512_context sha512;
    } of;
#else
    psa_hash_operation_t operation;
#endif
} hash_state;

bool mote_hash_is_there(int32_t algorithm);
size_t mote_hash_bytes(int32_t algorithm);
size_t mote_hash_block_bytes(int32_t algorithm);
/** Number of bytes of a state that the algorithm uses; only these have to be allocated. */
size_t mote_hash_state_bytes(int32_t algorithm);

/* Return false if the library failed. Every state that was started or prepared has to be ended with mote_hash_end. */

/** Prepares room for copies of states of this algorithm, one at a time. */
void mote_hash_prepare(hash_state *hash, int32_t algorithm);
bool mote_hash_start(hash_state *hash, int32_t algorithm);
bool mote_hash_update(hash_state *hash, const uint8_t *data, size_t length);
/** Copies into a prepared state, overwriting it. */
bool mote_hash_copy(hash_state *to, const hash_state *from);
bool mote_hash_finish(hash_state *hash, uint8_t *digest);
/** Erases the state. */
void mote_hash_end(hash_state *hash);

#endif
