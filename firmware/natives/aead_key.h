/*
 * An AEAD with its key. mbedTLS 2 and 3 have keyed contexts (aead_context.c), which save PSA's set-up in every call
 * (2,500 of the 17,000 instructions of a short CCM record); mbedTLS 4 has only PSA. Only aead_key.c knows the
 * difference.
 */
#ifndef MOTE_AEAD_KEY_H
#define MOTE_AEAD_KEY_H

#include "aead_context.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct aead_key aead_key;

bool mote_aead_is_there(int32_t algorithm);
size_t mote_aead_key_bytes(int32_t algorithm);
/** Copies the key, of mote_aead_key_bytes. NULL if there is no memory left, or the library fails. */
aead_key *mote_aead_key_create(int32_t algorithm, const uint8_t *key);
size_t mote_aead_tag_bytes(const aead_key *key);
int32_t mote_aead_algorithm(const aead_key *key);
/** Copies the key that it was created with, mote_aead_key_bytes of it. */
bool mote_aead_key_export(const aead_key *key, uint8_t *secret);
/** Writes ciphertext and tag. */
bool mote_aead_key_seal(aead_key *key, const aead_job *job);
/** Returns false if it is not authentic, with zeros in `output`. */
bool mote_aead_key_open(aead_key *key, const aead_job *job);
/** Erases the key. */
void mote_aead_key_close(void *key);

#endif
