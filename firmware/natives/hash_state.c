#include "hash_state.h"

#include <mbedtls/platform_util.h>
#include <string.h>

size_t mote_hash_bytes(int32_t algorithm)
{
    return algorithm == HASH_SHA_384 ? 48 : 32;
}

size_t mote_hash_block_bytes(int32_t algorithm)
{
    return algorithm == HASH_SHA_384 ? 128 : 64;
}

#if MBEDTLS_VERSION_MAJOR < 4

#if MBEDTLS_VERSION_MAJOR < 3
#define sha256_starts mbedtls_sha256_starts_ret
#define sha256_update mbedtls_sha256_update_ret
#define sha256_finish mbedtls_sha256_finish_ret
#define sha512_starts mbedtls_sha512_starts_ret
#define sha512_update mbedtls_sha512_update_ret
#define sha512_finish mbedtls_sha512_finish_ret
#else
#define sha256_starts mbedtls_sha256_starts
#define sha256_update mbedtls_sha256_update
#define sha256_finish mbedtls_sha256_finish
#define sha512_starts mbedtls_sha512_starts
#define sha512_update mbedtls_sha512_update
#define sha512_finish mbedtls_sha512_finish
#endif

#if defined(MBEDTLS_SHA256_C)
enum { WITH_SHA_256 = 1 };
#else
enum { WITH_SHA_256 = 0 };
#endif
#if defined(MBEDTLS_SHA384_C) ||                                                                                       \
    (MBEDTLS_VERSION_MAJOR < 3 && defined(MBEDTLS_SHA512_C) && !defined(MBEDTLS_SHA512_NO_SHA384))
#define WITH_SHA_384 1
#else
#define WITH_SHA_384 0
#endif

bool mote_hash_is_there(int32_t algorithm)
{
    return algorithm == HASH_SHA_384 ? WITH_SHA_384 != 0 : algorithm == HASH_SHA_256 && WITH_SHA_256 != 0;
}

size_t mote_hash_state_bytes(int32_t algorithm)
{
    size_t of = algorithm == HASH_SHA_384 ? sizeof(mbedtls_sha512_context) : sizeof(mbedtls_sha256_context);
    return offsetof(hash_state, of) + of;
}

void mote_hash_prepare(hash_state *hash, int32_t algorithm)
{
    hash->algorithm = algorithm;
#if WITH_SHA_384
    if (algorithm == HASH_SHA_384) {
        mbedtls_sha512_init(&hash->of.sha512);
        return;
    }
#endif
    mbedtls_sha256_init(&hash->of.sha256);
}

bool mote_hash_start(hash_state *hash, int32_t algorithm)
{
    mote_hash_prepare(hash, algorithm);
#if WITH_SHA_384
    if (algorithm == HASH_SHA_384) return sha512_starts(&hash->of.sha512, 1) == 0;
#endif
    return sha256_starts(&hash->of.sha256, 0) == 0;
}

bool mote_hash_update(hash_state *hash, const uint8_t *data, size_t length)
{
#if WITH_SHA_384
    if (hash->algorithm == HASH_SHA_384) return sha512_update(&hash->of.sha512, data, length) == 0;
#endif
    return sha256_update(&hash->of.sha256, data, length) == 0;
}

bool mote_hash_copy(hash_state *to, const hash_state *from)
{
#if WITH_SHA_384
    if (from->algorithm == HASH_SHA_384) {
        mbedtls_sha512_clone(&to->of.sha512, &from->of.sha512);
        return true;
    }
#endif
    mbedtls_sha256_clone(&to->of.sha256, &from->of.sha256);
    return true;
}

bool mote_hash_finish(hash_state *hash, uint8_t *digest)
{
#if WITH_SHA_384
    if (hash->algorithm == HASH_SHA_384) {
        uint8_t all[64]; /* the library always writes as many bytes as SHA-512 has */
        bool done = sha512_finish(&hash->of.sha512, all) == 0;
        if (done) memcpy(digest, all, MOST_HASH_BYTES);
        mbedtls_platform_zeroize(all, sizeof all);
        return done;
    }
#endif
    return sha256_finish(&hash->of.sha256, digest) == 0;
}

void mote_hash_end(hash_state *hash)
{
#if WITH_SHA_384
    if (hash->algorithm == HASH_SHA_384) {
        mbedtls_sha512_free(&hash->of.sha512);
        return;
    }
#endif
    mbedtls_sha256_free(&hash->of.sha256);
}

#else

static psa_algorithm_t psa_hash(int32_t algorithm)
{
    return algorithm == HASH_SHA_384 ? PSA_ALG_SHA_384 : PSA_ALG_SHA_256;
}

bool mote_hash_is_there(int32_t algorithm)
{
#if defined(PSA_WANT_ALG_SHA_384)
    if (algorithm == HASH_SHA_384) return true;
#endif
#if defined(PSA_WANT_ALG_SHA_256)
    if (algorithm == HASH_SHA_256) return true;
#endif
    return false;
}

size_t mote_hash_state_bytes(int32_t algorithm)
{
    (void)algorithm;
    return sizeof(hash_state);
}

void mote_hash_prepare(hash_state *hash, int32_t algorithm)
{
    hash->algorithm = algorithm;
    hash->operation = psa_hash_operation_init();
}

bool mote_hash_start(hash_state *hash, int32_t algorithm)
{
    mote_hash_prepare(hash, algorithm);
    return psa_hash_setup(&hash->operation, psa_hash(algorithm)) == PSA_SUCCESS;
}

bool mote_hash_update(hash_state *hash, const uint8_t *data, size_t length)
{
    return psa_hash_update(&hash->operation, data, length) == PSA_SUCCESS;
}

bool mote_hash_copy(hash_state *to, const hash_state *from)
{
    psa_hash_abort(&to->operation);
    return psa_hash_clone(&from->operation, &to->operation) == PSA_SUCCESS;
}

bool mote_hash_finish(hash_state *hash, uint8_t *digest)
{
    size_t length;
    /* the library fills the whole buffer, so it gets no more than the digest */
    return psa_hash_finish(&hash->operation, digest, mote_hash_bytes(hash->algorithm), &length) == PSA_SUCCESS;
}

void mote_hash_end(hash_state *hash)
{
    psa_hash_abort(&hash->operation);
    mbedtls_platform_zeroize(&hash->operation, sizeof hash->operation);
}

#endif
