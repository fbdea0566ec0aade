/*
 * Secrets of the key schedule of DTLS 1.3 (RFC 8446 section 7.1), as long as their hash's digest. Algorithm numbers:
 * HashAlgorithm of src/dtls/crypto/algorithm-numbers.ts.
 */
#ifndef MOTE_SECRET_H
#define MOTE_SECRET_H

#include "arguments.h"

typedef struct secret secret;

/** The object of an open handle; throws and returns NULL if it is not a secret. */
secret *mote_secret_argument(mote_vm *vm, mote_value value);
/** A handle of a secret with these bytes, which are copied. */
mote_value mote_secret_new(mote_vm *vm, int32_t algorithm, const uint8_t *bytes);
int32_t mote_secret_algorithm(const secret *of);
/** The secret's bytes, mote_hash_bytes of them. */
const uint8_t *mote_secret_bytes(const secret *of);

/**
 * HKDF-Expand-Label of one secret with an empty context and at most one block (RFC 8446 section 7.1), several times.
 */
typedef struct {
    const char *label;
    uint8_t *output;
    size_t length;
} secret_part;

bool mote_secret_expand_all(const secret *of, const secret_part *parts, size_t count);

#endif
