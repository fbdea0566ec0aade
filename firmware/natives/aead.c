#include "aead.h"
#include "aead_key.h"
#include "arguments.h"
#include "handles.h"

enum { MOST_TEXT = 16640 };

int32_t mote_aead_bits(void)
{
    int32_t bits = 0;
    for (int32_t algorithm = 0; algorithm < 16; algorithm++)
        if (mote_aead_is_there(algorithm)) bits |= (int32_t)(1u << algorithm);
    return bits;
}

mote_value mote_native_aead_new(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t algorithm;
    byte_view key;
    if (!mote_integer_argument(vm, args[0], "algorithm", 0, 15, &algorithm) ||
        !mote_buffer_argument(vm, args[1], "key", &key))
        return MOTE_FAILED;
    if (!mote_aead_is_there(algorithm)) return mote_throw_range(vm, "algorithm", "an AEAD the machine has");
    if (key.length != mote_aead_key_bytes(algorithm)) return mote_throw_range(vm, "key", "as long as the algorithm's");
    return mote_handle_new(vm, HANDLE_AEAD, mote_aead_key_create(algorithm, key.data), mote_aead_key_close);
}

/** The arguments common to both directions. */
typedef struct {
    aead_key *key;
    const uint8_t *nonce;
    byte_view aad, text;
} call;

static bool read_call(mote_vm *vm, const mote_value *args, const char *text, call *c)
{
    c->key = mote_handle_argument(vm, args[0], "aead", HANDLE_AEAD);
    if (c->key == NULL || !mote_sized_argument(vm, args[1], "nonce", AEAD_NONCE_BYTES, &c->nonce) ||
        !mote_buffer_argument(vm, args[2], "aad", &c->aad) || !mote_buffer_argument(vm, args[3], text, &c->text))
        return false;
    if (c->text.length > MOST_TEXT) return mote_throw_range(vm, text, "at most 16640 bytes") != MOTE_FAILED;
    return c->aad.length <= MOST_TEXT || mote_throw_range(vm, "aad", "at most 16640 bytes") != MOTE_FAILED;
}

mote_value mote_native_aead_seal(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    call c;
    if (!read_call(vm, args, "plaintext", &c)) return MOTE_FAILED;
    mote_value result = mote_new_buffer(vm, c.text.length + mote_aead_tag_bytes(c.key));
    if (result == MOTE_FAILED) return result;
    uint8_t *output = mote_bytes_of_buffer(vm, result);
    const aead_job job = {c.nonce, c.aad.data, c.text.data, c.aad.length, c.text.length, output};
    if (mote_aead_key_seal(c.key, &job)) return result;
    return mote_throw(vm, MOTE_ERROR, "the crypto library failed");
}

mote_value mote_native_aead_open(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    call c;
    if (!read_call(vm, args, "ciphertext", &c)) return MOTE_FAILED;
    size_t tag = mote_aead_tag_bytes(c.key);
    if (c.text.length < tag) return MOTE_UNDEFINED;
    size_t length = c.text.length - tag;
    mote_value result = mote_new_buffer(vm, length);
    if (result == MOTE_FAILED) return result;
    uint8_t *output = mote_bytes_of_buffer(vm, result);
    const aead_job job = {c.nonce, c.aad.data, c.text.data, c.aad.length, length, output};
    return mote_aead_key_open(c.key, &job) ? result : MOTE_UNDEFINED;
}
