#include "hash.h"
#include "arguments.h"
#include "handles.h"
#include "hash_state.h"

#include <mbedtls/platform_util.h>
#include <stdlib.h>
#include <string.h>

int32_t mote_hash_bits(void)
{
    int32_t bits = 0;
    for (int32_t algorithm = HASH_SHA_256; algorithm <= HASH_SHA_384; algorithm++)
        if (mote_hash_is_there(algorithm)) bits |= (int32_t)(1u << (16 + algorithm));
    return bits;
}

static bool hash_argument(mote_vm *vm, mote_value value, int32_t *algorithm)
{
    if (!mote_integer_argument(vm, value, "algorithm", 0, 15, algorithm)) return false;
    if (mote_hash_is_there(*algorithm)) return true;
    return mote_throw_range(vm, "algorithm", "a hash the machine has") != MOTE_FAILED;
}

static mote_value library_failed(mote_vm *vm)
{
    return mote_throw(vm, MOTE_ERROR, "the crypto library failed");
}

/* Running hashes */

static void hash_close(void *object)
{
    mote_hash_end(object);
    free(object);
}

static hash_state *hash_argument_object(mote_vm *vm, mote_value value)
{
    return mote_handle_argument(vm, value, "hash", HANDLE_HASH);
}

static mote_value keep_hash(mote_vm *vm, hash_state *hash, bool done)
{
    if (hash == NULL || done) return mote_handle_new(vm, HANDLE_HASH, hash, hash_close);
    hash_close(hash);
    return library_failed(vm);
}

mote_value mote_native_hash_new(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t algorithm;
    if (!hash_argument(vm, args[0], &algorithm)) return MOTE_FAILED;
    hash_state *hash = malloc(mote_hash_state_bytes(algorithm));
    return keep_hash(vm, hash, hash != NULL && mote_hash_start(hash, algorithm));
}

mote_value mote_native_hash_update(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    byte_view data;
    hash_state *hash = hash_argument_object(vm, args[0]);
    if (hash == NULL || !mote_buffer_argument(vm, args[1], "data", &data)) return MOTE_FAILED;
    return mote_hash_update(hash, data.data, data.length) ? MOTE_UNDEFINED : library_failed(vm);
}

mote_value mote_native_hash_clone(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    hash_state *hash = hash_argument_object(vm, args[0]);
    if (hash == NULL) return MOTE_FAILED;
    hash_state *copy = malloc(mote_hash_state_bytes(hash->algorithm));
    if (copy != NULL) mote_hash_prepare(copy, hash->algorithm);
    return keep_hash(vm, copy, copy != NULL && mote_hash_copy(copy, hash));
}

mote_value mote_native_hash_digest(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    uint8_t digest[MOST_HASH_BYTES];
    hash_state *hash = hash_argument_object(vm, args[0]);
    if (hash == NULL) return MOTE_FAILED;
    size_t length = mote_hash_bytes(hash->algorithm);
    bool done = mote_hash_finish(hash, digest);
    mote_handle_close(mote_to_int(vm, args[0]));
    return done ? mote_new_buffer_of(vm, digest, length) : library_failed(vm);
}

/* HMAC (RFC 2104): both pads are hashed once, and each message starts from copies of those states. */

struct hmac {
    int32_t algorithm;
    size_t outer; /* offset of the outer state from the first one, bytes */
    _Alignas(8) uint8_t states[];
};

static hash_state *inner_of(hmac *keyed)
{
    return (hash_state *)(void *)keyed->states;
}

static hash_state *outer_of(hmac *keyed)
{
    return (hash_state *)(void *)(keyed->states + keyed->outer);
}

void mote_hmac_close(void *object)
{
    hmac *keyed = object;
    mote_hash_end(inner_of(keyed));
    mote_hash_end(outer_of(keyed));
    free(keyed);
}

static bool start_with_pad(hash_state *hash, int32_t algorithm, const uint8_t *key, uint8_t pad)
{
    uint8_t block[MOST_BLOCK_BYTES];
    size_t length = mote_hash_block_bytes(algorithm);
    for (size_t i = 0; i < length; i++) block[i] = key[i] ^ pad;
    bool done = mote_hash_start(hash, algorithm) && mote_hash_update(hash, block, length);
    mbedtls_platform_zeroize(block, length);
    return done;
}

/** Keys that are longer than a block are hashed first. */
static bool key_block(int32_t algorithm, const uint8_t *key, size_t length, uint8_t *block)
{
    if (length <= mote_hash_block_bytes(algorithm)) {
        if (length > 0) memcpy(block, key, length);
        return true;
    }
    hash_state hash;
    bool done =
        mote_hash_start(&hash, algorithm) && mote_hash_update(&hash, key, length) && mote_hash_finish(&hash, block);
    mote_hash_end(&hash);
    return done;
}

hmac *mote_hmac_create(int32_t algorithm, const uint8_t *key, size_t length)
{
    uint8_t block[MOST_BLOCK_BYTES] = {0};
    size_t stride = (mote_hash_state_bytes(algorithm) + 7) & ~(size_t)7;
    hmac *keyed = malloc(sizeof *keyed + 2 * stride);
    if (keyed == NULL) return NULL;
    *keyed = (hmac){.algorithm = algorithm, .outer = stride};
    bool done = key_block(algorithm, key, length, block);
    done = start_with_pad(inner_of(keyed), algorithm, block, 0x36) && done;
    done = start_with_pad(outer_of(keyed), algorithm, block, 0x5c) && done;
    mbedtls_platform_zeroize(block, sizeof block);
    if (done) return keyed;
    mote_hmac_close(keyed);
    return NULL;
}

/** @param hash room for copies, shared by several messages */
static bool sign(hmac *keyed, hash_state *hash, byte_view first, byte_view second, uint8_t *digest)
{
    bool done = mote_hash_copy(hash, inner_of(keyed)) && mote_hash_update(hash, first.data, first.length) &&
                (second.length == 0 || mote_hash_update(hash, second.data, second.length)) &&
                mote_hash_finish(hash, digest);
    return done && mote_hash_copy(hash, outer_of(keyed)) &&
           mote_hash_update(hash, digest, mote_hash_bytes(keyed->algorithm)) && mote_hash_finish(hash, digest);
}

size_t mote_hmac_sign(hmac *keyed, const uint8_t *first, size_t first_length, const uint8_t *second,
                      size_t second_length, uint8_t *digest)
{
    hash_state hash;
    mote_hash_prepare(&hash, keyed->algorithm);
    bool done = sign(keyed, &hash, (byte_view){first, first_length}, (byte_view){second, second_length}, digest);
    mote_hash_end(&hash);
    return done ? mote_hash_bytes(keyed->algorithm) : 0;
}

mote_value mote_native_hmac_new(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t algorithm;
    byte_view key;
    if (!hash_argument(vm, args[0], &algorithm) || !mote_buffer_argument(vm, args[1], "key", &key)) return MOTE_FAILED;
    return mote_handle_new(vm, HANDLE_HMAC, mote_hmac_create(algorithm, key.data, key.length), mote_hmac_close);
}

mote_value mote_native_hmac_sign(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    uint8_t digest[MOST_HASH_BYTES];
    byte_view data;
    hmac *keyed = mote_handle_argument(vm, args[0], "hmac", HANDLE_HMAC);
    if (keyed == NULL || !mote_buffer_argument(vm, args[1], "data", &data)) return MOTE_FAILED;
    size_t length = mote_hmac_sign(keyed, data.data, data.length, NULL, 0, digest);
    mote_value result = length > 0 ? mote_new_buffer_of(vm, digest, length) : library_failed(vm);
    mbedtls_platform_zeroize(digest, sizeof digest);
    return result;
}

/** Limit for an exporter: as much as HKDF with SHA-256 can give (RFC 5869 section 2.3). */
enum { MOST_EXPANDED_BYTES = 255 * 32 };

/** P_hash (RFC 5246 section 5): HMAC(A(i) + seed), concatenated, with A(0) = seed and A(i) = HMAC(A(i - 1)). */
static bool expand(hmac *keyed, byte_view seed, uint8_t *output, size_t length)
{
    uint8_t bytes[MOST_HASH_BYTES], block[MOST_HASH_BYTES];
    const byte_view a = {bytes, mote_hash_bytes(keyed->algorithm)}, nothing = {NULL, 0};
    hash_state hash;
    mote_hash_prepare(&hash, keyed->algorithm);
    bool done = sign(keyed, &hash, seed, nothing, bytes);
    while (done && length > 0) {
        size_t take = length < a.length ? length : a.length;
        done = sign(keyed, &hash, a, seed, block);
        memcpy(output, block, take);
        output += take;
        length -= take;
        if (done && length > 0) done = sign(keyed, &hash, a, nothing, bytes);
    }
    mote_hash_end(&hash);
    mbedtls_platform_zeroize(bytes, sizeof bytes);
    mbedtls_platform_zeroize(block, sizeof block);
    return done;
}

mote_value mote_native_hmac_expand(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    byte_view seed;
    int32_t length;
    hmac *keyed = mote_handle_argument(vm, args[0], "hmac", HANDLE_HMAC);
    if (keyed == NULL || !mote_buffer_argument(vm, args[1], "seed", &seed) ||
        !mote_integer_argument(vm, args[2], "length", 0, MOST_EXPANDED_BYTES, &length))
        return MOTE_FAILED;
    mote_value result = mote_new_buffer(vm, (size_t)length);
    if (result == MOTE_FAILED || length == 0) return result;
    return expand(keyed, seed, mote_bytes_of_buffer(vm, result), (size_t)length) ? result : library_failed(vm);
}
