/* Whole records of DTLS 1.3 in one call (RFC 9147 section 4): header, nonce, protection and record number encryption.
 */
#include "aead_key.h"
#include "handles.h"
#include "hash_state.h"
#include "mask.h"
#include "record_arguments.h"
#include "secret.h"

#include <mbedtls/platform_util.h>
#include <stdlib.h>
#include <string.h>

/** Bits of a header's first byte: 0 0 1 C S L E E. */
enum { BIT_FORM = 0x20, FORM_MASK = 0xe0, BIT_ID = 0x10, BIT_LONG_NUMBER = 0x08, BIT_LENGTH = 0x04, EPOCH_MASK = 0x03 };

enum {
    MOST_HEADER_BYTES = 1 + MOST_ID_BYTES + 2 + 2,
    /* the first numbers of an epoch fit one byte: a receiver that has missed all of them can still reconstruct each */
    SHORT_NUMBERS = 128,
    MOST_CIPHERTEXT = 16640, /* RFC 8446 section 5.2 */
    APPLICATION_EPOCH = 3,
    APPLICATION_DATA = 23,
    MOST_KEY_BYTES = 32
};

/** The keys of one direction of one epoch (RFC 8446 section 7.3, RFC 9147 section 4.2.3). */
typedef struct {
    aead_key *aead;
    mask *numbers;
    uint8_t iv[AEAD_NONCE_BYTES];
} record_keys;

static void close_keys(void *object)
{
    record_keys *keys = object;
    if (keys->aead != NULL) mote_aead_key_close(keys->aead);
    if (keys->numbers != NULL) mote_mask_close(keys->numbers);
    mbedtls_platform_zeroize(keys, sizeof *keys);
    free(keys);
}

/** NULL if there is no memory left, or the library fails. */
static record_keys *create_keys(const secret *of, int32_t algorithm)
{
    uint8_t key[MOST_KEY_BYTES], number_key[MOST_KEY_BYTES];
    record_keys *keys = calloc(1, sizeof *keys);
    if (keys == NULL) return NULL;
    size_t key_bytes = mote_aead_key_bytes(algorithm);
    const secret_part parts[] = {
        {"key", key, key_bytes}, {"iv", keys->iv, AEAD_NONCE_BYTES}, {"sn", number_key, key_bytes}};
    if (mote_secret_expand_all(of, parts, 3)) {
        keys->aead = mote_aead_key_create(algorithm, key);
        keys->numbers = mote_mask_create(algorithm, number_key);
    }
    mbedtls_platform_zeroize(key, sizeof key);
    mbedtls_platform_zeroize(number_key, sizeof number_key);
    if (keys->aead != NULL && keys->numbers != NULL) return keys;
    close_keys(keys);
    return NULL;
}

mote_value mote_native_record_keys(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t algorithm;
    secret *of = mote_secret_argument(vm, args[0]);
    if (of == NULL || !mote_integer_argument(vm, args[1], "algorithm", 0, 15, &algorithm)) return MOTE_FAILED;
    if (!mote_aead_is_there(algorithm) || !mote_mask_is_there(algorithm))
        return mote_throw_range(vm, "algorithm", "an AEAD that the machine has for DTLS 1.3");
    return mote_handle_new(vm, HANDLE_RECORD, create_keys(of, algorithm), close_keys);
}

/** Throws and returns NULL if they are closed. */
static record_keys *keys_of(mote_vm *vm, const uint8_t *state)
{
    record_keys *keys = mote_handle_object((int32_t)read_16(state + STATE_HANDLE), HANDLE_RECORD);
    if (keys == NULL) mote_throw_range(vm, "state", "of a known form with open keys");
    return keys;
}

/** IV xor sequence number; the epoch is not part of it. */
static void make_nonce(const record_keys *keys, uint64_t sequence, uint8_t *nonce)
{
    memcpy(nonce, keys->iv, AEAD_NONCE_BYTES);
    for (size_t i = AEAD_NONCE_BYTES; i-- > 6; sequence >>= 8) nonce[i] ^= (uint8_t)sequence;
}

/** Encrypts or decrypts a record's number. */
static bool mask_number(record_keys *keys, const uint8_t *ciphertext, uint8_t *number, size_t number_bytes)
{
    uint8_t bytes[MASK_BYTES];
    if (!mote_mask_compute(keys->numbers, ciphertext, bytes)) return false;
    for (size_t i = 0; i < number_bytes; i++) number[i] ^= bytes[i];
    return true;
}

/* Sealing */

static size_t number_bytes_of(uint64_t sequence)
{
    return sequence < SHORT_NUMBERS ? 1 : 2;
}

static size_t header_bytes_of(const uint8_t *state, uint64_t sequence, bool with_length)
{
    return 1 + (size_t)state[STATE_ID_BYTES] + number_bytes_of(sequence) + (with_length ? 2 : 0);
}

/** Length of the ciphertext, tag included: number encryption needs its sample (RFC 9147 section 4.2.3). */
static size_t text_bytes(const record_keys *keys, size_t message)
{
    size_t length = message + 1 + mote_aead_tag_bytes(keys->aead);
    return length < MASK_SAMPLE_BYTES ? MASK_SAMPLE_BYTES : length;
}

static void write_header(const uint8_t *state, uint64_t sequence, bool with_length, size_t length, uint8_t *header)
{
    size_t id_bytes = state[STATE_ID_BYTES];
    bool is_long = number_bytes_of(sequence) == 2;
    header[0] = (uint8_t)(BIT_FORM | (id_bytes > 0 ? BIT_ID : 0) | (is_long ? BIT_LONG_NUMBER : 0) |
                          (with_length ? BIT_LENGTH : 0) | (state[STATE_EPOCH + 1] & EPOCH_MASK));
    memcpy(header + 1, state + STATE_ID, id_bytes);
    uint8_t *at = header + 1 + id_bytes;
    if (is_long) *at++ = (uint8_t)(sequence >> 8);
    *at++ = (uint8_t)sequence;
    if (with_length) write_16(at, length);
}

/** Returns the record's length, or 0 if the library fails. */
static size_t seal_one(record_keys *keys, const uint8_t *state, uint8_t type, byte_view message, uint64_t sequence,
                       bool with_length, uint8_t *record)
{
    uint8_t nonce[AEAD_NONCE_BYTES];
    size_t header_bytes = header_bytes_of(state, sequence, with_length), length = text_bytes(keys, message.length);
    size_t inner_bytes = length - mote_aead_tag_bytes(keys->aead);
    uint8_t *text = record + header_bytes;
    write_header(state, sequence, with_length, length, record);
    if (message.length > 0) memcpy(text, message.data, message.length);
    text[message.length] = type;
    memset(text + message.length + 1, 0, inner_bytes - message.length - 1);
    make_nonce(keys, sequence, nonce);
    size_t id_bytes = state[STATE_ID_BYTES];
    bool done = mote_aead_key_seal(keys->aead, &(aead_job){nonce, record, text, header_bytes, inner_bytes, text}) &&
                mask_number(keys, text, record + 1 + id_bytes, number_bytes_of(sequence));
    return done ? header_bytes + length : 0;
}

/** What to seal: `count` messages as records, beginning with that number. */
typedef struct {
    mote_value messages;
    size_t count;
    uint64_t sequence;
    bool ends; /* nothing follows them in their datagram */
} sealing;

/** Whether that message's record has a length field: the last one does not need it if nothing follows. */
static bool has_length(const sealing *what, size_t index)
{
    return !what->ends || index != what->count - 1;
}

/** The total size of the messages as records; throws and returns 0 if one is not a message. */
static size_t measure(mote_vm *vm, const record_keys *keys, const uint8_t *state, const sealing *what)
{
    size_t total = 0;
    byte_view message;
    for (size_t i = 0; i < what->count; i++) {
        if (!quick_message_argument(vm, what->messages, i, state, &message)) return 0;
        total += header_bytes_of(state, what->sequence + i, has_length(what, i)) + text_bytes(keys, message.length);
    }
    return total;
}

mote_value mote_record_v13_seal(mote_vm *vm, const uint8_t *state, const mote_value *args)
{
    int32_t type;
    sealing what = {.messages = args[3], .ends = args[4] == MOTE_TRUE};
    record_keys *keys = keys_of(vm, state);
    if (keys == NULL || !quick_integer_argument(vm, args[1], "type", 0, 255, &type) ||
        !quick_sequence_argument(vm, args[2], "sequence", &what.sequence))
        return MOTE_FAILED;
    what.count = quick_messages_argument(vm, what.messages);
    size_t total = what.count == 0 ? 0 : measure(vm, keys, state, &what);
    if (total == 0) return MOTE_FAILED;
    if (what.sequence + what.count > MOST_SEQUENCE)
        return mote_throw_range(vm, "sequence", "below the last sequence number");
    mote_value result = mote_new_unset_buffer(vm, total);
    if (result == MOTE_FAILED) return result;
    uint8_t *record = mote_bytes_of_buffer(vm, result);
    for (size_t i = 0; i < what.count; i++) {
        byte_view message;
        message.data = mote_buffer(vm, mote_array_at(vm, what.messages, i), &message.length);
        size_t length = seal_one(keys, state, (uint8_t)type, message, what.sequence + i, has_length(&what, i), record);
        if (length == 0) return mote_throw(vm, MOTE_ERROR, "the crypto library failed");
        record += length;
    }
    return result;
}

/* Opening */

/** Offsets of the parts of a record. */
typedef struct {
    size_t number_at, number_bytes, start, length;
    bool has_length;
} unified_header;

/**
 * @param left bytes from the record's beginning to the end of its datagram. Returns false if it is not for these keys,
 * or incomplete.
 */
static bool read_header(const uint8_t *state, const uint8_t *record, size_t left, unified_header *header)
{
    if (left < 1 || (record[0] & FORM_MASK) != BIT_FORM) return false;
    if ((record[0] & EPOCH_MASK) != (state[STATE_EPOCH + 1] & EPOCH_MASK)) return false;
    size_t id_bytes = (record[0] & BIT_ID) != 0 ? state[STATE_ID_BYTES] : 0;
    if ((record[0] & BIT_ID) != 0 && id_bytes == 0) return false;
    header->number_at = 1 + id_bytes;
    header->number_bytes = (record[0] & BIT_LONG_NUMBER) != 0 ? 2 : 1;
    size_t behind = header->number_at + header->number_bytes;
    header->has_length = (record[0] & BIT_LENGTH) != 0;
    header->start = header->has_length ? behind + 2 : behind;
    if (header->start > left) return false;
    header->length = header->has_length ? read_16(record + behind) : left - header->start;
    return header->length <= left - header->start && header->length >= MASK_SAMPLE_BYTES &&
           header->length <= MOST_CIPHERTEXT;
}

/** The number nearest to `expected` that ends in `low` (RFC 9147 section 4.2.2). */
static uint64_t reconstruct(uint64_t low, size_t number_bytes, uint64_t expected)
{
    uint64_t all = number_bytes == 1 ? 0x100 : 0x10000;
    uint64_t candidate = (expected & ~(all - 1)) + low;
    if (candidate > expected + all / 2 && candidate >= all) return candidate - all;
    return candidate + all / 2 < expected ? candidate + all : candidate;
}

/** The part of its number that a record carries; throws and returns -1 if the library fails. */
static int32_t low_of(mote_vm *vm, record_keys *keys, const uint8_t *record, const unified_header *header)
{
    uint8_t number[2];
    memcpy(number, record + header->number_at, header->number_bytes);
    if (mask_number(keys, record + header->start, number, header->number_bytes))
        return header->number_bytes == 1 ? number[0] : (int32_t)read_16(number);
    mote_throw(vm, MOTE_ERROR, "the crypto library failed");
    return -1;
}

mote_value mote_record_v13_sequence(mote_vm *vm, uint8_t *state, const mote_value *args)
{
    byte_view range;
    uint64_t expected;
    unified_header header;
    record_keys *keys = keys_of(vm, state);
    if (keys == NULL || !quick_range_argument(vm, args + 1, &range) ||
        !quick_sequence_argument(vm, args[4], "expected", &expected))
        return MOTE_FAILED;
    if (!read_header(state, range.data, range.length, &header)) return mote_int(vm, -1);
    int32_t low = low_of(vm, keys, range.data, &header);
    if (low < 0) return MOTE_FAILED;
    write_16(state + STATE_RECORD_BYTES, header.start + header.length);
    return quick_sequence_value(vm, reconstruct((uint64_t)low, header.number_bytes, expected));
}

/** Removes the padding, and stores the content type, which is the last non-zero byte (RFC 8446 section 5.4). */
static size_t content_bytes(uint8_t *state, const uint8_t *inner, size_t length)
{
    while (length > 0 && inner[length - 1] == 0) length--;
    uint8_t type = length > 0 ? inner[length - 1] : 0;
    bool early = read_16(state + STATE_EPOCH) < APPLICATION_EPOCH && type == APPLICATION_DATA;
    state[STATE_TYPE] = early ? 0 : type;
    return state[STATE_TYPE] == 0 ? 0 : length - 1;
}

static mote_value open_record(mote_vm *vm, record_keys *keys, uint8_t *state, const uint8_t *record,
                              const unified_header *header, uint64_t sequence)
{
    uint8_t nonce[AEAD_NONCE_BYTES], aad[MOST_HEADER_BYTES];
    size_t inner_bytes = header->length - mote_aead_tag_bytes(keys->aead);
    mote_value result = mote_new_unset_buffer(vm, inner_bytes);
    if (result == MOTE_FAILED) return result;
    uint8_t *inner = mote_bytes_of_buffer(vm, result);
    /* The additional data contains the decrypted record number. */
    memcpy(aad, record, header->start);
    if (header->number_bytes == 2) write_16(aad + header->number_at, sequence & 0xffff);
    else aad[header->number_at] = (uint8_t)sequence;
    make_nonce(keys, sequence, nonce);
    const aead_job job = {nonce, aad, record + header->start, header->start, inner_bytes, inner};
    if (!mote_aead_key_open(keys->aead, &job)) return MOTE_NULL;
    mote_shorten_buffer(vm, result, content_bytes(state, inner, inner_bytes));
    return result;
}

mote_value mote_record_v13_open(mote_vm *vm, uint8_t *state, const mote_value *args)
{
    byte_view range;
    uint64_t sequence;
    unified_header header;
    record_keys *keys = keys_of(vm, state);
    if (keys == NULL || !quick_range_argument(vm, args + 1, &range) ||
        !quick_sequence_argument(vm, args[4], "sequence", &sequence))
        return MOTE_FAILED;
    if (!read_header(state, range.data, range.length, &header)) return MOTE_UNDEFINED;
    bool fills = header.start + header.length == range.length && header.length > mote_aead_tag_bytes(keys->aead);
    int32_t low = fills ? low_of(vm, keys, range.data, &header) : 0;
    if (low < 0) return MOTE_FAILED;
    bool is_that = fills && (uint32_t)low == (sequence & (header.number_bytes == 1 ? 0xffu : 0xffffu));
    return is_that ? open_record(vm, keys, state, range.data, &header, sequence) : MOTE_UNDEFINED;
}
