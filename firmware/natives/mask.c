/* ChaCha20 with an explicit counter is not possible with PSA, so mbedTLS 4 has only AES. */
#include "mask.h"
#include "aead_key.h"
#include "keyed.h"
#include "port.h"

#include <mbedtls/platform_util.h>
#include <mbedtls/version.h>
#include <psa/crypto.h>
#include <stdlib.h>
#include <string.h>

#if MBEDTLS_VERSION_MAJOR < 4

#include <mbedtls/aes.h>
#include <mbedtls/chacha20.h>

struct mask {
    bool is_chacha;
    uint8_t key_bytes, secret[];
};

static size_t bytes_of(int32_t algorithm)
{
    return sizeof(mask) + mote_aead_key_bytes(algorithm);
}

bool mote_mask_is_there(int32_t algorithm)
{
#if !defined(MBEDTLS_CHACHA20_C)
    if (algorithm == AEAD_CHACHA20_POLY1305) return false;
#endif
    return mote_aead_is_there(algorithm);
}

static void free_context(void *context)
{
    mbedtls_aes_free(context); /* erases it */
    free(context);
}

static keyed_contexts contexts = {.free = free_context};

/** NULL if there is no memory left, or the library fails. */
static mbedtls_aes_context *context_of(const mask *self)
{
    mbedtls_aes_context *context = mote_keyed_find(&contexts, self);
    if (context != NULL) return context;
    mote_keyed_make_room(&contexts);
    context = calloc(1, sizeof *context);
    if (context == NULL) return NULL;
    mbedtls_aes_init(context);
    if (mbedtls_aes_setkey_enc(context, self->secret, self->key_bytes * 8u) == 0) {
        mote_keyed_put(&contexts, self, context);
        return context;
    }
    free_context(context);
    return NULL;
}

static bool set_key(mask *self, const uint8_t *key, size_t length)
{
    self->key_bytes = (uint8_t)length;
    memcpy(self->secret, key, length);
    return self->is_chacha || context_of(self) != NULL;
}

bool mote_mask_compute(mask *self, const uint8_t *sample, uint8_t *bytes)
{
#if defined(MBEDTLS_CHACHA20_C)
    static const uint8_t zeros[MASK_BYTES];
    uint32_t counter =
        (uint32_t)sample[0] | (uint32_t)sample[1] << 8 | (uint32_t)sample[2] << 16 | (uint32_t)sample[3] << 24;
    if (self->is_chacha)
        return mbedtls_chacha20_crypt(self->secret, sample + 4, counter, MASK_BYTES, zeros, bytes) == 0;
#endif
    mbedtls_aes_context *context = context_of(self);
    return context != NULL && mbedtls_aes_crypt_ecb(context, MBEDTLS_AES_ENCRYPT, sample, bytes) == 0;
}

static size_t erase(const mask *self)
{
    mote_keyed_remove(&contexts, self);
    return sizeof(mask) + self->key_bytes;
}

#else

struct mask {
    bool is_chacha;
    psa_key_id_t id;
};

static size_t bytes_of(int32_t algorithm)
{
    (void)algorithm;
    return sizeof(mask);
}

bool mote_mask_is_there(int32_t algorithm)
{
    return algorithm != AEAD_CHACHA20_POLY1305 && mote_aead_is_there(algorithm);
}

static bool set_key(mask *self, const uint8_t *key, size_t length)
{
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_ENCRYPT);
    psa_set_key_algorithm(&attributes, PSA_ALG_ECB_NO_PADDING);
    psa_set_key_type(&attributes, PSA_KEY_TYPE_AES);
    mote_port_crypto_lock();
    psa_status_t status = psa_import_key(&attributes, key, length, &self->id);
    mote_port_crypto_unlock();
    return status == PSA_SUCCESS;
}

bool mote_mask_compute(mask *self, const uint8_t *sample, uint8_t *bytes)
{
    size_t length;
    mote_port_crypto_lock();
    psa_status_t status =
        psa_cipher_encrypt(self->id, PSA_ALG_ECB_NO_PADDING, sample, MASK_SAMPLE_BYTES, bytes, MASK_BYTES, &length);
    mote_port_crypto_unlock();
    return status == PSA_SUCCESS;
}

static size_t erase(const mask *self)
{
    mote_port_crypto_lock();
    psa_destroy_key(self->id);
    mote_port_crypto_unlock();
    return sizeof(mask);
}

#endif

void mote_mask_close(mask *self)
{
    mbedtls_platform_zeroize(self, erase(self));
    free(self);
}

mask *mote_mask_create(int32_t algorithm, const uint8_t *key)
{
    mask *self = calloc(1, bytes_of(algorithm));
    if (self == NULL) return NULL;
    self->is_chacha = algorithm == AEAD_CHACHA20_POLY1305;
    if (set_key(self, key, mote_aead_key_bytes(algorithm))) return self;
    mote_mask_close(self);
    return NULL;
}
