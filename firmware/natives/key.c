#include "key.h"
#include "arguments.h"
#include "handles.h"
#include "port.h"
#include "work.h"

#include <mbedtls/platform_util.h>
#include <psa/crypto.h>
#include <stdlib.h>
#include <string.h>

/** NamedGroup of TLS (RFC 8446 section 4.2.7). */
enum { GROUP_SECP256R1 = 23, GROUP_X25519 = 29 };
enum { MOST_PUBLIC = 65, SECRET_BYTES = 32, DIGEST_BYTES = 32, SIGNATURE_BYTES = 64, MOST_DRAWS = 4 };

/** Keeps the public key, because exporting it costs a whole multiplication. */
typedef struct {
    psa_key_id_t id;
    int32_t group;    /* 0: for signatures */
    unsigned holders; /* operations under way */
    bool closed;      /* destroy it when the last of them ends */
    size_t public_bytes;
    uint8_t public_key[MOST_PUBLIC];
} key_pair;

static void destroy(key_pair *pair)
{
    mote_port_crypto_lock();
    psa_destroy_key(pair->id);
    mote_port_crypto_unlock();
    mbedtls_platform_zeroize(pair, sizeof *pair);
    free(pair);
}

/** Delayed while operations use the key, because the library gives a destroyed key's number to the next key. */
static void close_key(void *object)
{
    key_pair *pair = object;
    pair->closed = true;
    if (pair->holders == 0) destroy(pair);
}

static psa_key_attributes_t attributes_of(int32_t group, bool signs)
{
    bool is_x25519 = group == GROUP_X25519;
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    psa_set_key_type(&attributes,
                     PSA_KEY_TYPE_ECC_KEY_PAIR(is_x25519 ? PSA_ECC_FAMILY_MONTGOMERY : PSA_ECC_FAMILY_SECP_R1));
    psa_set_key_bits(&attributes, is_x25519 ? 255 : 256);
    psa_key_usage_t use = signs ? PSA_KEY_USAGE_SIGN_HASH : PSA_KEY_USAGE_DERIVE;
    psa_set_key_usage_flags(&attributes, use | PSA_KEY_USAGE_EXPORT);
    psa_set_key_algorithm(&attributes, signs ? PSA_ALG_ECDSA(PSA_ALG_SHA_256) : PSA_ALG_ECDH);
    return attributes;
}

static psa_status_t try_key(const psa_key_attributes_t *attributes, byte_view bytes, psa_key_id_t *id)
{
    mote_port_crypto_lock();
    psa_status_t status = psa_import_key(attributes, bytes.data, bytes.length, id);
    mote_port_crypto_unlock();
    return status;
}

/** The library's key store is limited, to 32 keys by default, and may be full of keys whose owners are unreachable. */
static psa_status_t make_key(mote_vm *vm, const psa_key_attributes_t *attributes, byte_view bytes, psa_key_id_t *id)
{
    psa_status_t status = try_key(attributes, bytes, id);
    if (status != PSA_ERROR_INSUFFICIENT_MEMORY) return status;
    mote_handles_reclaim(vm);
    return try_key(attributes, bytes, id);
}

/**
 * Makes a key from random bytes drawn here: psa_generate_key of mbedTLS 2.28 computes the public key and discards it,
 * and exporting it costs that multiplication, half of a key agreement, again.
 */
static psa_status_t draw_key(mote_vm *vm, const psa_key_attributes_t *attributes, psa_key_id_t *id)
{
    uint8_t bytes[PRIVATE_BYTES];
    const byte_view secret = {bytes, sizeof bytes};
    psa_status_t status = PSA_ERROR_INVALID_ARGUMENT;
    /* One in 2^32 values is not a private key of P-256. */
    for (unsigned i = 0; i < MOST_DRAWS && status == PSA_ERROR_INVALID_ARGUMENT; i++)
        status = mote_port_random(bytes, sizeof bytes) ? make_key(vm, attributes, secret, id)
                                                       : PSA_ERROR_INSUFFICIENT_ENTROPY;
    mbedtls_platform_zeroize(bytes, sizeof bytes);
    return status;
}

static mote_value throw_status(mote_vm *vm, psa_status_t status)
{
    if (status == PSA_ERROR_INSUFFICIENT_ENTROPY) return mote_throw(vm, MOTE_ERROR, "no good randomness yet");
    if (status == PSA_ERROR_NOT_SUPPORTED) return mote_throw(vm, MOTE_ERROR, "this device has no such key");
    bool full = status == PSA_ERROR_INSUFFICIENT_MEMORY;
    return mote_throw(vm, MOTE_ERROR, full ? "too many open crypto handles" : "the crypto library failed");
}

/** Takes ownership of the pair. */
static mote_value finish_pair(mote_vm *vm, key_pair *pair, psa_status_t status)
{
    if (status == PSA_SUCCESS) {
        mote_port_crypto_lock();
        status = psa_export_public_key(pair->id, pair->public_key, sizeof pair->public_key, &pair->public_bytes);
        mote_port_crypto_unlock();
    }
    if (status == PSA_SUCCESS) return mote_handle_new(vm, HANDLE_KEY, pair, close_key);
    close_key(pair);
    if (status == PSA_ERROR_INVALID_ARGUMENT)
        return mote_throw_range(vm, "privateKey", "a number below the order of P-256, and not 0");
    return throw_status(vm, status);
}

mote_value mote_native_key_new(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t group;
    if (!mote_integer_argument(vm, args[0], "group", 0, UINT16_MAX, &group)) return MOTE_FAILED;
    if (group != GROUP_SECP256R1 && group != GROUP_X25519)
        return mote_throw_range(vm, "group", "23 (secp256r1) or 29 (x25519)");
    key_pair *pair = calloc(1, sizeof *pair);
    if (pair == NULL) return mote_throw(vm, MOTE_ERROR, "no native memory left for cryptography");
    pair->group = group;
    psa_key_attributes_t attributes = attributes_of(group, false);
    return finish_pair(vm, pair, draw_key(vm, &attributes, &pair->id));
}

mote_value mote_native_key_import(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    const uint8_t *private_key;
    if (!mote_sized_argument(vm, args[0], "privateKey", PRIVATE_BYTES, &private_key)) return MOTE_FAILED;
    return mote_key_import(vm, 0, private_key);
}

bool mote_key_has_group(int32_t group)
{
    return group == 0 || group == GROUP_SECP256R1 || group == GROUP_X25519;
}

mote_value mote_key_import(mote_vm *vm, int32_t group, const uint8_t *private_key)
{
    key_pair *pair = calloc(1, sizeof *pair);
    if (pair == NULL) return mote_throw(vm, MOTE_ERROR, "no native memory left for cryptography");
    pair->group = group;
    psa_key_attributes_t attributes = attributes_of(group == 0 ? GROUP_SECP256R1 : group, group == 0);
    const byte_view secret = {private_key, PRIVATE_BYTES};
    return finish_pair(vm, pair, make_key(vm, &attributes, secret, &pair->id));
}

bool mote_key_export(const void *object, int32_t *group, uint8_t *private_key)
{
    const key_pair *pair = object;
    size_t length;
    *group = pair->group;
    mote_port_crypto_lock();
    psa_status_t status = psa_export_key(pair->id, private_key, PRIVATE_BYTES, &length);
    mote_port_crypto_unlock();
    return status == PSA_SUCCESS;
}

static key_pair *pair_argument(mote_vm *vm, mote_value value, bool signs)
{
    key_pair *pair = mote_handle_argument(vm, value, "key", HANDLE_KEY);
    if (pair == NULL || (pair->group == 0) == signs) return pair;
    mote_throw_range(vm, "key", signs ? "one that signs" : "one that agrees");
    return NULL;
}

mote_value mote_native_key_public(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    const key_pair *pair = mote_handle_argument(vm, args[0], "key", HANDLE_KEY);
    return pair == NULL ? MOTE_FAILED : mote_new_buffer_of(vm, pair->public_key, pair->public_bytes);
}

/* Slow operations. If the key is closed meanwhile, it is erased afterwards. */

typedef struct {
    work base;
    key_pair *pair;
    psa_key_id_t verifier; /* or 0 */
    size_t peer_bytes, result_bytes;
    uint8_t peer[MOST_PUBLIC], digest[DIGEST_BYTES], signature[SIGNATURE_BYTES], result[SIGNATURE_BYTES];
    psa_status_t status;
} key_work;

static key_work *new_work(void (*run)(work *), mote_value (*finish)(mote_vm *, work *))
{
    key_work *job = calloc(1, sizeof *job);
    if (job == NULL) return NULL;
    job->base.bytes = sizeof *job;
    job->base.run = run;
    job->base.finish = finish;
    return job;
}

static void release_pair(work *self)
{
    key_pair *pair = ((key_work *)self)->pair;
    pair->holders--;
    if (pair->closed && pair->holders == 0) destroy(pair);
}

static mote_value start_with(mote_vm *vm, key_work *job, key_pair *pair)
{
    job->pair = pair;
    job->base.release = release_pair;
    pair->holders++;
    return mote_work_start(vm, &job->base);
}

static mote_value finish_bytes(mote_vm *vm, work *self)
{
    key_work *job = (key_work *)self;
    return job->status == PSA_SUCCESS ? mote_new_buffer_of(vm, job->result, job->result_bytes) : MOTE_UNDEFINED;
}

static void run_agree(work *self)
{
    key_work *job = (key_work *)self;
    mote_port_crypto_lock();
    job->status = psa_raw_key_agreement(PSA_ALG_ECDH, job->pair->id, job->peer, job->peer_bytes, job->result,
                                        SECRET_BYTES, &job->result_bytes);
    mote_port_crypto_unlock();
}

mote_value mote_native_key_agree(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    byte_view peer;
    key_pair *pair = pair_argument(vm, args[0], false);
    if (pair == NULL || !mote_buffer_argument(vm, args[1], "peer", &peer)) return MOTE_FAILED;
    if (peer.length != pair->public_bytes) return MOTE_UNDEFINED;
    key_work *job = new_work(run_agree, finish_bytes);
    if (job == NULL) return mote_throw(vm, MOTE_ERROR, "no native memory left for cryptography");
    job->peer_bytes = peer.length;
    memcpy(job->peer, peer.data, peer.length);
    return start_with(vm, job, pair);
}

static void run_sign(work *self)
{
    key_work *job = (key_work *)self;
    mote_port_crypto_lock();
    job->status = psa_sign_hash(job->pair->id, PSA_ALG_ECDSA(PSA_ALG_SHA_256), job->digest, DIGEST_BYTES, job->result,
                                SIGNATURE_BYTES, &job->result_bytes);
    mote_port_crypto_unlock();
}

static bool hash_into(key_work *job, byte_view data)
{
    size_t length;
    return psa_hash_compute(PSA_ALG_SHA_256, data.data, data.length, job->digest, DIGEST_BYTES, &length) == PSA_SUCCESS;
}

static mote_value no_hash(mote_vm *vm, key_work *job)
{
    free(job);
    return mote_throw(vm, MOTE_ERROR, "the crypto library failed");
}

mote_value mote_native_key_sign(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    byte_view data;
    key_pair *pair = pair_argument(vm, args[0], true);
    if (pair == NULL || !mote_buffer_argument(vm, args[1], "data", &data)) return MOTE_FAILED;
    key_work *job = new_work(run_sign, finish_bytes);
    if (job == NULL) return mote_throw(vm, MOTE_ERROR, "no native memory left for cryptography");
    if (!hash_into(job, data)) return no_hash(vm, job);
    return start_with(vm, job, pair);
}

static void run_verify(work *self)
{
    key_work *job = (key_work *)self;
    mote_port_crypto_lock();
    job->status = psa_verify_hash(job->verifier, PSA_ALG_ECDSA(PSA_ALG_SHA_256), job->digest, DIGEST_BYTES,
                                  job->signature, SIGNATURE_BYTES);
    mote_port_crypto_unlock();
}

/** If the library ran out of memory, that does not mean that the signature is wrong. */
static mote_value finish_verify(mote_vm *vm, work *self)
{
    (void)vm;
    psa_status_t status = ((key_work *)self)->status;
    bool known = status == PSA_SUCCESS || status == PSA_ERROR_INVALID_SIGNATURE;
    return known ? mote_bool(status == PSA_SUCCESS) : MOTE_UNDEFINED;
}

static void release_verifier(work *self)
{
    mote_port_crypto_lock();
    psa_destroy_key(((key_work *)self)->verifier);
    mote_port_crypto_unlock();
}

static psa_status_t make_verifier(mote_vm *vm, const uint8_t *public_key, psa_key_id_t *id)
{
    const byte_view point = {public_key, MOST_PUBLIC};
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1));
    psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_VERIFY_HASH);
    psa_set_key_algorithm(&attributes, PSA_ALG_ECDSA(PSA_ALG_SHA_256));
    return make_key(vm, &attributes, point, id);
}

/** The key is imported here and not in the background, so that a full key store throws in this call. */
static mote_value start_verify(mote_vm *vm, key_work *job, const uint8_t *public_key)
{
    bool uncompressed = public_key[0] == 4; /* for other forms the library reports "not supported", as for the curve */
    psa_status_t status = uncompressed ? make_verifier(vm, public_key, &job->verifier) : PSA_ERROR_INVALID_ARGUMENT;
    job->base.release = release_verifier;
    if (status == PSA_SUCCESS) return mote_work_start(vm, &job->base);
    free(job);
    return status == PSA_ERROR_INVALID_ARGUMENT ? MOTE_FALSE : throw_status(vm, status);
}

mote_value mote_native_key_verify(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    const uint8_t *public_key, *signature;
    byte_view data;
    if (!mote_sized_argument(vm, args[0], "publicKey", MOST_PUBLIC, &public_key) ||
        !mote_buffer_argument(vm, args[1], "data", &data) ||
        !mote_sized_argument(vm, args[2], "signature", SIGNATURE_BYTES, &signature))
        return MOTE_FAILED;
    key_work *job = new_work(run_verify, finish_verify);
    if (job == NULL) return mote_throw(vm, MOTE_ERROR, "no native memory left for cryptography");
    if (!hash_into(job, data)) return no_hash(vm, job);
    memcpy(job->signature, signature, SIGNATURE_BYTES);
    return start_verify(vm, job, public_key);
}
