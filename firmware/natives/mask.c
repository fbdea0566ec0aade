/*
 * Record number encryption of DTLS 1.3 (RFC 9147 section 4.2.3), on the block or stream cipher of an AEAD. ChaCha20
 * with a counter of one's own is beyond PSA: mbedTLS 4 has AES alone.
 */
#include "aead_key.h"
#include "arguments.h"
#include "handles.h"
#include "port.h"

#include <mbedtls/platform_util.h>
#include <mbedtls/version.h>
#include <psa/crypto.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLE_BYTES = 16, MASK_BYTES = 2, BLOCK_BYTES = 16 };

#if MBEDTLS_VERSION_MAJOR < 4

#include <mbedtls/aes.h>
#include <mbedtls/chacha20.h>

typedef struct {
    bool is_chacha;
    union {
        mbedtls_aes_context aes;
        uint8_t chacha[32];
    } as;
} mask;

static bool mask_is_there(int32_t algorithm)
{
#if !defined(MBEDTLS_CHACHA20_C)
    if (algorithm == AEAD_CHACHA20_POLY1305) return false;
#endif
    return mote_aead_is_there(algorithm);
}

static bool set_key(mask *self, const uint8_t *key, size_t length)
{
    if (self->is_chacha) {
        memcpy(self->as.chacha, key, length);
        return true;
    }
    mbedtls_aes_init(&self->as.aes);
    return mbedtls_aes_setkey_enc(&self->as.aes, key, (unsigned)length * 8) == 0;
}

static bool compute(mask *self, const uint8_t *sample, uint8_t *block)
{
#if defined(MBEDTLS_CHACHA20_C)
    static const uint8_t zeros[BLOCK_BYTES];
    uint32_t counter =
        (uint32_t)sample[0] | (uint32_t)sample[1] << 8 | (uint32_t)sample[2] << 16 | (uint32_t)sample[3] << 24;
    if (self->is_chacha)
        return mbedtls_chacha20_crypt(self->as.chacha, sample + 4, counter, BLOCK_BYTES, zeros, block) == 0;
#endif
    return mbedtls_aes_crypt_ecb(&self->as.aes, MBEDTLS_AES_ENCRYPT, sample, block) == 0;
}

static void erase(mask *self)
{
    if (!self->is_chacha) mbedtls_aes_free(&self->as.aes);
}

#else

typedef struct {
    bool is_chacha;
    psa_key_id_t id;
} mask;

static bool mask_is_there(int32_t algorithm)
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

static bool compute(mask *self, const uint8_t *sample, uint8_t *block)
{
    size_t length;
    mote_port_crypto_lock();
    psa_status_t status =
        psa_cipher_encrypt(self->id, PSA_ALG_ECB_NO_PADDING, sample, SAMPLE_BYTES, block, BLOCK_BYTES, &length);
    mote_port_crypto_unlock();
    return status == PSA_SUCCESS;
}

static void erase(mask *self)
{
    mote_port_crypto_lock();
    psa_destroy_key(self->id);
    mote_port_crypto_unlock();
}

#endif

static void close_mask(void *object)
{
    erase(object);
    mbedtls_platform_zeroize(object, sizeof(mask));
    free(object);
}

static mask *create(int32_t algorithm, const uint8_t *key)
{
    mask *self = calloc(1, sizeof *self);
    if (self == NULL) return NULL;
    self->is_chacha = algorithm == AEAD_CHACHA20_POLY1305;
    if (set_key(self, key, mote_aead_key_bytes(algorithm))) return self;
    close_mask(self);
    return NULL;
}

mote_value mote_native_record_mask_new(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t algorithm;
    byte_view key;
    if (!mote_integer_argument(vm, args[0], "algorithm", 0, 15, &algorithm) ||
        !mote_buffer_argument(vm, args[1], "key", &key))
        return MOTE_FAILED;
    if (!mask_is_there(algorithm)) return mote_throw_range(vm, "algorithm", "an AEAD whose masks the machine has");
    if (key.length != mote_aead_key_bytes(algorithm)) return mote_throw_range(vm, "key", "as long as the algorithm's");
    return mote_handle_new(vm, HANDLE_MASK, create(algorithm, key.data), close_mask);
}

mote_value mote_native_record_mask(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    const uint8_t *sample;
    uint8_t block[BLOCK_BYTES];
    mask *keyed = mote_handle_argument(vm, args[0], "mask", HANDLE_MASK);
    if (keyed == NULL || !mote_sized_argument(vm, args[1], "sample", SAMPLE_BYTES, &sample)) return MOTE_FAILED;
    if (!compute(keyed, sample, block)) return mote_throw(vm, MOTE_ERROR, "the crypto library failed");
    return mote_new_buffer_of(vm, block, MASK_BYTES);
}
