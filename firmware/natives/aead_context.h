/* Keyed contexts of mbedTLS 2 and 3, and which AEADs the library supports. keyed.h decides which keys have a context.
 */
#ifndef MOTE_AEAD_CONTEXT_H
#define MOTE_AEAD_CONTEXT_H

#include "configuration.h"
#include "native_list.h"

#include <mbedtls/version.h>
#include <psa/crypto.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if MBEDTLS_VERSION_MAJOR < 4
#include <mbedtls/chachapoly.h>
#include <mbedtls/gcm.h>
#if defined(MBEDTLS_CCM_C)
#define WITH_CCM 1
#endif
#if defined(MBEDTLS_GCM_C) && (MOTE_AEADS & 0xa0)
#define WITH_GCM 1
#endif
#if defined(MBEDTLS_CHACHAPOLY_C) && (MOTE_AEADS & 0x40)
#define WITH_CHACHA 1
#endif
#else
#if defined(PSA_WANT_ALG_CCM)
#define WITH_CCM 1
#endif
#if defined(PSA_WANT_ALG_GCM) && (MOTE_AEADS & 0xa0)
#define WITH_GCM 1
#endif
#if defined(PSA_WANT_ALG_CHACHA20_POLY1305) && (MOTE_AEADS & 0x40)
#define WITH_CHACHA 1
#endif
#endif

#ifndef WITH_CCM
#define WITH_CCM 0
#endif
#ifndef WITH_GCM
#define WITH_GCM 0
#endif
#ifndef WITH_CHACHA
#define WITH_CHACHA 0
#endif

/** Of every AEAD, bytes. */
enum { AEAD_NONCE_BYTES = 12 };

typedef struct aead_context aead_context;

/** What to seal or open. The tag follows the ciphertext, and is not part of `length`. */
typedef struct {
    const uint8_t *nonce, *aad, *input;
    size_t aad_length, length;
    uint8_t *output; /* may be `input` */
} aead_job;

/** NULL if there is no memory left, or the library fails. */
aead_context *mote_aead_context_new(int32_t algorithm, const uint8_t *key, size_t key_bytes);
bool mote_aead_context_run(aead_context *context, const aead_job *job, size_t tag_bytes, bool seal);
/** Erases the context. */
void mote_aead_context_free(aead_context *context);

#endif
