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

static inline void xor_block(block *to, const block *with)
{
#pragma GCC unroll 4
    for (unsigned i = 0; i < BLOCK / 4; i++) to->words[i] ^= with->words[i];
}

static inline bool is_aligned(const void *bytes)
{
    return ((uintptr_t)bytes & 3) == 0;
}

/** Text by words, in the processor's byte order: the compiler makes byte accesses of them unless it is aligned. */
static inline uint32_t read_word(const void *from)
{
    uint32_t word;
    memcpy(&word, from, sizeof word);
    return word;
}

static inline void write_word(void *to, uint32_t word)
{
    memcpy(to, &word, sizeof word);
}

/** Copies a block of text. */
static inline void read_block(block *to, const uint8_t *from)
{
    if (is_aligned(from)) {
#pragma GCC unroll 4
        for (unsigned i = 0; i < BLOCK; i += 4) to->words[i / 4] = read_word(__builtin_assume_aligned(from + i, 4));
    } else {
#pragma GCC unroll 4
        for (unsigned i = 0; i < BLOCK; i += 4) to->words[i / 4] = read_word(from + i);
    }
}

static inline void write_block(uint8_t *to, const block *from)
{
    if (is_aligned(to)) {
#pragma GCC unroll 4
        for (unsigned i = 0; i < BLOCK; i += 4) write_word(__builtin_assume_aligned(to + i, 4), from->words[i / 4]);
    } else {
#pragma GCC unroll 4
        for (unsigned i = 0; i < BLOCK; i += 4) write_word(to + i, from->words[i / 4]);
    }
}

static inline bool encrypt(mbedtls_aes_context *aes, const block *from, block *to)
{
    return mbedtls_aes_crypt_ecb(aes, MBEDTLS_AES_ENCRYPT, from->bytes, to->bytes) == 0;
}

/** The last bytes of a block, a big-endian number: a message's length, or the counter of the key stream. */
static inline void set_number(block *target, size_t number)
{
    for (unsigned i = 0; i < LENGTH_BYTES; i++) target->bytes[BLOCK - 1 - i] = (uint8_t)(number >> (8 * i));
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/** Adds the first bytes of a block. */
static inline void xor_bytes(uint8_t *to, const uint8_t *bytes, size_t length)
{
    const uint8_t *end = bytes + length;
    if (is_aligned(to) && is_aligned(bytes))
        for (; end - bytes >= 4; to += 4, bytes += 4) {
            uint32_t word = read_word(__builtin_assume_aligned(to, 4)) ^ read_word(__builtin_assume_aligned(bytes, 4));
            write_word(__builtin_assume_aligned(to, 4), word);
        }
    while (bytes < end) *to++ ^= *bytes++;
}

/** The MAC of the additional data, whose first block begins with its length. */
static bool absorb_aad(mbedtls_aes_context *aes, const aead_job *job, block *mac)
{
    const uint8_t *aad = job->aad;
    size_t left = job->aad_length;
    if (left == 0) return true;
    const uint8_t first[] = {(uint8_t)(left >> 8), (uint8_t)left, aad[0], left > 1 ? aad[1] : 0};
    mac->words[0] ^= read_word(first);
    size_t length = least(2, left), at = 4, room = BLOCK - 4;
    do {
        aad += length;
        left -= length;
        length = least(room, left);
        xor_bytes(mac->bytes + at, aad, length);
        if (!encrypt(aes, mac, mac)) return false;
        at = 0;
        room = BLOCK;
    } while (left > length);
    return true;
}

/** The state of a message under way. */
typedef struct {
    block mac, counter, stream;
} progress;

/** The block of the key stream with that number; the counter is at the one before. */
static inline bool next_stream(mbedtls_aes_context *aes, progress *p, size_t count)
{
    p->counter.bytes[BLOCK - 1] = (uint8_t)count;
    if ((count & 0xff) == 0) set_number(&p->counter, count);
    return encrypt(aes, &p->counter, &p->stream);
}

/** Adds the plain text to the MAC, and encrypts or decrypts the text. */
static inline void mix(progress *p, block *text, bool seal)
{
#pragma GCC unroll 4
    for (unsigned i = 0; i < BLOCK / 4; i++) {
        uint32_t from = text->words[i], to = from ^ p->stream.words[i];
        p->mac.words[i] ^= seal ? from : to;
        text->words[i] = to;
    }
}

/** The last, incomplete block of a message; the MAC is of the plain text, padded with zeros. */
static void mix_rest(progress *p, const uint8_t *from, uint8_t *to, size_t length, bool seal)
{
    block text = {.words = {0}};
    memcpy(&text, from, length);
    memset(p->stream.bytes + length, 0, BLOCK - length);
    mix(p, &text, seal);
    memcpy(to, &text, length);
}

static bool crypt(mbedtls_aes_context *aes, progress *p, const aead_job *job, bool seal)
{
    const uint8_t *from = job->input;
    uint8_t *to = job->output;
    size_t rest = job->length % BLOCK, count = 1;
    for (const uint8_t *end = from + (job->length - rest); from < end; from += BLOCK, to += BLOCK) {
        block text;
        if (!next_stream(aes, p, count++)) return false;
        read_block(&text, from);
        mix(p, &text, seal);
        write_block(to, &text);
        if (!encrypt(aes, &p->mac, &p->mac)) return false;
    }
    if (rest == 0) return true;
    if (!next_stream(aes, p, count)) return false;
    mix_rest(p, from, to, rest, seal);
    return encrypt(aes, &p->mac, &p->mac);
}

/** Constant-time comparison of a tag, whose length is a multiple of four, with the MAC's beginning. */
static bool equal(const block *mac, const uint8_t *tag, size_t length)
{
    volatile uint32_t difference = 0;
    for (size_t i = 0; i < length / 4; i++) difference = difference | (mac->words[i] ^ read_word(tag + 4 * i));
    return difference == 0;
}

bool mote_ccm(mbedtls_aes_context *aes, const aead_job *job, size_t tag_bytes, bool seal)
{
    progress p;
    block last;
    if (job->aad_length > MOST_AAD || job->length > MOST_MESSAGE) return false;
    /* Flags, the nonce and a number: the counter blocks of the key stream, and the first block of the MAC. */
    p.counter.bytes[0] = LENGTH_BYTES - 1;
    memcpy(p.counter.bytes + 1, job->nonce, AEAD_NONCE_BYTES);
    set_number(&p.counter, 0);
    p.mac = p.counter;
    p.mac.bytes[0] |= (uint8_t)((job->aad_length > 0 ? 0x40u : 0u) | (tag_bytes - 2) / 2 << 3);
    set_number(&p.mac, job->length);
    if (!encrypt(aes, &p.counter, &last) || !encrypt(aes, &p.mac, &p.mac) || !absorb_aad(aes, job, &p.mac) ||
        !crypt(aes, &p, job, seal))
        return false;
    xor_block(&p.mac, &last);
    if (!seal) return equal(&p.mac, job->input + job->length, tag_bytes);
    for (size_t i = 0; i < tag_bytes / 4; i++) write_word(job->output + job->length + 4 * i, p.mac.words[i]);
    return true;
}

#else

/* The library does not expose its contexts, or has no CCM. */
typedef int no_ccm;

#endif
