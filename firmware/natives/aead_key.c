#include "aead_key.h"
#include "aead_context.h"
#include "keyed.h"
#include "port.h"

#include <mbedtls/platform_util.h>
#include <stdlib.h>
#include <string.h>

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

struct aead_key {
    int32_t algorithm;
    uint8_t secret[];
};

static void free_context(void *context)
{
    mote_aead_context_free(context);
}

static keyed_contexts contexts = {.free = free_context};

static size_t bytes_of(int32_t algorithm)
{
    return sizeof(aead_key) + known[algorithm].key_bytes;
}

/** NULL if there is no memory left, or the library fails. */
static aead_context *new_context(const aead_key *key)
{
    mote_keyed_make_room(&contexts);
    aead_context *context = mote_aead_context_new(key->algorithm, key->secret, known[key->algorithm].key_bytes);
    if (context != NULL) mote_keyed_put(&contexts, key, context);
    return context;
}

static bool set_key(aead_key *self, const uint8_t *key)
{
    memcpy(self->secret, key, known[self->algorithm].key_bytes);
    return new_context(self) != NULL;
}

static void erase(const aead_key *self)
{
    mote_keyed_remove(&contexts, self);
}

bool mote_aead_key_export(const aead_key *key, uint8_t *secret)
{
    memcpy(secret, key->secret, known[key->algorithm].key_bytes);
    return true;
}

static inline bool run(const aead_key *key, const aead_job *job, bool seal)
{
    aead_context *context = mote_keyed_find(&contexts, key);
    if (context == NULL) context = new_context(key);
    return context != NULL && mote_aead_context_run(context, job, known[key->algorithm].tag_bytes, seal);
}

bool mote_aead_key_seal(aead_key *key, const aead_job *job)
{
    return run(key, job, true);
}

bool mote_aead_key_open(aead_key *key, const aead_job *job)
{
    bool authentic = run(key, job, false);
    if (!authentic && job->length > 0) mbedtls_platform_zeroize(job->output, job->length);
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

bool mote_aead_key_seal(aead_key *key, const aead_job *job)
{
    size_t written, size = job->length + known[key->algorithm].tag_bytes;
    mote_port_crypto_lock();
    psa_status_t status =
        psa_aead_encrypt(key->id, psa_algorithm(key->algorithm), job->nonce, AEAD_NONCE_BYTES, job->aad,
                         job->aad_length, job->input, job->length, job->output, size, &written);
    mote_port_crypto_unlock();
    return status == PSA_SUCCESS;
}

bool mote_aead_key_open(aead_key *key, const aead_job *job)
{
    size_t written, size = job->length + known[key->algorithm].tag_bytes;
    mote_port_crypto_lock();
    psa_status_t status =
        psa_aead_decrypt(key->id, psa_algorithm(key->algorithm), job->nonce, AEAD_NONCE_BYTES, job->aad,
                         job->aad_length, job->input, size, job->output, job->length, &written);
    mote_port_crypto_unlock();
    if (status != PSA_SUCCESS && job->length > 0) mbedtls_platform_zeroize(job->output, job->length);
    return status == PSA_SUCCESS;
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
