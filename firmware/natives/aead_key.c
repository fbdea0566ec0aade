#include "aead_key.h"
#include "configuration.h"
#include "port.h"

#include <mbedtls/platform_util.h>
#include <mbedtls/version.h>
#include <psa/crypto.h>
#include <stdlib.h>
#include <string.h>

#if MBEDTLS_VERSION_MAJOR < 4
#include <mbedtls/ccm.h>
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

typedef struct {
    uint8_t key_bytes, tag_bytes;
    bool there;
} facts;

static const facts known[] = {
    [AEAD_AES_128_CCM_8] = {16, 8, WITH_CCM}, [AEAD_AES_256_CCM_8] = {32, 8, WITH_CCM},
    [AEAD_AES_128_CCM] = {16, 16, WITH_CCM},  [AEAD_AES_256_CCM] = {32, 16, WITH_CCM},
    [AEAD_AES_128_GCM] = {16, 16, WITH_GCM},  [AEAD_CHACHA20_POLY1305] = {32, 16, WITH_CHACHA},
    [AEAD_AES_256_GCM] = {32, 16, WITH_GCM},
};

bool mote_aead_is_there(int32_t algorithm)
{
    if (algorithm < AEAD_AES_128_CCM_8 || algorithm > AEAD_AES_256_GCM) return false;
    return ((MOTE_AEADS >> algorithm) & 1) != 0 && known[algorithm].there;
}

size_t mote_aead_key_bytes(int32_t algorithm)
{
    return known[algorithm].key_bytes;
}

#if MBEDTLS_VERSION_MAJOR < 4

/** Only as much of it is allocated as the algorithm needs. */
struct aead_key {
    int32_t algorithm;
    union {
#if WITH_CCM
        mbedtls_ccm_context ccm;
#endif
#if WITH_GCM
        mbedtls_gcm_context gcm;
#endif
#if WITH_CHACHA
        mbedtls_chachapoly_context chacha;
#endif
    } as;
};

/** One call of either direction; `tag` is written or read. */
typedef struct {
    const uint8_t *nonce, *aad, *input;
    size_t aad_length, length;
    uint8_t *output, *tag;
} job;

#if WITH_CCM
static bool ccm_key(aead_key *self, const uint8_t *key)
{
    mbedtls_ccm_init(&self->as.ccm);
    return mbedtls_ccm_setkey(&self->as.ccm, MBEDTLS_CIPHER_ID_AES, key, known[self->algorithm].key_bytes * 8u) == 0;
}

static bool ccm(aead_key *self, const job *j, bool seal)
{
    size_t tag = known[self->algorithm].tag_bytes;
    int status = seal ? mbedtls_ccm_encrypt_and_tag(&self->as.ccm, j->length, j->nonce, AEAD_NONCE_BYTES, j->aad,
                                                    j->aad_length, j->input, j->output, j->tag, tag)
                      : mbedtls_ccm_auth_decrypt(&self->as.ccm, j->length, j->nonce, AEAD_NONCE_BYTES, j->aad,
                                                 j->aad_length, j->input, j->output, j->tag, tag);
    return status == 0;
}
#endif

#if WITH_GCM
static bool gcm_key(aead_key *self, const uint8_t *key)
{
    mbedtls_gcm_init(&self->as.gcm);
    return mbedtls_gcm_setkey(&self->as.gcm, MBEDTLS_CIPHER_ID_AES, key, known[self->algorithm].key_bytes * 8u) == 0;
}

static bool gcm(aead_key *self, const job *j, bool seal)
{
    size_t tag = known[self->algorithm].tag_bytes;
    int status =
        seal ? mbedtls_gcm_crypt_and_tag(&self->as.gcm, MBEDTLS_GCM_ENCRYPT, j->length, j->nonce, AEAD_NONCE_BYTES,
                                         j->aad, j->aad_length, j->input, j->output, tag, j->tag)
             : mbedtls_gcm_auth_decrypt(&self->as.gcm, j->length, j->nonce, AEAD_NONCE_BYTES, j->aad, j->aad_length,
                                        j->tag, tag, j->input, j->output);
    return status == 0;
}
#endif

#if WITH_CHACHA
static bool chacha_key(aead_key *self, const uint8_t *key)
{
    mbedtls_chachapoly_init(&self->as.chacha);
    return mbedtls_chachapoly_setkey(&self->as.chacha, key) == 0;
}

static bool chacha(aead_key *self, const job *j, bool seal)
{
    int status = seal ? mbedtls_chachapoly_encrypt_and_tag(&self->as.chacha, j->length, j->nonce, j->aad, j->aad_length,
                                                           j->input, j->output, j->tag)
                      : mbedtls_chachapoly_auth_decrypt(&self->as.chacha, j->length, j->nonce, j->aad, j->aad_length,
                                                        j->tag, j->input, j->output);
    return status == 0;
}
#endif

/** The context; the key itself, for mote_aead_key_export, lies behind it. */
static size_t context_bytes(int32_t algorithm)
{
    switch (algorithm) {
#if WITH_GCM
    case AEAD_AES_128_GCM:
    case AEAD_AES_256_GCM: return offsetof(aead_key, as) + sizeof(mbedtls_gcm_context);
#endif
#if WITH_CHACHA
    case AEAD_CHACHA20_POLY1305: return offsetof(aead_key, as) + sizeof(mbedtls_chachapoly_context);
#endif
#if WITH_CCM
    default: return offsetof(aead_key, as) + sizeof(mbedtls_ccm_context);
#else
    default: return sizeof(aead_key);
#endif
    }
}

static size_t bytes_of(int32_t algorithm)
{
    return context_bytes(algorithm) + known[algorithm].key_bytes;
}

bool mote_aead_key_export(const aead_key *key, uint8_t *secret)
{
    memcpy(secret, (const uint8_t *)key + context_bytes(key->algorithm), known[key->algorithm].key_bytes);
    return true;
}

static bool set_key(aead_key *self, const uint8_t *key)
{
    memcpy((uint8_t *)self + context_bytes(self->algorithm), key, known[self->algorithm].key_bytes);
    switch (self->algorithm) {
#if WITH_GCM
    case AEAD_AES_128_GCM:
    case AEAD_AES_256_GCM: return gcm_key(self, key);
#endif
#if WITH_CHACHA
    case AEAD_CHACHA20_POLY1305: return chacha_key(self, key);
#endif
#if WITH_CCM
    default: return ccm_key(self, key);
#else
    default: return false;
#endif
    }
}

static bool run(aead_key *self, const job *j, bool seal)
{
    switch (self->algorithm) {
#if WITH_GCM
    case AEAD_AES_128_GCM:
    case AEAD_AES_256_GCM: return gcm(self, j, seal);
#endif
#if WITH_CHACHA
    case AEAD_CHACHA20_POLY1305: return chacha(self, j, seal);
#endif
#if WITH_CCM
    default: return ccm(self, j, seal);
#else
    default: return false;
#endif
    }
}

static void erase(aead_key *self)
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
    default: mbedtls_ccm_free(&self->as.ccm); break;
#else
    default: break;
#endif
    }
}

bool mote_aead_key_seal(aead_key *key, const uint8_t *nonce, const uint8_t *aad, size_t aad_length,
                        const uint8_t *input, size_t length, uint8_t *output)
{
    const job sealing = {nonce, aad, input, aad_length, length, output, output + length};
    return run(key, &sealing, true);
}

bool mote_aead_key_open(aead_key *key, const uint8_t *nonce, const uint8_t *aad, size_t aad_length,
                        const uint8_t *input, size_t length, uint8_t *output)
{
    uint8_t tag[16];
    memcpy(tag, input + length, known[key->algorithm].tag_bytes);
    const job opening = {nonce, aad, input, aad_length, length, output, tag};
    bool authentic = run(key, &opening, false);
    if (!authentic && length > 0) mbedtls_platform_zeroize(output, length);
    return authentic;
}

#else

struct aead_key {
    int32_t algorithm;
    psa_key_id_t id;
};

static size_t bytes_of(int32_t algorithm)
{
    (void)algorithm;
    return sizeof(aead_key);
}

static psa_algorithm_t psa_algorithm(int32_t algorithm)
{
    switch (algorithm) {
    case AEAD_AES_128_GCM:
    case AEAD_AES_256_GCM: return PSA_ALG_GCM;
    case AEAD_CHACHA20_POLY1305: return PSA_ALG_CHACHA20_POLY1305;
    default: return PSA_ALG_AEAD_WITH_SHORTENED_TAG(PSA_ALG_CCM, known[algorithm].tag_bytes);
    }
}

static bool set_key(aead_key *self, const uint8_t *key)
{
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    bool is_chacha = self->algorithm == AEAD_CHACHA20_POLY1305;
    psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_ENCRYPT | PSA_KEY_USAGE_DECRYPT | PSA_KEY_USAGE_EXPORT);
    psa_set_key_algorithm(&attributes, psa_algorithm(self->algorithm));
    psa_set_key_type(&attributes, is_chacha ? PSA_KEY_TYPE_CHACHA20 : PSA_KEY_TYPE_AES);
    mote_port_crypto_lock();
    psa_status_t status = psa_import_key(&attributes, key, known[self->algorithm].key_bytes, &self->id);
    mote_port_crypto_unlock();
    return status == PSA_SUCCESS;
}

static void erase(aead_key *self)
{
    mote_port_crypto_lock();
    psa_destroy_key(self->id);
    mote_port_crypto_unlock();
}

bool mote_aead_key_export(const aead_key *key, uint8_t *secret)
{
    size_t length;
    mote_port_crypto_lock();
    psa_status_t status = psa_export_key(key->id, secret, known[key->algorithm].key_bytes, &length);
    mote_port_crypto_unlock();
    return status == PSA_SUCCESS;
}

bool mote_aead_key_seal(aead_key *key, const uint8_t *nonce, const uint8_t *aad, size_t aad_length,
                        const uint8_t *input, size_t length, uint8_t *output)
{
    size_t written, size = length + known[key->algorithm].tag_bytes;
    mote_port_crypto_lock();
    psa_status_t status = psa_aead_encrypt(key->id, psa_algorithm(key->algorithm), nonce, AEAD_NONCE_BYTES, aad,
                                           aad_length, input, length, output, size, &written);
    mote_port_crypto_unlock();
    return status == PSA_SUCCESS;
}

bool mote_aead_key_open(aead_key *key, const uint8_t *nonce, const uint8_t *aad, size_t aad_length,
                        const uint8_t *input, size_t length, uint8_t *output)
{
    size_t written, size = length + known[key->algorithm].tag_bytes;
    mote_port_crypto_lock();
    bool authentic = psa_aead_decrypt(key->id, psa_algorithm(key->algorithm), nonce, AEAD_NONCE_BYTES, aad, aad_length,
                                      input, size, output, length, &written) == PSA_SUCCESS;
    mote_port_crypto_unlock();
    if (!authentic && length > 0) mbedtls_platform_zeroize(output, length);
    return authentic;
}

#endif

aead_key *mote_aead_key_create(int32_t algorithm, const uint8_t *key)
{
    aead_key *self = calloc(1, bytes_of(algorithm));
    if (self == NULL) return NULL;
    self->algorithm = algorithm;
    if (set_key(self, key)) return self;
    mote_aead_key_close(self);
    return NULL;
}

int32_t mote_aead_algorithm(const aead_key *key)
{
    return key->algorithm;
}

size_t mote_aead_tag_bytes(const aead_key *key)
{
    return known[key->algorithm].tag_bytes;
}

void mote_aead_key_close(void *key)
{
    aead_key *self = key;
    size_t bytes = bytes_of(self->algorithm);
    erase(self);
    mbedtls_platform_zeroize(self, bytes);
    free(self);
}
