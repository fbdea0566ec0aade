#include "hash.h"
#include "arguments.h"
#include "handles.h"

#include <mbedtls/platform_util.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BLOCK_BYTES = 128 };

static psa_algorithm_t psa_hash(int32_t algorithm)
{
    return algorithm == HASH_SHA_384 ? PSA_ALG_SHA_384 : PSA_ALG_SHA_256;
}

static bool is_there(int32_t algorithm)
{
    psa_hash_operation_t probe = PSA_HASH_OPERATION_INIT;
    bool found = psa_hash_setup(&probe, psa_hash(algorithm)) == PSA_SUCCESS;
    psa_hash_abort(&probe);
    return found;
}

int32_t hash_bits(void)
{
    int32_t bits = 0;
    for (int32_t algorithm = HASH_SHA_256; algorithm <= HASH_SHA_384; algorithm++)
        if (is_there(algorithm)) bits |= (int32_t)(1u << (16 + algorithm));
    return bits;
}

static bool hash_argument(mote_vm *vm, mote_value value, int32_t *algorithm)
{
    if (!integer_argument(vm, value, "algorithm", 0, 15, algorithm)) return false;
    if (*algorithm >= HASH_SHA_256 && *algorithm <= HASH_SHA_384 && is_there(*algorithm)) return true;
    return throw_range(vm, "algorithm", "a hash the machine has") != MOTE_FAILED;
}

static mote_value library_failed(mote_vm *vm)
{
    return mote_throw(vm, MOTE_ERROR, "the crypto library failed");
}

/* Running hashes */

static void hash_close(void *object)
{
    psa_hash_operation_t *hash = object;
    psa_hash_abort(hash);
    mbedtls_platform_zeroize(hash, sizeof *hash);
    free(hash);
}

static psa_hash_operation_t *hash_argument_object(mote_vm *vm, mote_value value)
{
    return handle_argument(vm, value, "hash", HANDLE_HASH);
}

mote_value native_hash_new(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t algorithm;
    if (!hash_argument(vm, args[0], &algorithm)) return MOTE_FAILED;
    psa_hash_operation_t *hash = calloc(1, sizeof *hash);
    if (hash != NULL && psa_hash_setup(hash, psa_hash(algorithm)) != PSA_SUCCESS) {
        free(hash);
        return library_failed(vm);
    }
    return handle_new(vm, HANDLE_HASH, hash, hash_close);
}

mote_value native_hash_update(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    byte_view data;
    psa_hash_operation_t *hash = hash_argument_object(vm, args[0]);
    if (hash == NULL || !buffer_argument(vm, args[1], "data", &data)) return MOTE_FAILED;
    return psa_hash_update(hash, data.data, data.length) == PSA_SUCCESS ? MOTE_UNDEFINED : library_failed(vm);
}

mote_value native_hash_clone(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    psa_hash_operation_t *hash = hash_argument_object(vm, args[0]);
    if (hash == NULL) return MOTE_FAILED;
    psa_hash_operation_t *copy = calloc(1, sizeof *copy);
    if (copy != NULL && psa_hash_clone(hash, copy) != PSA_SUCCESS) {
        free(copy);
        return library_failed(vm);
    }
    return handle_new(vm, HANDLE_HASH, copy, hash_close);
}

mote_value native_hash_digest(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    uint8_t digest[MOST_HASH_BYTES];
    size_t length;
    psa_hash_operation_t *hash = hash_argument_object(vm, args[0]);
    if (hash == NULL) return MOTE_FAILED;
    psa_status_t status = psa_hash_finish(hash, digest, sizeof digest, &length);
    handle_close(mote_to_int(vm, args[0]));
    return status == PSA_SUCCESS ? new_buffer_of(vm, digest, length) : library_failed(vm);
}

/* HMAC (RFC 2104): both pads are hashed once, each message starts from copies of those states. */

struct hmac {
    psa_hash_operation_t inner, outer;
};

void hmac_close(void *object)
{
    hmac *keyed = object;
    psa_hash_abort(&keyed->inner);
    psa_hash_abort(&keyed->outer);
    mbedtls_platform_zeroize(keyed, sizeof *keyed);
    free(keyed);
}

static bool start_with_pad(psa_hash_operation_t *hash, int32_t algorithm, const uint8_t *key, uint8_t pad)
{
    uint8_t block[MOST_BLOCK_BYTES];
    size_t length = PSA_HASH_BLOCK_LENGTH(psa_hash(algorithm));
    for (size_t i = 0; i < length; i++) block[i] = key[i] ^ pad;
    bool done =
        psa_hash_setup(hash, psa_hash(algorithm)) == PSA_SUCCESS && psa_hash_update(hash, block, length) == PSA_SUCCESS;
    mbedtls_platform_zeroize(block, sizeof block);
    return done;
}

hmac *hmac_create(int32_t algorithm, const uint8_t *key, size_t length)
{
    uint8_t block[MOST_BLOCK_BYTES] = {0};
    size_t ignored;
    hmac *keyed = calloc(1, sizeof *keyed);
    bool fits = length <= PSA_HASH_BLOCK_LENGTH(psa_hash(algorithm));
    if (keyed == NULL) return NULL;
    /* the library fills what it is given to the end, so it is given no more than the digest */
    size_t size = PSA_HASH_LENGTH(psa_hash(algorithm));
    bool done = fits || psa_hash_compute(psa_hash(algorithm), key, length, block, size, &ignored) == PSA_SUCCESS;
    if (fits && length > 0) memcpy(block, key, length);
    done = done && start_with_pad(&keyed->inner, algorithm, block, 0x36) &&
           start_with_pad(&keyed->outer, algorithm, block, 0x5c);
    mbedtls_platform_zeroize(block, sizeof block);
    if (done) return keyed;
    hmac_close(keyed);
    return NULL;
}

size_t hmac_sign(hmac *keyed, const uint8_t *first, size_t first_length, const uint8_t *second, size_t second_length,
                 uint8_t *digest)
{
    psa_hash_operation_t hash = PSA_HASH_OPERATION_INIT;
    size_t length = 0;
    bool done = psa_hash_clone(&keyed->inner, &hash) == PSA_SUCCESS &&
                psa_hash_update(&hash, first, first_length) == PSA_SUCCESS &&
                (second_length == 0 || psa_hash_update(&hash, second, second_length) == PSA_SUCCESS) &&
                psa_hash_finish(&hash, digest, MOST_HASH_BYTES, &length) == PSA_SUCCESS;
    psa_hash_abort(&hash);
    done = done && psa_hash_clone(&keyed->outer, &hash) == PSA_SUCCESS &&
           psa_hash_update(&hash, digest, length) == PSA_SUCCESS &&
           psa_hash_finish(&hash, digest, MOST_HASH_BYTES, &length) == PSA_SUCCESS;
    psa_hash_abort(&hash);
    return done ? length : 0;
}

mote_value native_hmac_new(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t algorithm;
    byte_view key;
    if (!hash_argument(vm, args[0], &algorithm) || !buffer_argument(vm, args[1], "key", &key)) return MOTE_FAILED;
    return handle_new(vm, HANDLE_HMAC, hmac_create(algorithm, key.data, key.length), hmac_close);
}

mote_value native_hmac_sign(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    uint8_t digest[MOST_HASH_BYTES];
    byte_view data;
    hmac *keyed = handle_argument(vm, args[0], "hmac", HANDLE_HMAC);
    if (keyed == NULL || !buffer_argument(vm, args[1], "data", &data)) return MOTE_FAILED;
    size_t length = hmac_sign(keyed, data.data, data.length, NULL, 0, digest);
    mote_value result = length > 0 ? new_buffer_of(vm, digest, length) : library_failed(vm);
    mbedtls_platform_zeroize(digest, sizeof digest);
    return result;
}

/** P_hash (RFC 5246 section 5): HMAC(A(i) + seed) for A(0) = seed, A(i) = HMAC(A(i - 1)), one after the other. */
static bool expand(hmac *keyed, byte_view seed, uint8_t *output, size_t length)
{
    uint8_t a[MOST_HASH_BYTES], block[MOST_HASH_BYTES];
    size_t bytes = hmac_sign(keyed, seed.data, seed.length, NULL, 0, a);
    bool done = bytes > 0;
    while (done && length > 0) {
        size_t take = length < bytes ? length : bytes;
        done = hmac_sign(keyed, a, bytes, seed.data, seed.length, block) > 0;
        memcpy(output, block, take);
        output += take;
        length -= take;
        if (done && length > 0) done = hmac_sign(keyed, a, bytes, NULL, 0, a) > 0;
    }
    mbedtls_platform_zeroize(a, sizeof a);
    mbedtls_platform_zeroize(block, sizeof block);
    return done;
}

mote_value native_hmac_expand(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    byte_view seed;
    int32_t length;
    hmac *keyed = handle_argument(vm, args[0], "hmac", HANDLE_HMAC);
    if (keyed == NULL || !buffer_argument(vm, args[1], "seed", &seed) ||
        !integer_argument(vm, args[2], "length", 0, 4096, &length))
        return MOTE_FAILED;
    mote_value result = mote_new_buffer(vm, (size_t)length);
    if (result == MOTE_FAILED || length == 0) return result;
    return expand(keyed, seed, bytes_of_buffer(vm, result), (size_t)length) ? result : library_failed(vm);
}
