#include "secret.h"
#include "handles.h"
#include "hash.h"

#include <mbedtls/platform_util.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_CONTEXT_BYTES = 255,
    /* with "dtls13", which replaces TLS's "tls13 " (RFC 9147 section 5.9) */
    MOST_LABEL_BYTES = 249,
    MOST_BLOCKS = 255,
    MOST_INFO_BYTES = 2 + 1 + 255 + 1 + MOST_CONTEXT_BYTES + 1
};

struct secret {
    int32_t algorithm;
    uint8_t bytes[MOST_HASH_BYTES];
};

/** The hashes of an empty input: the context of "derived" and of binders (RFC 8446 section 7.1). */
static const uint8_t sha_256_of_nothing[] = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
                                             0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
                                             0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};
static const uint8_t sha_384_of_nothing[] = {0x38, 0xb0, 0x60, 0xa7, 0x51, 0xac, 0x96, 0x38, 0x4c, 0xd9, 0x32, 0x7e,
                                             0xb1, 0xb1, 0xe3, 0x6a, 0x21, 0xfd, 0xb7, 0x11, 0x14, 0xbe, 0x07, 0x43,
                                             0x4c, 0x0c, 0xc7, 0xbf, 0x63, 0xf6, 0xe1, 0xda, 0x27, 0x4e, 0xde, 0xbf,
                                             0xe7, 0x6f, 0x65, 0xfb, 0xd5, 0x1a, 0xd2, 0xf1, 0x48, 0x98, 0xb9, 0x5b};

static byte_view hash_of_nothing(int32_t algorithm)
{
    const uint8_t *bytes = algorithm == HASH_SHA_384 ? sha_384_of_nothing : sha_256_of_nothing;
    return (byte_view){bytes, mote_hash_bytes(algorithm)};
}

static const byte_view nothing = {NULL, 0};

static byte_view label_of(const char *text)
{
    return (byte_view){(const uint8_t *)text, strlen(text)};
}

/** The used bytes of a secret. */
static byte_view bytes_of(const secret *of)
{
    return (byte_view){of->bytes, mote_hash_bytes(of->algorithm)};
}

static mote_value library_failed(mote_vm *vm)
{
    return mote_throw(vm, MOTE_ERROR, "the crypto library failed");
}

static void close_secret(void *object)
{
    mbedtls_platform_zeroize(object, sizeof(secret));
    free(object);
}

mote_value mote_secret_new(mote_vm *vm, int32_t algorithm, const uint8_t *bytes)
{
    secret *made = calloc(1, sizeof *made);
    if (made != NULL) {
        made->algorithm = algorithm;
        memcpy(made->bytes, bytes, mote_hash_bytes(algorithm));
    }
    return mote_handle_new(vm, HANDLE_SECRET, made, close_secret);
}

secret *mote_secret_argument(mote_vm *vm, mote_value value)
{
    return mote_handle_argument(vm, value, "secret", HANDLE_SECRET);
}

int32_t mote_secret_algorithm(const secret *of)
{
    return of->algorithm;
}

const uint8_t *mote_secret_bytes(const secret *of)
{
    return of->bytes;
}

/** HKDF-Extract (RFC 5869 section 2.2), and the MAC of Finished. */
static bool hmac_of(int32_t algorithm, byte_view key, byte_view data, uint8_t *digest)
{
    hmac *keyed = mote_hmac_create(algorithm, key.data, key.length);
    bool done = keyed != NULL && mote_hmac_sign(keyed, data.data, data.length, NULL, 0, digest) > 0;
    if (keyed != NULL) mote_hmac_close(keyed);
    return done;
}

/** HkdfLabel (RFC 8446 section 7.1), and room for the block's number. Returns its length. */
static size_t write_info(uint8_t *info, byte_view label, byte_view context, size_t length)
{
    uint8_t *at = info;
    *at++ = (uint8_t)(length >> 8);
    *at++ = (uint8_t)length;
    *at++ = (uint8_t)(6 + label.length);
    memcpy(at, "dtls13", 6);
    memcpy(at + 6, label.data, label.length);
    at += 6 + label.length;
    *at++ = (uint8_t)context.length;
    if (context.length > 0) memcpy(at, context.data, context.length);
    return (size_t)(at + context.length + 1 - info);
}

/** HKDF-Expand-Label (RFC 8446 section 7.1) by an HMAC keyed with the secret. */
static bool expand(hmac *keyed, byte_view label, byte_view context, uint8_t *output, size_t length)
{
    uint8_t info[MOST_INFO_BYTES], block[MOST_HASH_BYTES];
    size_t info_bytes = write_info(info, label, context, length), before = 0;
    bool done = true;
    for (uint8_t count = 1; done && length > 0; count++) {
        info[info_bytes - 1] = count;
        before = mote_hmac_sign(keyed, block, before, info, info_bytes, block);
        done = before > 0;
        size_t take = length < before ? length : before;
        memcpy(output, block, take);
        output += take;
        length -= take;
    }
    mbedtls_platform_zeroize(block, sizeof block);
    return done;
}

static bool expand_one(int32_t algorithm, byte_view from, byte_view label, byte_view context, uint8_t *output,
                       size_t length)
{
    hmac *keyed = mote_hmac_create(algorithm, from.data, from.length);
    bool done = keyed != NULL && expand(keyed, label, context, output, length);
    if (keyed != NULL) mote_hmac_close(keyed);
    return done;
}

/** Derive-Secret (RFC 8446 section 7.1). */
static bool derive(const secret *from, byte_view label, byte_view hash, uint8_t *output)
{
    return expand_one(from->algorithm, bytes_of(from), label, hash, output, mote_hash_bytes(from->algorithm));
}

bool mote_secret_expand_all(const secret *of, const secret_part *parts, size_t count)
{
    hmac *keyed = mote_hmac_create(of->algorithm, of->bytes, mote_hash_bytes(of->algorithm));
    bool done = keyed != NULL;
    for (size_t i = 0; done && i < count; i++)
        done = expand(keyed, label_of(parts[i].label), nothing, parts[i].output, parts[i].length);
    if (keyed != NULL) mote_hmac_close(keyed);
    return done;
}

/* Natives */

/** The input for an extraction: zeros replace a missing one (RFC 8446 section 7.1). */
static byte_view input_or_zeros(int32_t algorithm, byte_view input)
{
    static const uint8_t zeros[MOST_HASH_BYTES];
    return input.length > 0 ? input : (byte_view){zeros, mote_hash_bytes(algorithm)};
}

/** Takes ownership of the derived bytes, and erases them. */
static mote_value keep(mote_vm *vm, int32_t algorithm, bool done, uint8_t *bytes)
{
    mote_value result = done ? mote_secret_new(vm, algorithm, bytes) : library_failed(vm);
    mbedtls_platform_zeroize(bytes, MOST_HASH_BYTES);
    return result;
}

mote_value mote_native_secret_new(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t algorithm;
    byte_view input;
    uint8_t bytes[MOST_HASH_BYTES];
    if (!mote_integer_argument(vm, args[0], "algorithm", 0, 15, &algorithm) ||
        !mote_buffer_argument(vm, args[1], "input", &input))
        return MOTE_FAILED;
    if (!mote_hash_is_there(algorithm)) return mote_throw_range(vm, "algorithm", "a hash the machine has");
    /* HMAC pads its key with zeros, so an empty key is the same as a salt of zeros. */
    bool done = hmac_of(algorithm, nothing, input_or_zeros(algorithm, input), bytes);
    return keep(vm, algorithm, done, bytes);
}

mote_value mote_native_secret_next(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    byte_view input;
    uint8_t bytes[MOST_HASH_BYTES];
    secret *from = mote_secret_argument(vm, args[0]);
    if (from == NULL || !mote_buffer_argument(vm, args[1], "input", &input)) return MOTE_FAILED;
    int32_t algorithm = from->algorithm;
    const byte_view salt = {bytes, mote_hash_bytes(algorithm)};
    bool done = derive(from, label_of("derived"), hash_of_nothing(algorithm), bytes) &&
                hmac_of(algorithm, salt, input_or_zeros(algorithm, input), bytes);
    return keep(vm, algorithm, done, bytes);
}

static bool label_argument(mote_vm *vm, mote_value value, byte_view *label)
{
    const char *text;
    if (!mote_text_argument(vm, value, "label", &text, &label->length)) return false;
    label->data = (const uint8_t *)text;
    if (label->length <= MOST_LABEL_BYTES) return true;
    return mote_throw_range(vm, "label", "at most 249 bytes") != MOTE_FAILED;
}

static bool context_argument(mote_vm *vm, mote_value value, byte_view *context)
{
    if (!mote_buffer_argument(vm, value, "context", context)) return false;
    if (context->length <= MOST_CONTEXT_BYTES) return true;
    return mote_throw_range(vm, "context", "at most 255 bytes") != MOTE_FAILED;
}

mote_value mote_native_secret_derive(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    byte_view label, context;
    uint8_t bytes[MOST_HASH_BYTES];
    secret *from = mote_secret_argument(vm, args[0]);
    if (from == NULL || !label_argument(vm, args[1], &label) || !context_argument(vm, args[2], &context))
        return MOTE_FAILED;
    return keep(vm, from->algorithm, derive(from, label, context, bytes), bytes);
}

mote_value mote_native_secret_expand(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    byte_view label, context;
    int32_t length;
    secret *from = mote_secret_argument(vm, args[0]);
    if (from == NULL || !label_argument(vm, args[1], &label) || !context_argument(vm, args[2], &context))
        return MOTE_FAILED;
    int32_t most = MOST_BLOCKS * (int32_t)mote_hash_bytes(from->algorithm);
    if (!mote_integer_argument(vm, args[3], "length", 0, most, &length)) return MOTE_FAILED;
    mote_value result = mote_new_buffer(vm, (size_t)length);
    if (result == MOTE_FAILED || length == 0) return result;
    bool done =
        expand_one(from->algorithm, bytes_of(from), label, context, mote_bytes_of_buffer(vm, result), (size_t)length);
    return done ? result : library_failed(vm);
}

mote_value mote_native_secret_verify_data(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    byte_view label, hash;
    uint8_t key[MOST_HASH_BYTES], mac[MOST_HASH_BYTES];
    secret *from = mote_secret_argument(vm, args[0]);
    if (from == NULL || !label_argument(vm, args[1], &label) || !mote_buffer_argument(vm, args[2], "hash", &hash))
        return MOTE_FAILED;
    int32_t algorithm = from->algorithm;
    const byte_view derived = {key, mote_hash_bytes(algorithm)};
    bool is_binder = label.length > 0;
    bool done = (!is_binder || derive(from, label, hash_of_nothing(algorithm), key)) &&
                expand_one(algorithm, is_binder ? derived : bytes_of(from), label_of("finished"), nothing, key,
                           derived.length) &&
                hmac_of(algorithm, derived, hash, mac);
    mbedtls_platform_zeroize(key, sizeof key);
    return done ? mote_new_buffer_of(vm, mac, derived.length) : library_failed(vm);
}
