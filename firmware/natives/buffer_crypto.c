/* Buffer.digest and Buffer.prototype.encrypt of @devicescript/crypto, on the PSA Crypto API. */
#include "handles.h"
#include "natives.h"
#include "port.h"

#include <psa/crypto.h>
#include <string.h>

enum { KEY_BYTES = 32, NONCE_BYTES = 13, DECRYPT = 0x1000, HASH_BYTES = 32 };

static bool is_named(mote_vm *vm, mote_value v, const char *name)
{
    size_t length;
    const char *text = mote_string(vm, v, &length);
    return text != NULL && strcmp(text, name) == 0;
}

static const uint8_t *bytes_of(mote_vm *vm, mote_value v, size_t *length)
{
    const uint8_t *data = mote_buffer(vm, v, length);
    return data != NULL ? data : (const uint8_t *)mote_string(vm, v, length);
}

static mote_value fail(mote_vm *vm, psa_status_t status)
{
    bool full = status == PSA_ERROR_INSUFFICIENT_MEMORY;
    return mote_throw(vm, MOTE_ERROR, full ? "too many open crypto handles" : "the crypto library failed");
}

static psa_status_t try_key(const psa_key_attributes_t *attributes, const uint8_t *key, size_t length, psa_key_id_t *id)
{
    mote_port_crypto_lock();
    psa_status_t status = psa_import_key(attributes, key, length, id);
    mote_port_crypto_unlock();
    return status;
}

/** The library's key store is limited, and may be full of keys whose owners are unreachable; collects garbage then. */
static psa_status_t import_key(mote_vm *vm, const uint8_t *key, size_t length, psa_key_type_t type,
                               psa_algorithm_t algorithm, psa_key_usage_t usage, psa_key_id_t *id)
{
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    psa_set_key_usage_flags(&attributes, usage);
    psa_set_key_algorithm(&attributes, algorithm);
    psa_set_key_type(&attributes, type);
    psa_status_t status = try_key(&attributes, key, length, id);
    if (status != PSA_ERROR_INSUFFICIENT_MEMORY) return status;
    mote_handles_reclaim(vm);
    return try_key(&attributes, key, length, id);
}

static psa_status_t import_hmac_key(mote_vm *vm, const uint8_t *key, size_t length, psa_key_id_t *id)
{
    static const uint8_t zero; /* HMAC treats an empty key like one of zeros; PSA accepts no key of 0 bytes */
    return import_key(vm, length > 0 ? key : &zero, length > 0 ? length : 1, PSA_KEY_TYPE_HMAC,
                      PSA_ALG_HMAC(PSA_ALG_SHA_256), PSA_KEY_USAGE_SIGN_HASH, id);
}

/** Hash, or HMAC if there is a key, of all parts, concatenated. */
static psa_status_t digest_parts(mote_vm *vm, psa_key_id_t id, mote_value parts, uint8_t *digest)
{
    psa_hash_operation_t hash = PSA_HASH_OPERATION_INIT;
    psa_mac_operation_t mac = PSA_MAC_OPERATION_INIT;
    size_t length, written;
    psa_status_t status =
        id == 0 ? psa_hash_setup(&hash, PSA_ALG_SHA_256) : psa_mac_sign_setup(&mac, id, PSA_ALG_HMAC(PSA_ALG_SHA_256));
    for (size_t i = 0; status == PSA_SUCCESS && i < mote_array_length(vm, parts); i++) {
        const uint8_t *part = bytes_of(vm, mote_array_at(vm, parts, i), &length);
        status = id == 0 ? psa_hash_update(&hash, part, length) : psa_mac_update(&mac, part, length);
    }
    if (status == PSA_SUCCESS) {
        status = id == 0 ? psa_hash_finish(&hash, digest, HASH_BYTES, &written)
                         : psa_mac_sign_finish(&mac, digest, HASH_BYTES, &written);
    }
    psa_hash_abort(&hash);
    psa_mac_abort(&mac);
    psa_destroy_key(id);
    return status;
}

static mote_value buffer_digest(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    uint8_t digest[HASH_BYTES];
    size_t key_length, length;
    if (!is_named(vm, args[1], "sha256")) return MOTE_UNDEFINED;
    if (!mote_is_array(vm, args[2])) return mote_throw(vm, MOTE_TYPE_ERROR, "expecting array");
    for (size_t i = 0; i < mote_array_length(vm, args[2]); i++)
        if (bytes_of(vm, mote_array_at(vm, args[2], i), &length) == NULL)
            return mote_throw(vm, MOTE_TYPE_ERROR, "expecting buffer or string");
    const uint8_t *key = bytes_of(vm, args[0], &key_length);
    psa_key_id_t id = 0;
    psa_status_t status = key == NULL ? PSA_SUCCESS : import_hmac_key(vm, key, key_length, &id);
    if (status != PSA_SUCCESS) return fail(vm, status);
    mote_port_crypto_lock();
    status = digest_parts(vm, id, args[2], digest);
    mote_port_crypto_unlock();
    if (status != PSA_SUCCESS) return fail(vm, status);
    mote_value result = mote_new_buffer(vm, HASH_BYTES);
    if (result != MOTE_FAILED) memcpy(mote_buffer(vm, result, &length), digest, HASH_BYTES);
    return result;
}

static psa_algorithm_t ccm_with(size_t tag)
{
    return PSA_ALG_AEAD_WITH_SHORTENED_TAG(PSA_ALG_CCM, tag);
}

static psa_status_t import_ccm_key(mote_vm *vm, bool decrypt, const uint8_t *key, size_t tag, psa_key_id_t *id)
{
    psa_key_usage_t usage = decrypt ? PSA_KEY_USAGE_DECRYPT : PSA_KEY_USAGE_ENCRYPT;
    return import_key(vm, key, KEY_BYTES, PSA_KEY_TYPE_AES, ccm_with(tag), usage, id);
}

static psa_status_t run_ccm(psa_key_id_t id, bool decrypt, const uint8_t *nonce, size_t tag, const uint8_t *from,
                            size_t length, uint8_t *to, size_t size)
{
    size_t written;
    return decrypt ? psa_aead_decrypt(id, ccm_with(tag), nonce, NONCE_BYTES, NULL, 0, from, length, to, size, &written)
                   : psa_aead_encrypt(id, ccm_with(tag), nonce, NONCE_BYTES, NULL, 0, from, length, to, size, &written);
}

static mote_value buffer_encrypt(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)count;
    size_t length, key_length, nonce_length, ignored;
    const uint8_t *data = bytes_of(vm, receiver, &length);
    const uint8_t *key = mote_buffer(vm, args[1], &key_length), *nonce = mote_buffer(vm, args[2], &nonce_length);
    int32_t option = mote_to_int(vm, args[3]);
    bool decrypt = (option & DECRYPT) != 0;
    size_t tag = (size_t)(option & (DECRYPT - 1));
    bool fits = data != NULL && is_named(vm, args[0], "aes-256-ccm") && key_length == KEY_BYTES &&
                nonce_length == NONCE_BYTES && tag >= 4 && tag <= 16 && tag % 2 == 0;
    if (!fits) return MOTE_UNDEFINED;
    if (decrypt && length < tag) return mote_throw(vm, MOTE_ERROR, "encrypted data shorter than its tag");
    size_t size = decrypt ? length - tag : length + tag;
    psa_key_id_t id;
    psa_status_t status = import_ccm_key(vm, decrypt, key, tag, &id); /* before the result: may collect garbage */
    if (status != PSA_SUCCESS) return fail(vm, status);
    mote_value result = mote_new_buffer(vm, size);
    mote_port_crypto_lock();
    if (result != MOTE_FAILED)
        status = run_ccm(id, decrypt, nonce, tag, data, length, mote_buffer(vm, result, &ignored), size);
    psa_destroy_key(id);
    mote_port_crypto_unlock();
    if (result == MOTE_FAILED) return result;
    if (status == PSA_ERROR_INVALID_SIGNATURE) return mote_throw(vm, MOTE_ERROR, "encryption tag mismatch");
    return status == PSA_SUCCESS ? result : fail(vm, status);
}

const mote_native_entry mote_buffer_crypto_natives[] = {
    {"digest", buffer_digest, 3},
    {"encrypt", buffer_encrypt, 4},
    {0},
};
