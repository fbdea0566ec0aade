/* Record number encryption of DTLS 1.3 (RFC 9147 section 4.2.3), with the block or stream cipher of an AEAD. */
#ifndef MOTE_MASK_H
#define MOTE_MASK_H

#include <stdbool.h>
#include <stdint.h>

/** Bytes of ciphertext that are sampled, and bytes of a mask: at least as many as a record number has. */
enum { MASK_SAMPLE_BYTES = 16, MASK_BYTES = 16 };

typedef struct mask mask;

/** Whether the library has the AEAD's cipher. */
bool mote_mask_is_there(int32_t algorithm);
/** Copies the key, of mote_aead_key_bytes. NULL if there is no memory left, or the library fails. */
mask *mote_mask_create(int32_t algorithm, const uint8_t *key);
/** Writes MASK_BYTES. */
bool mote_mask_compute(mask *keyed, const uint8_t *sample, uint8_t *bytes);
/** Erases the key. */
void mote_mask_close(mask *keyed);

#endif
