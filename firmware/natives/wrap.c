/*
 * Wrapped keys, for transport and storage without exposing them: version 1, kind of handle 1, algorithm, group or hash
 * 1, 0, nonce 12, then the key sealed by another AEAD with these 16 bytes as additional data.
 */
#include "aead_key.h"
#include "arguments.h"
#include "handles.h"
#include "hash_state.h"
#include "key.h"
#include "port.h"
#include "secret.h"

#include <mbedtls/platform_util.h>
#include <string.h>

enum { VERSION = 1, AT_KIND = 1, AT_NUMBER = 2, AT_NONCE = 4, HEADER_BYTES = 16, MOST_SECRET = MOST_HASH_BYTES };
/** Kinds in the format; independent of handle_kind, which may change. */
enum { KIND_AEAD = 1, KIND_KEY = 2, KIND_SECRET = 3 };

typedef struct {
    uint8_t kind;
    int32_t number; /* algorithm or group; for a secret the hash */
    size_t length;
    uint8_t secret[MOST_SECRET];
} bare_key;

/** False if it is not a handle of a key that can be wrapped, or the library does not export it. */
static bool take_out(int32_t handle, bare_key *key)
{
    const aead_key *aead = mote_handle_object(handle, HANDLE_AEAD);
    const void *pair = mote_handle_object(handle, HANDLE_KEY);
    const secret *of = mote_handle_object(handle, HANDLE_SECRET);
    if (aead != NULL) {
        key->kind = KIND_AEAD;
        key->number = mote_aead_algorithm(aead);
        key->length = mote_aead_key_bytes(key->number);
        return mote_aead_key_export(aead, key->secret);
    }
    if (of != NULL) {
        key->kind = KIND_SECRET;
        key->number = mote_secret_algorithm(of);
        key->length = mote_hash_bytes(key->number);
        memcpy(key->secret, mote_secret_bytes(of), key->length);
        return true;
    }
    key->kind = KIND_KEY;
    key->length = PRIVATE_BYTES;
    return pair != NULL && mote_key_export(pair, &key->number, key->secret);
}

static mote_value seal_key(mote_vm *vm, aead_key *wrapper, const bare_key *key)
{
    mote_value result = mote_new_buffer(vm, HEADER_BYTES + key->length + mote_aead_tag_bytes(wrapper));
    if (result == MOTE_FAILED) return result;
    uint8_t *bytes = mote_bytes_of_buffer(vm, result);
    bytes[0] = VERSION;
    bytes[AT_KIND] = key->kind;
    bytes[AT_NUMBER] = (uint8_t)key->number;
    if (!mote_port_random(bytes + AT_NONCE, AEAD_NONCE_BYTES))
        return mote_throw(vm, MOTE_ERROR, "no good randomness yet");
    const aead_job job = {bytes + AT_NONCE, bytes, key->secret, HEADER_BYTES, key->length, bytes + HEADER_BYTES};
    if (mote_aead_key_seal(wrapper, &job)) return result;
    return mote_throw(vm, MOTE_ERROR, "the crypto library failed");
}

mote_value mote_native_crypto_wrap(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t handle;
    bare_key key = {0};
    if (!mote_integer_argument(vm, args[0], "handle", 1, HIGHEST_HANDLE, &handle)) return MOTE_FAILED;
    aead_key *wrapper = mote_handle_argument(vm, args[1], "wrapper", HANDLE_AEAD);
    if (wrapper == NULL) return MOTE_FAILED;
    if (mote_handle_object(handle, HANDLE_AEAD) == wrapper)
        return mote_throw_range(vm, "handle", "another key than the wrapper");
    mote_value result = take_out(handle, &key) ? seal_key(vm, wrapper, &key)
                                               : mote_throw_range(vm, "handle", "an open AEAD, key pair or secret");
    mbedtls_platform_zeroize(&key, sizeof key);
    return result;
}

static mote_value put_in(mote_vm *vm, const bare_key *key)
{
    bool is_pair = key->kind == KIND_KEY && key->length == PRIVATE_BYTES && mote_key_has_group(key->number);
    if (is_pair) return mote_key_import(vm, key->number, key->secret);
    bool is_secret =
        key->kind == KIND_SECRET && mote_hash_is_there(key->number) && key->length == mote_hash_bytes(key->number);
    if (is_secret) return mote_secret_new(vm, key->number, key->secret);
    bool fits =
        key->kind == KIND_AEAD && mote_aead_is_there(key->number) && key->length == mote_aead_key_bytes(key->number);
    if (!fits) return mote_throw(vm, MOTE_ERROR, "this device has no such key");
    return mote_handle_new(vm, HANDLE_AEAD, mote_aead_key_create(key->number, key->secret), mote_aead_key_close);
}

mote_value mote_native_crypto_unwrap(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    byte_view wrapped;
    bare_key key = {0};
    if (!mote_buffer_argument(vm, args[0], "wrapped", &wrapped)) return MOTE_FAILED;
    aead_key *wrapper = mote_handle_argument(vm, args[1], "wrapper", HANDLE_AEAD);
    if (wrapper == NULL) return MOTE_FAILED;
    size_t around = HEADER_BYTES + mote_aead_tag_bytes(wrapper);
    if (wrapped.length < around || wrapped.length - around > MOST_SECRET || wrapped.data[0] != VERSION)
        return MOTE_UNDEFINED;
    key.kind = wrapped.data[AT_KIND];
    key.number = wrapped.data[AT_NUMBER];
    key.length = wrapped.length - around;
    const aead_job job = {
        wrapped.data + AT_NONCE, wrapped.data, wrapped.data + HEADER_BYTES, HEADER_BYTES, key.length, key.secret};
    mote_value result = mote_aead_key_open(wrapper, &job) ? put_in(vm, &key) : MOTE_UNDEFINED;
    mbedtls_platform_zeroize(&key, sizeof key);
    return result;
}
