/*
 * Whole records in one native call, so that the interpreter does no byte work (RFC 6347 section 4.1, RFC 5246 section
 * 6.2.3.3, RFC 9146). Policy (windows, limits, which epoch) is left to the script.
 */
#include "aead.h"
#include "aead_key.h"
#include "handles.h"
#include "record_arguments.h"

#include <mbedtls/platform_util.h>
#include <stdlib.h>
#include <string.h>

/** DTLS 1.2's version, and the content type of records with a connection id (RFC 9146 section 4). */
enum { VERSION = 0xfefd, TLS12_CID = 25 };

/** Offsets in a record's header. */
enum {
    HEADER_BYTES = 13, /* without the id, which comes before the length */
    HEADER_NUMBER = 3,
    HEADER_ID = 11,
    NUMBER_BYTES = 8,
    MOST_AAD_BYTES = 23 + MOST_ID_BYTES
};

/** The unpacked state. */
typedef struct {
    uint8_t *bytes;
    aead_key *key;
    size_t explicit_bytes; /* 8: the fixed IV has 4 bytes; 0: it has 12 */
    size_t tag_bytes, id_bytes;
} record_state;

/** Whether it is a state of DTLS 1.3, for which the natives continue in record_v13.c; it checks the rest. */
static bool is_v13(const record_state *state)
{
    return state->bytes[STATE_FORM] == FORM_DTLS_1_3;
}

/** Unpacks a state of DTLS 1.2. Throws and returns false if the form is unknown or its AEAD is closed. */
static inline bool take_apart(mote_vm *vm, record_state *state)
{
    const uint8_t *bytes = state->bytes;
    state->key = mote_handle_object((int32_t)read_16(bytes + STATE_HANDLE), HANDLE_AEAD);
    state->explicit_bytes = bytes[STATE_EXPLICIT_BYTES];
    bool fits = (state->explicit_bytes == NUMBER_BYTES || state->explicit_bytes == 0) &&
                bytes[STATE_IV_BYTES] + state->explicit_bytes == AEAD_NONCE_BYTES;
    state->id_bytes = bytes[STATE_ID_BYTES];
    bool known = bytes[STATE_FORM] == (state->id_bytes > 0 ? FORM_CONNECTION_ID : FORM_DTLS_1_2);
    if (!known || state->key == NULL || !fits)
        return mote_throw_range(vm, "state", "of a known form with an open AEAD") != MOTE_FAILED;
    state->tag_bytes = mote_aead_tag_bytes(state->key);
    return true;
}

/** For natives that do not run for every record. */
static bool state_argument(mote_vm *vm, mote_value value, record_state *state)
{
    return mote_state_argument(vm, value, &state->bytes) && take_apart(vm, state);
}

/** A Buffer other than the state, whose key and numbers would otherwise be overwritten. */
static bool other_target_argument(mote_vm *vm, mote_value value, const char *name, const record_state *state,
                                  uint8_t **bytes, size_t *length)
{
    if (!mote_target_argument(vm, value, name, bytes, length)) return false;
    return *bytes != state->bytes || mote_throw_range(vm, name, "another Buffer than the state") != MOTE_FAILED;
}

/** What an AEAD takes beside key and text. */
typedef struct {
    uint8_t nonce[AEAD_NONCE_BYTES];
    /* CCM puts two bytes in front of the additional data, and takes what is aligned behind them by words. */
    uint16_t for_ccm;
    uint8_t aad[MOST_AAD_BYTES];
    size_t aad_bytes;
} protection;

/** RFC 5288 section 3 and RFC 6655 section 3: fixed IV and explicit part; RFC 7905 section 2: IV xor number. */
static inline void make_nonce(const record_state *state, const uint8_t *explicit_part, uint8_t *nonce)
{
    const uint8_t *iv = state->bytes + STATE_IV;
    if (state->explicit_bytes > 0) {
        memcpy(nonce, iv, AEAD_NONCE_BYTES - NUMBER_BYTES);
        memcpy(nonce + AEAD_NONCE_BYTES - NUMBER_BYTES, explicit_part, NUMBER_BYTES);
        return;
    }
    memcpy(nonce, iv, AEAD_NONCE_BYTES);
    for (size_t i = 0; i < NUMBER_BYTES; i++) nonce[AEAD_NONCE_BYTES - NUMBER_BYTES + i] ^= explicit_part[i];
}

/** Additional data with a connection id (RFC 9146 section 5.3). */
static void make_aad_with_id(const record_state *state, const uint8_t *number, size_t length, protection *with)
{
    uint8_t *at = with->aad;
    memset(at, 0xff, NUMBER_BYTES);
    at[8] = TLS12_CID;
    at[9] = (uint8_t)state->id_bytes;
    at[10] = TLS12_CID;
    write_16(at + 11, VERSION);
    memcpy(at + 13, number, NUMBER_BYTES);
    memcpy(at + 21, state->bytes + STATE_ID, state->id_bytes);
    write_16(at + 21 + state->id_bytes, length);
    with->aad_bytes = 23 + state->id_bytes;
}

/** Additional data (RFC 5246 section 6.2.3.3, or with a connection id). */
static inline void make_aad(const record_state *state, const uint8_t *number, uint8_t type, size_t length,
                            protection *with)
{
    if (state->id_bytes > 0) {
        make_aad_with_id(state, number, length, with);
        return;
    }
    memcpy(with->aad, number, NUMBER_BYTES);
    with->aad[8] = type;
    write_16(with->aad + 9, VERSION);
    write_16(with->aad + 11, length);
    with->aad_bytes = 13;
}

/**
 * Whether `count` records from this number on stay below the last number, which is never used so that numbers cannot
 * wrap.
 */
static bool has_numbers(uint64_t sequence, size_t count)
{
    return sequence + count <= MOST_SEQUENCE;
}

/** Offset of a record's length field. */
static size_t length_at(const record_state *state)
{
    return HEADER_ID + state->id_bytes;
}

/** Where a record's ciphertext begins: after its header and explicit nonce. */
static size_t text_at(const record_state *state)
{
    return HEADER_BYTES + state->id_bytes + state->explicit_bytes;
}

/** Number of bytes encrypted after the message: with a connection id its true type. */
static size_t inner_bytes(const record_state *state)
{
    return state->id_bytes > 0 ? 1 : 0;
}

static size_t record_bytes(const record_state *state, size_t length)
{
    return text_at(state) + length + inner_bytes(state) + state->tag_bytes;
}

/** Moves the message where it is sealed, with its type behind it, when that is encrypted, too. */
static void make_inner(const record_state *state, uint8_t *record, uint8_t type, byte_view message, uint8_t *text)
{
    record[0] = TLS12_CID;
    memcpy(record + HEADER_ID, state->bytes + STATE_ID, state->id_bytes);
    if (message.length > 0) memmove(text, message.data, message.length);
    text[message.length] = type;
}

static bool seal_one(const record_state *state, uint64_t sequence, uint8_t type, byte_view message, uint8_t *record)
{
    protection with;
    uint8_t *number = record + HEADER_NUMBER, *text = record + text_at(state);
    size_t length = message.length + inner_bytes(state);
    record[0] = type;
    write_16(record + 1, VERSION);
    memcpy(number, state->bytes + STATE_EPOCH, 2);
    write_sequence(number + 2, sequence);
    write_16(record + length_at(state), state->explicit_bytes + length + state->tag_bytes);
    if (state->explicit_bytes > 0) memcpy(text - NUMBER_BYTES, number, NUMBER_BYTES);
    if (state->id_bytes > 0) make_inner(state, record, type, message, text);
    make_nonce(state, number, with.nonce);
    make_aad(state, number, type, length, &with);
    const uint8_t *plaintext = state->id_bytes > 0 ? text : message.data;
    return mote_aead_key_seal(state->key, &(aead_job){with.nonce, with.aad, plaintext, with.aad_bytes, length, text});
}

/** The total size of so many messages as records; throws and returns 0 if one is not a message. */
static inline size_t measure(mote_vm *vm, const record_state *state, mote_value messages, size_t count)
{
    size_t total = 0;
    byte_view message;
    for (size_t i = 0; i < count; i++) {
        if (!quick_message_argument(vm, messages, i, state->bytes, &message)) return 0;
        total += record_bytes(state, message.length);
    }
    return total;
}

mote_value mote_native_record_seal(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    record_state state;
    int32_t type;
    uint64_t sequence;
    if (!quick_state_argument(vm, args[0], &state.bytes)) return MOTE_FAILED;
    if (is_v13(&state)) return mote_record_v13_seal(vm, state.bytes, args);
    if (!take_apart(vm, &state) || !quick_integer_argument(vm, args[1], "type", 0, 255, &type) ||
        !quick_sequence_argument(vm, args[2], "sequence", &sequence))
        return MOTE_FAILED;
    size_t messages = quick_messages_argument(vm, args[3]), total = measure(vm, &state, args[3], messages);
    if (total == 0) return MOTE_FAILED;
    if (!has_numbers(sequence, messages)) return mote_throw_range(vm, "sequence", "below the last sequence number");
    mote_value result = mote_new_unset_buffer(vm, total);
    if (result == MOTE_FAILED) return result;
    uint8_t *record = quick_bytes(vm, result, &total);
    for (size_t i = 0; i < messages; i++) {
        byte_view message;
        quick_message_argument(vm, args[3], i, state.bytes, &message);
        if (!seal_one(&state, sequence + i, (uint8_t)type, message, record))
            return mote_throw(vm, MOTE_ERROR, "the crypto library failed");
        record += record_bytes(&state, message.length);
    }
    return result;
}

/** ContentType (RFC 5246 section 6.2.1, RFC 9853 section 4) and the longest fragment (RFC 5246 section 6.2.3). */
enum { FIRST_TYPE = 20, LAST_TYPE = 23, ROUTABILITY_TYPE = 27, MOST_FRAGMENT = 18432 };

static bool is_content_type(uint8_t type)
{
    return (type >= FIRST_TYPE && type <= LAST_TYPE) || type == ROUTABILITY_TYPE;
}

/** Whether a header of length_at + 2 bytes may belong to a record under these keys. */
static inline bool is_ours(const record_state *state, const uint8_t *header)
{
    bool type = state->id_bytes > 0 ? header[0] == TLS12_CID : is_content_type(header[0]);
    return type && read_16(header + 1) == VERSION &&
           read_16(header + HEADER_NUMBER) == read_16(state->bytes + STATE_EPOCH) &&
           (state->id_bytes == 0 || memcmp(header + HEADER_ID, state->bytes + STATE_ID, state->id_bytes) == 0);
}

/** Length of the record under these keys at the beginning of `bytes`; 0: there is no complete one. */
static inline size_t whole_record(const record_state *state, byte_view bytes)
{
    size_t header_bytes = length_at(state) + 2;
    if (bytes.length < header_bytes || !is_ours(state, bytes.data)) return 0;
    size_t length = read_16(bytes.data + length_at(state));
    return length > MOST_FRAGMENT || length > bytes.length - header_bytes ? 0 : header_bytes + length;
}

mote_value mote_native_record_sequence(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    record_state state;
    byte_view range;
    uint64_t expected;
    if (!mote_state_argument(vm, args[0], &state.bytes)) return MOTE_FAILED;
    if (is_v13(&state)) return mote_record_v13_sequence(vm, state.bytes, args);
    if (!state_argument(vm, args[0], &state) || !quick_range_argument(vm, args + 1, &range) ||
        !mote_sequence_argument(vm, args[4], "expected", &expected))
        return MOTE_FAILED;
    if (whole_record(&state, range) == 0) return mote_int(vm, -1);
    return quick_sequence_value(vm, read_sequence(range.data + HEADER_NUMBER + 2));
}

/** Length of the ciphertext of a complete record without its tag; -1 if it is too short for one under these keys. */
static inline int32_t ciphertext_bytes(const record_state *state, const uint8_t *record)
{
    size_t bytes = read_16(record + length_at(state)), overhead = state->explicit_bytes + state->tag_bytes;
    return bytes < overhead + inner_bytes(state) ? -1 : (int32_t)(bytes - overhead);
}

/**
 * Opens a record with a ciphertext of `bytes`, and stores its type in the state. With a connection id, that is the last
 * non-zero byte, which padding may follow (RFC 9146 section 4); without such a byte the record is invalid. Returns the
 * length of the plaintext, or -1.
 */
static int32_t open_one(const record_state *state, const uint8_t *record, int32_t bytes, uint8_t *plaintext)
{
    protection with;
    size_t length = (size_t)bytes;
    const uint8_t *number = record + HEADER_NUMBER, *text = record + text_at(state);
    uint8_t type = record[0];
    make_nonce(state, state->explicit_bytes > 0 ? text - NUMBER_BYTES : number, with.nonce);
    make_aad(state, number, type, length, &with);
    if (!mote_aead_key_open(state->key, &(aead_job){with.nonce, with.aad, text, with.aad_bytes, length, plaintext}))
        return -1;
    if (state->id_bytes > 0) {
        while (length > 0 && plaintext[length - 1] == 0) length--;
        if (length == 0) return -1;
        type = plaintext[--length];
    }
    state->bytes[STATE_TYPE] = type;
    return (int32_t)length;
}

mote_value mote_native_record_open(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    record_state state;
    byte_view range;
    uint64_t sequence;
    if (!quick_state_argument(vm, args[0], &state.bytes)) return MOTE_FAILED;
    if (is_v13(&state)) return mote_record_v13_open(vm, state.bytes, args);
    if (!take_apart(vm, &state) || !quick_range_argument(vm, args + 1, &range) ||
        !quick_sequence_argument(vm, args[4], "sequence", &sequence))
        return MOTE_FAILED;
    size_t whole = whole_record(&state, range);
    if (whole == 0 || whole != range.length || read_sequence(range.data + HEADER_NUMBER + 2) != sequence)
        return MOTE_UNDEFINED;
    int32_t bytes = ciphertext_bytes(&state, range.data);
    if (bytes < 0) return MOTE_UNDEFINED;
    mote_value result = mote_new_unset_buffer(vm, (size_t)bytes);
    if (result == MOTE_FAILED) return result;
    size_t room;
    int32_t length = open_one(&state, range.data, bytes, quick_bytes(vm, result, &room));
    if (length < 0) return MOTE_NULL;
    if (length < bytes) mote_shorten_buffer(vm, result, (size_t)length);
    return result;
}

mote_value mote_native_record_open_in_place(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    record_state state;
    uint8_t *bytes;
    size_t length;
    int32_t offset;
    if (!state_argument(vm, args[0], &state) ||
        !other_target_argument(vm, args[1], "datagram", &state, &bytes, &length) ||
        !mote_integer_argument(vm, args[2], "offset", 0, (int32_t)length, &offset))
        return MOTE_FAILED;
    uint8_t *record = bytes + offset;
    size_t left = length - (size_t)offset, header_bytes = length_at(&state) + 2;
    if (left < header_bytes || read_16(record + length_at(&state)) > left - header_bytes) return mote_int(vm, -1);
    int32_t text_bytes = ciphertext_bytes(&state, record);
    return mote_int(vm, text_bytes < 0 ? -1 : open_one(&state, record, text_bytes, record + text_at(&state)));
}

mote_value mote_native_record_seal_in_place(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    record_state state;
    uint8_t *bytes;
    size_t size;
    int32_t type, offset, length;
    if (!state_argument(vm, args[0], &state) || !mote_integer_argument(vm, args[1], "type", 0, 255, &type) ||
        !other_target_argument(vm, args[2], "target", &state, &bytes, &size) ||
        !mote_integer_argument(vm, args[3], "offset", 0, (int32_t)size, &offset) ||
        !mote_integer_argument(vm, args[4], "length", 0, MOST_MESSAGE_BYTES, &length))
        return MOTE_FAILED;
    size_t whole = record_bytes(&state, (size_t)length);
    if (size - (size_t)offset < whole) return mote_throw_range(vm, "target", "long enough for the record");
    uint64_t sequence = read_sequence(state.bytes + STATE_SEQUENCE);
    if (!has_numbers(sequence, 1)) return mote_throw_range(vm, "state", "below the last sequence number");
    uint8_t *record = bytes + offset;
    const byte_view message = {record + text_at(&state), (size_t)length};
    bool done = seal_one(&state, sequence, (uint8_t)type, message, record);
    write_sequence(state.bytes + STATE_SEQUENCE,
                   sequence + 1); /* even after a failure, because the program can see what was written */
    return done ? mote_int(vm, (int32_t)whole) : mote_throw(vm, MOTE_ERROR, "the crypto library failed");
}
