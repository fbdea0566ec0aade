#include "aead_context.h"
#include "ccm.h"

#if MBEDTLS_VERSION_MAJOR < 4

#include <mbedtls/platform_util.h>
#include <stdlib.h>

/** Only the part that the algorithm needs is allocated. */
struct aead_context {
    int32_t algorithm;
    union {
#if WITH_CCM
        mbedtls_aes_context aes;
#endif
#if WITH_GCM
        mbedtls_gcm_context gcm;
#endif
#if WITH_CHACHA
        mbedtls_chachapoly_context chacha;
#endif
    } as;
};

#if WITH_CCM
static bool ccm_key(aead_context *self, const uint8_t *key, size_t key_bytes)
{
    mbedtls_aes_init(&self->as.aes);
    return mbedtls_aes_setkey_enc(&self->as.aes, key, (unsigned)key_bytes * 8u) == 0;
}
#endif

#if WITH_GCM
static bool gcm_key(aead_context *self, const uint8_t *key, size_t key_bytes)
{
    mbedtls_gcm_init(&self->as.gcm);
    return mbedtls_gcm_setkey(&self->as.gcm, MBEDTLS_CIPHER_ID_AES, key, (unsigned)key_bytes * 8u) == 0;
}

static bool gcm(aead_context *self, const aead_job *j, size_t tag_bytes, bool seal)
{
    int status =
        seal ? mbedtls_gcm_crypt_and_tag(&self->as.gcm, MBEDTLS_GCM_ENCRYPT, j->length, j->nonce, AEAD_NONCE_BYTES,
                                         j->aad, j->aad_length, j->input, j->output, tag_bytes, j->output + j->length)
             : mbedtls_gcm_auth_decrypt(&self->as.gcm, j->length, j->nonce, AEAD_NONCE_BYTES, j->aad, j->aad_length,
                                        j->input + j->length, tag_bytes, j->input, j->output);
    return status == 0;
}
#endif

#if WITH_CHACHA
static bool chacha_key(aead_context *self, const uint8_t *key, size_t key_bytes)
{
    (void)key_bytes;
    mbedtls_chachapoly_init(&self->as.chacha);
    return mbedtls_chachapoly_setkey(&self->as.chacha, key) == 0;
}

static bool chacha(aead_context *self, const aead_job *j, bool seal)
{
    int status = seal ? mbedtls_chachapoly_encrypt_and_tag(&self->as.chacha, j->length, j->nonce, j->aad, j->aad_length,
                                                           j->input, j->output, j->output + j->length)
                      : mbedtls_chachapoly_auth_decrypt(&self->as.chacha, j->length, j->nonce, j->aad, j->aad_length,
                                                        j->input + j->length, j->input, j->output);
    return status == 0;
}
#endif

static size_t context_bytes(int32_t algorithm)
{
    switch (algorithm) {
#if WITH_GCM
    case AEAD_AES_128_GCM:
    case AEAD_AES_256_GCM: return offsetof(aead_context, as) + sizeof(mbedtls_gcm_context);
#endif
#if WITH_CHACHA
    case AEAD_CHACHA20_POLY1305: return offsetof(aead_context, as) + sizeof(mbedtls_chachapoly_context);
#endif
#if WITH_CCM
    default: return offsetof(aead_context, as) + sizeof(mbedtls_aes_context);
#else
    default: return sizeof(aead_context);
#endif
    }
}

static bool set_key(aead_context *self, const uint8_t *key, size_t key_bytes)
{
    switch (self->algorithm) {
#if WITH_GCM
    case AEAD_AES_128_GCM:
    case AEAD_AES_256_GCM: return gcm_key(self, key, key_bytes);
#endif
#if WITH_CHACHA
    case AEAD_CHACHA20_POLY1305: return chacha_key(self, key, key_bytes);
#endif
#if WITH_CCM
    default: return ccm_key(self, key, key_bytes);
#else
    default: (void)key, (void)key_bytes; return false;
#endif
    }
}

bool mote_aead_context_run(aead_context *self, const aead_job *j, size_t tag_bytes, bool seal)
{
    switch (self->algorithm) {
#if WITH_GCM
    case AEAD_AES_128_GCM:
    case AEAD_AES_256_GCM: return gcm(self, j, tag_bytes, seal);
#endif
#if WITH_CHACHA
    case AEAD_CHACHA20_POLY1305: return chacha(self, j, seal);
#endif
#if WITH_CCM
    default: return mote_ccm(&self->as.aes, j, tag_bytes, seal);
#else
    default: return false;
#endif
    }
}

static void erase(aead_context *self)
{
    switch (self->algorithm) {
#if WITH_GCM
    case AEAD_AES_128_GCM:
    case AEAD_AES_256_GCM: mbedtls_gcm_free(&self->as.gcm); break;
#endif
#if WITH_CHACHA
    case AEAD_CHACHA20_POLY1305: mbedtls_chachapoly_free(&self->as.chacha); break;
#endif
#if WITH_CCM
    default: mbedtls_aes_free(&self->as.aes); break;
#else
    default: break;
#endif
    }
}

aead_context *mote_aead_context_new(int32_t algorithm, const uint8_t *key, size_t key_bytes)
{
    aead_context *self = calloc(1, context_bytes(algorithm));
    if (self == NULL) return NULL;
    self->algorithm = algorithm;
    if (set_key(self, key, key_bytes)) return self;
    mote_aead_context_free(self);
    return NULL;
}

void mote_aead_context_free(aead_context *self)
{
    size_t bytes = context_bytes(self->algorithm);
    erase(self);
    mbedtls_platform_zeroize(self, bytes);
    free(self);
}

#else

/* mbedTLS 4 does not expose its contexts. */
typedef int no_contexts;

#endif
