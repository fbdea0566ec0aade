/*
 * CCM (RFC 3610) with nonces of 12 bytes, which leaves 3 bytes for the length of a message. The library's own CCM goes
 * through its cipher layer for each block and works byte by byte, which takes a tenth of a record's instructions more.
 */
#include "ccm.h"

#if WITH_CCM && MBEDTLS_VERSION_MAJOR < 4

#include <string.h>

enum { BLOCK = 16, LENGTH_BYTES = 3, MOST_AAD = 0xfeff, MOST_MESSAGE = 0xffffff };

typedef union {
    uint8_t bytes[BLOCK];
    uint32_t words[BLOCK / 4];
} block;

/** Words of text that are aligned. */
typedef uint32_t __attribute__((may_alias)) text_word;

static void xor_block(block *to, const block *with)
{
#pragma GCC unroll 4
    for (unsigned i = 0; i < BLOCK / 4; i++) to->words[i] ^= with->words[i];
}

/** Copies a block: by words if both sides are aligned. */
static inline void copy_block(void *to, const void *from)
{
    uint8_t *target = to;
    const uint8_t *source = from;
    if ((((uintptr_t)to | (uintptr_t)from) & 3) == 0) {
#pragma GCC unroll 4
        for (unsigned i = 0; i < BLOCK / 4; i++) ((text_word *)to)[i] = ((const text_word *)from)[i];
        return;
    }
#pragma GCC unroll 16
    for (unsigned i = 0; i < BLOCK; i++) target[i] = source[i];
}

static bool encrypt(mbedtls_aes_context *aes, const block *from, block *to)
{
    return mbedtls_aes_crypt_ecb(aes, MBEDTLS_AES_ENCRYPT, from->bytes, to->bytes) == 0;
}

/** Processes the next block of the CBC-MAC. */
static bool absorb(mbedtls_aes_context *aes, block *mac, const block *data)
{
    xor_block(mac, data);
    return encrypt(aes, mac, mac);
}

/** Flags, the nonce and a number of 3 bytes: the first block of the MAC, and the counter blocks of the key stream. */
static void number(block *target, size_t flags, const uint8_t *nonce, size_t count)
{
    target->bytes[0] = (uint8_t)flags;
    memcpy(target->bytes + 1, nonce, AEAD_NONCE_BYTES);
    for (unsigned i = 0; i < LENGTH_BYTES; i++) target->bytes[BLOCK - 1 - i] = (uint8_t)(count >> (8 * i));
}

static void count_up(block *counter)
{
    for (unsigned i = BLOCK; i-- > BLOCK - LENGTH_BYTES;)
        if (++counter->bytes[i] != 0) return;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool begin(mbedtls_aes_context *aes, const aead_job *job, block *mac)
{
    number(mac, (job->aad_length > 0 ? 0x40u : 0u) | (job->tag_bytes - 2) / 2 << 3 | (LENGTH_BYTES - 1), job->nonce,
           job->length);
    bool done = encrypt(aes, mac, mac);
    /* The first block of additional data begins with its length. */
    size_t at = 0, room = BLOCK - 2;
    block data = {.bytes = {(uint8_t)(job->aad_length >> 8), (uint8_t)job->aad_length}};
    while (done && at < job->aad_length) {
        size_t length = least(room, job->aad_length - at);
        memcpy(data.bytes + BLOCK - room, job->aad + at, length);
        done = absorb(aes, mac, &data);
        memset(&data, 0, BLOCK);
        at += length;
        room = BLOCK;
    }
    return done;
}

/**
 * Processes up to a block of the message. The MAC is of the plain text, padded with zeros.
 * @param counter the key stream's counter block; incremented
 */
static bool crypt(mbedtls_aes_context *aes, block *mac, block *counter, const uint8_t *from, uint8_t *to, size_t length,
                  bool seal)
{
    block stream, text;
    if (!encrypt(aes, counter, &stream)) return false;
    count_up(counter);
    if (length == BLOCK) {
        copy_block(&text, from);
    } else {
        memset(&text, 0, BLOCK);
        memcpy(&text, from, length);
    }
    if (seal) xor_block(mac, &text);
    xor_block(&text, &stream);
    if (length < BLOCK) memset(text.bytes + length, 0, BLOCK - length);
    if (!seal) xor_block(mac, &text);
    if (length == BLOCK) copy_block(to, &text);
    else memcpy(to, &text, length);
    return encrypt(aes, mac, mac);
}

/** Constant-time comparison. */
static bool equal(const uint8_t *a, const uint8_t *b, size_t length)
{
    volatile uint8_t difference = 0;
    for (size_t i = 0; i < length; i++) difference = (uint8_t)(difference | (a[i] ^ b[i]));
    return difference == 0;
}

bool mote_ccm(mbedtls_aes_context *aes, const aead_job *job, bool seal)
{
    block mac, counter, last;
    if (job->aad_length > MOST_AAD || job->length > MOST_MESSAGE || !begin(aes, job, &mac)) return false;
    number(&counter, LENGTH_BYTES - 1, job->nonce, 0);
    if (!encrypt(aes, &counter, &last)) return false;
    count_up(&counter);
    for (size_t at = 0; at < job->length; at += BLOCK) {
        size_t length = least(BLOCK, job->length - at);
        if (!crypt(aes, &mac, &counter, job->input + at, job->output + at, length, seal)) return false;
    }
    xor_block(&mac, &last);
    if (!seal) return equal(mac.bytes, job->tag, job->tag_bytes);
    memcpy(job->tag, mac.bytes, job->tag_bytes);
    return true;
}

#else

/* The library does not expose its contexts, or has no CCM. */
typedef int no_ccm;

#endif
