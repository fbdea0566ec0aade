/*
 * Whole records in one native call, so that the interpreter does no byte work (RFC 6347 section 4.1, RFC 5246 section
 * 6.2.3.3, RFC 9146). Policy (windows, limits, which epoch) is left to the script.
 */
#include "aead.h"
#include "aead_key.h"
#include "handles.h"
#include "record_state.h"

#include <mbedtls/platform_util.h>
#include <stdlib.h>
#include <string.h>

/** Content type of records with a connection id (RFC 9146 section 4). */
enum { TLS12_CID = 25 };

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
    size_t iv_bytes, explicit_bytes, tag_bytes, id_bytes;
} record_state;

bool mote_state_argument(mote_vm *vm, mote_value value, uint8_t **state)
{
    size_t length;
    if (!mote_target_argument(vm, value, "state", state, &length)) return false;
    if (length >= STATE_BYTES && length == STATE_BYTES + (size_t)(*state)[STATE_ID_BYTES]) return true;
    return mote_throw_range(vm, "state", "32 bytes and the connection id") != MOTE_FAILED;
}

bool mote_sequence_argument(mote_vm *vm, mote_value value, const char *name, uint64_t *number)
{
    int32_t low;
    double all;
    if (mote_is_int(vm, value, &low)) {
        *number = (uint64_t)low;
        if (low >= 0) return true;
    } else if (!mote_is_number(vm, value)) {
        return mote_throw_type(vm, name, "a number") != MOTE_FAILED;
    } else if ((all = mote_to_double(vm, value)) >= 0 && all <= (double)MOST_SEQUENCE) {
        *number = (uint64_t)all;
        if ((double)*number == all) return true;
    }
    return mote_throw_range(vm, name, "0 to 281474976710655") != MOTE_FAILED;
}

/** Whether it is a state of DTLS 1.3, for which the natives continue in record_v13.c; it checks the rest. */
static bool is_v13(const record_state *state)
{
    return state->bytes[STATE_FORM] == FORM_DTLS_1_3;
}

/** Unpacks a state of DTLS 1.2. Throws and returns false if the form is unknown or its AEAD is closed. */
static bool take_apart(mote_vm *vm, record_state *state)
{
    const uint8_t *bytes = state->bytes;
    state->key = mote_handle_object((int32_t)read_16(bytes + STATE_HANDLE), HANDLE_AEAD);
    state->iv_bytes = bytes[STATE_IV_BYTES];
    state->explicit_bytes = bytes[STATE_EXPLICIT_BYTES];
    bool fits = (state->iv_bytes == 4 && state->explicit_bytes == NUMBER_BYTES) ||
                (state->iv_bytes == AEAD_NONCE_BYTES && state->explicit_bytes == 0);
    state->id_bytes = bytes[STATE_ID_BYTES];
    bool known = bytes[STATE_FORM] == (state->id_bytes > 0 ? FORM_CONNECTION_ID : FORM_DTLS_1_2);
    if (!known || state->key == NULL || !fits)
        return mote_throw_range(vm, "state", "of a known form with an open AEAD") != MOTE_FAILED;
    state->tag_bytes = mote_aead_tag_bytes(state->key);
    return true;
}

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

/** RFC 5288 section 3 and RFC 6655 section 3: fixed IV and explicit part; RFC 7905 section 2: IV xor number. */
static void make_nonce(const record_state *state, const uint8_t *explicit_part, uint8_t *nonce)
{
    memcpy(nonce, state->bytes + STATE_IV, state->iv_bytes);
    if (state->explicit_bytes > 0) memcpy(nonce + state->iv_bytes, explicit_part, NUMBER_BYTES);
    else
        for (size_t i = 0; i < NUMBER_BYTES; i++) nonce[AEAD_NONCE_BYTES - NUMBER_BYTES + i] ^= explicit_part[i];
}

/** Additional data (RFC 5246 section 6.2.3.3; RFC 9146 section 5.3 with a connection id). Returns its length. */
static size_t make_aad(const record_state *state, const uint8_t *number, uint8_t type, size_t length, uint8_t *aad)
{
    uint8_t *at = aad;
    if (state->id_bytes > 0) {
        memset(at, 0xff, NUMBER_BYTES);
        at[8] = TLS12_CID;
        at[9] = (uint8_t)state->id_bytes;
        at[10] = TLS12_CID;
        at[11] = 0xfe;
        at[12] = 0xfd;
        memcpy(at + 13, number, NUMBER_BYTES);
        memcpy(at + 21, state->bytes + STATE_ID, state->id_bytes);
        at += 21 + state->id_bytes;
    } else {
        memcpy(at, number, NUMBER_BYTES);
        at[8] = type;
        at[9] = 0xfe;
        at[10] = 0xfd;
        at += 11;
    }
    write_16(at, length);
    return (size_t)(at + 2 - aad);
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

static bool seal_one(const record_state *state, uint64_t sequence, uint8_t type, byte_view message, uint8_t *record)
{
    uint8_t nonce[AEAD_NONCE_BYTES], aad[MOST_AAD_BYTES];
    const uint8_t *number = record + HEADER_NUMBER;
    uint8_t *text = record + text_at(state);
    size_t length = message.length + inner_bytes(state);
    memcpy(record + HEADER_NUMBER, state->bytes + STATE_EPOCH, 2);
    write_sequence(record + HEADER_NUMBER + 2, sequence);
    make_nonce(state, number, nonce);
    size_t aad_bytes = make_aad(state, number, type, length, aad);
    record[0] = state->id_bytes > 0 ? TLS12_CID : type;
    record[1] = 0xfe;
    record[2] = 0xfd;
    memcpy(record + HEADER_ID, state->bytes + STATE_ID, state->id_bytes);
    write_16(record + length_at(state), state->explicit_bytes + length + state->tag_bytes);
    memcpy(text - state->explicit_bytes, number, state->explicit_bytes);
    const uint8_t *plaintext = message.data;
    if (state->id_bytes > 0) {
        if (message.length > 0) memmove(text, message.data, message.length);
        text[message.length] = type;
        plaintext = text;
    }
    return mote_aead_key_seal(state->key, nonce, aad, aad_bytes, plaintext, length, text);
}

size_t mote_messages_argument(mote_vm *vm, mote_value messages)
{
    if (!mote_is_array(vm, messages)) return mote_throw_type(vm, "messages", "an array");
    size_t count = mote_array_length(vm, messages);
    if (count >= 1 && count <= MOST_MESSAGES) return count;
    return mote_throw_range(vm, "messages", "1 to 64 Buffers");
}

bool mote_message_argument(mote_vm *vm, mote_value messages, size_t index, const uint8_t *state, byte_view *message)
{
    message->data = mote_buffer(vm, mote_array_at(vm, messages, index), &message->length);
    if (message->data == NULL) return mote_throw_type(vm, "messages", "an array of Buffers") != MOTE_FAILED;
    if (message->data == state) return mote_throw_range(vm, "messages", "other Buffers than the state") != MOTE_FAILED;
    if (message->length <= MOST_MESSAGE_BYTES) return true;
    return mote_throw_range(vm, "messages", "at most 16384 bytes each") != MOTE_FAILED;
}

/** The total size of the messages as records; throws and returns 0 if one is not a message. */
static size_t measure(mote_vm *vm, const record_state *state, mote_value messages)
{
    size_t count = mote_messages_argument(vm, messages), total = 0;
    byte_view message;
    for (size_t i = 0; i < count; i++) {
        if (!mote_message_argument(vm, messages, i, state->bytes, &message)) return 0;
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
    if (!mote_state_argument(vm, args[0], &state.bytes)) return MOTE_FAILED;
    if (is_v13(&state)) return mote_record_v13_seal(vm, state.bytes, args);
    if (!take_apart(vm, &state) || !mote_integer_argument(vm, args[1], "type", 0, 255, &type) ||
        !mote_sequence_argument(vm, args[2], "sequence", &sequence))
        return MOTE_FAILED;
    size_t total = measure(vm, &state, args[3]), messages = mote_array_length(vm, args[3]);
    if (total > 0 && !has_numbers(sequence, messages))
        return mote_throw_range(vm, "sequence", "below the last sequence number");
    mote_value result = total == 0 ? MOTE_FAILED : mote_new_buffer(vm, total);
    if (result == MOTE_FAILED) return result;
    uint8_t *record = mote_bytes_of_buffer(vm, result);
    for (size_t i = 0; i < messages; i++) {
        byte_view message;
        message.data = mote_buffer(vm, mote_array_at(vm, args[3], i), &message.length);
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
static bool is_ours(const record_state *state, const uint8_t *header)
{
    bool type = state->id_bytes > 0 ? header[0] == TLS12_CID : is_content_type(header[0]);
    return type && read_16(header + 1) == 0xfefd &&
           memcmp(header + HEADER_NUMBER, state->bytes + STATE_EPOCH, 2) == 0 &&
           memcmp(header + HEADER_ID, state->bytes + STATE_ID, state->id_bytes) == 0;
}

/** Length of the record under these keys at the beginning of `bytes`; 0: there is no complete one. */
static size_t whole_record(const record_state *state, byte_view bytes)
{
    size_t header_bytes = length_at(state) + 2;
    if (bytes.length < header_bytes || !is_ours(state, bytes.data)) return 0;
    size_t length = read_16(bytes.data + length_at(state));
    return length > MOST_FRAGMENT || length > bytes.length - header_bytes ? 0 : header_bytes + length;
}

bool mote_range_argument(mote_vm *vm, const mote_value *args, byte_view *range)
{
    int32_t offset, end;
    if (!mote_buffer_argument(vm, args[0], "datagram", range) ||
        !mote_integer_argument(vm, args[2], "end", 0, (int32_t)range->length, &end) ||
        !mote_integer_argument(vm, args[1], "offset", 0, end, &offset))
        return false;
    range->data += offset;
    range->length = (size_t)(end - offset);
    return true;
}

mote_value mote_sequence_value(mote_vm *vm, uint64_t number)
{
    return number <= INT32_MAX ? mote_int(vm, (int32_t)number) : mote_number(vm, (double)number);
}

mote_value mote_native_record_sequence(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    record_state state;
    byte_view range;
    uint64_t expected;
    if (!mote_state_argument(vm, args[0], &state.bytes)) return MOTE_FAILED;
    if (is_v13(&state)) return mote_record_v13_sequence(vm, state.bytes, args);
    if (!take_apart(vm, &state) || !mote_range_argument(vm, args + 1, &range) ||
        !mote_sequence_argument(vm, args[4], "expected", &expected))
        return MOTE_FAILED;
    if (whole_record(&state, range) == 0) return mote_int(vm, -1);
    return mote_sequence_value(vm, read_sequence(range.data + HEADER_NUMBER + 2));
}

/** The fragment of a record to be opened. */
typedef struct {
    uint8_t nonce[AEAD_NONCE_BYTES], aad[MOST_AAD_BYTES];
    size_t aad_bytes;
    uint8_t type;
    const uint8_t *ciphertext;
    size_t length; /* of the plaintext; with a connection id, of the inner plaintext */
} protected_fragment;

/** False if the range does not begin with a complete record, or it is too short for one under these keys. */
static bool find_fragment(const record_state *state, byte_view range, protected_fragment *fragment)
{
    const uint8_t *header = range.data;
    size_t overhead = state->explicit_bytes + state->tag_bytes, header_bytes = length_at(state) + 2;
    if (range.length < header_bytes) return false;
    size_t bytes = read_16(header + length_at(state));
    if (bytes > range.length - header_bytes || bytes < overhead + inner_bytes(state)) return false;
    fragment->type = header[0];
    fragment->ciphertext = header + text_at(state);
    fragment->length = bytes - overhead;
    make_nonce(state, header + (state->explicit_bytes > 0 ? header_bytes : HEADER_NUMBER), fragment->nonce);
    fragment->aad_bytes = make_aad(state, header + HEADER_NUMBER, header[0], fragment->length, fragment->aad);
    return true;
}

/**
 * Opens it, and stores its type in the state. With a connection id, that is the last non-zero byte, which padding may
 * follow (RFC 9146 section 4); without such a byte the record is invalid. Returns the length of the plaintext, or -1.
 */
static int32_t open_fragment(const record_state *state, protected_fragment *fragment, uint8_t *plaintext)
{
    size_t length = fragment->length;
    if (!mote_aead_key_open(state->key, fragment->nonce, fragment->aad, fragment->aad_bytes, fragment->ciphertext,
                            length, plaintext))
        return -1;
    if (state->id_bytes > 0) {
        while (length > 0 && plaintext[length - 1] == 0) length--;
        if (length == 0) return -1;
        fragment->type = plaintext[--length];
    }
    state->bytes[STATE_TYPE] = fragment->type;
    return (int32_t)length;
}

mote_value mote_native_record_open(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    record_state state;
    byte_view range;
    uint64_t sequence;
    protected_fragment fragment;
    if (!mote_state_argument(vm, args[0], &state.bytes)) return MOTE_FAILED;
    if (is_v13(&state)) return mote_record_v13_open(vm, state.bytes, args);
    if (!take_apart(vm, &state) || !mote_range_argument(vm, args + 1, &range) ||
        !mote_sequence_argument(vm, args[4], "sequence", &sequence))
        return MOTE_FAILED;
    size_t whole = whole_record(&state, range);
    if (whole == 0 || whole != range.length || read_sequence(range.data + HEADER_NUMBER + 2) != sequence ||
        !find_fragment(&state, range, &fragment))
        return MOTE_UNDEFINED;
    mote_value result = mote_new_buffer(vm, fragment.length);
    if (result == MOTE_FAILED) return result;
    int32_t length = open_fragment(&state, &fragment, mote_bytes_of_buffer(vm, result));
    if (length < 0) return MOTE_NULL;
    mote_shorten_buffer(vm, result, (size_t)length);
    return result;
}

mote_value mote_native_record_open_in_place(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    record_state state;
    uint8_t *bytes;
    size_t length;
    int32_t offset;
    protected_fragment fragment;
    if (!state_argument(vm, args[0], &state) ||
        !other_target_argument(vm, args[1], "datagram", &state, &bytes, &length) ||
        !mote_integer_argument(vm, args[2], "offset", 0, (int32_t)length, &offset))
        return MOTE_FAILED;
    const byte_view range = {bytes + offset, length - (size_t)offset};
    if (!find_fragment(&state, range, &fragment)) return mote_int(vm, -1);
    return mote_int(vm, open_fragment(&state, &fragment, bytes + (fragment.ciphertext - bytes)));
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
