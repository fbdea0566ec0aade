/*
 * Records in one call, so that the interpreter stays out of the byte work (RFC 6347 section 4.1, RFC 5246
 * section 6.2.3.3). Policy - windows, limits, which epoch - is the script's.
 */
#include "aead.h"
#include "aead_key.h"
#include "arguments.h"
#include "handles.h"

#include <string.h>

/** Places in the packed state of natives.ts, and of a record's header. */
enum {
    STATE_BYTES = 32,
    STATE_FORM = 0,
    STATE_HANDLE = 1,
    STATE_EPOCH = 3, /* 2, then the sequence number in 6: together what a record carries */
    STATE_IV = 11,
    STATE_IV_BYTES = 23,
    STATE_EXPLICIT_BYTES = 24,
    FORM_DTLS_1_2 = 1,
    HEADER_BYTES = 13,
    HEADER_NUMBER = 3,
    HEADER_LENGTH = 11,
    NUMBER_BYTES = 8,
    AAD_BYTES = 13,
    MOST_MESSAGES = 64,
    MOST_MESSAGE_BYTES = 16384
};

/** The state, taken apart. */
typedef struct {
    uint8_t *bytes;
    aead_key *key;
    size_t iv_bytes, explicit_bytes, tag_bytes;
} record_state;

static unsigned read_16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

static void write_16(uint8_t *at, size_t number)
{
    at[0] = (uint8_t)(number >> 8);
    at[1] = (uint8_t)number;
}

static bool state_argument(mote_vm *vm, mote_value value, record_state *state)
{
    const uint8_t *bytes;
    size_t length;
    if (!mote_sized_argument(vm, value, "state", STATE_BYTES, &bytes) ||
        !mote_target_argument(vm, value, "state", &state->bytes, &length))
        return false;
    state->key = mote_handle_object((int32_t)read_16(bytes + STATE_HANDLE), HANDLE_AEAD);
    state->iv_bytes = bytes[STATE_IV_BYTES];
    state->explicit_bytes = bytes[STATE_EXPLICIT_BYTES];
    bool fits = (state->iv_bytes == 4 && state->explicit_bytes == NUMBER_BYTES) ||
                (state->iv_bytes == AEAD_NONCE_BYTES && state->explicit_bytes == 0);
    if (bytes[STATE_FORM] != FORM_DTLS_1_2 || state->key == NULL || !fits)
        return mote_throw_range(vm, "state", "of form 1 with an open AEAD") != MOTE_FAILED;
    state->tag_bytes = mote_aead_tag_bytes(state->key);
    return true;
}

/** What is written or read beside the state: were it the state itself, the key and the numbers would be overwritten. */
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

static void make_aad(const uint8_t *number, uint8_t type, size_t length, uint8_t *aad)
{
    memcpy(aad, number, NUMBER_BYTES);
    aad[8] = type;
    aad[9] = 0xfe;
    aad[10] = 0xfd;
    write_16(aad + 11, length);
}

static void count_up(uint8_t *number)
{
    for (size_t i = NUMBER_BYTES; i-- > 2;)
        if (++number[i] != 0) return;
}

/** Whether `count` more records stay below the last sequence number: it is never used, so numbers never wrap. */
static bool has_numbers(const record_state *state, size_t count)
{
    uint64_t next = 0;
    for (size_t i = 2; i < NUMBER_BYTES; i++) next = next << 8 | state->bytes[STATE_EPOCH + i];
    return next + count <= 0xffffffffffffu;
}

static size_t record_bytes(const record_state *state, size_t length)
{
    return HEADER_BYTES + state->explicit_bytes + length + state->tag_bytes;
}

static bool seal_one(const record_state *state, uint8_t type, byte_view message, uint8_t *record)
{
    uint8_t nonce[AEAD_NONCE_BYTES], aad[AAD_BYTES];
    const uint8_t *number = state->bytes + STATE_EPOCH;
    uint8_t *fragment = record + HEADER_BYTES;
    make_nonce(state, number, nonce);
    make_aad(number, type, message.length, aad);
    record[0] = type;
    record[1] = 0xfe;
    record[2] = 0xfd;
    memcpy(record + HEADER_NUMBER, number, NUMBER_BYTES);
    write_16(record + HEADER_LENGTH, state->explicit_bytes + message.length + state->tag_bytes);
    memcpy(fragment, number, state->explicit_bytes);
    return mote_aead_key_seal(state->key, nonce, aad, AAD_BYTES, message.data, message.length,
                              fragment + state->explicit_bytes);
}

/** The messages' sizes as records, or 0 when one is none, and thrown. */
static size_t measure(mote_vm *vm, const record_state *state, mote_value messages)
{
    size_t count = mote_array_length(vm, messages), total = 0;
    byte_view message;
    if (!mote_is_array(vm, messages)) return mote_throw_type(vm, "messages", "an array");
    if (count < 1 || count > MOST_MESSAGES) return mote_throw_range(vm, "messages", "1 to 64 Buffers");
    for (size_t i = 0; i < count; i++) {
        message.data = mote_buffer(vm, mote_array_at(vm, messages, i), &message.length);
        if (message.data == NULL) return mote_throw_type(vm, "messages", "an array of Buffers");
        if (message.data == state->bytes) return mote_throw_range(vm, "messages", "other Buffers than the state");
        if (message.length > MOST_MESSAGE_BYTES) return mote_throw_range(vm, "messages", "at most 16384 bytes each");
        total += record_bytes(state, message.length);
    }
    return total;
}

mote_value mote_native_record_seal(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    record_state state;
    int32_t type;
    if (!state_argument(vm, args[0], &state) || !mote_integer_argument(vm, args[1], "type", 0, 255, &type))
        return MOTE_FAILED;
    size_t total = measure(vm, &state, args[2]), messages = mote_array_length(vm, args[2]);
    if (total > 0 && !has_numbers(&state, messages))
        return mote_throw_range(vm, "state", "below the last sequence number");
    mote_value result = total == 0 ? MOTE_FAILED : mote_new_buffer(vm, total);
    if (result == MOTE_FAILED) return result;
    uint8_t *record = mote_bytes_of_buffer(vm, result);
    for (size_t i = 0; i < messages; i++) {
        byte_view message;
        message.data = mote_buffer(vm, mote_array_at(vm, args[2], i), &message.length);
        if (!seal_one(&state, (uint8_t)type, message, record))
            return mote_throw(vm, MOTE_ERROR, "the crypto library failed");
        count_up(state.bytes + STATE_EPOCH);
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

mote_value mote_native_record_sequence(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    record_state state;
    byte_view datagram;
    int32_t offset, end;
    if (!state_argument(vm, args[0], &state) || !mote_buffer_argument(vm, args[1], "datagram", &datagram) ||
        !mote_integer_argument(vm, args[3], "end", 0, (int32_t)datagram.length, &end) ||
        !mote_integer_argument(vm, args[2], "offset", 0, end, &offset))
        return MOTE_FAILED;
    const uint8_t *header = datagram.data + offset;
    size_t left = (size_t)(end - offset);
    if (left < HEADER_BYTES || !is_content_type(header[0])) return mote_int(vm, -1);
    if (memcmp(header + HEADER_NUMBER, state.bytes + STATE_EPOCH, 2) != 0) return mote_int(vm, -1);
    size_t length = read_16(header + HEADER_LENGTH);
    bool ours = read_16(header + 1) == 0xfefd && length <= MOST_FRAGMENT && length <= left - HEADER_BYTES;
    if (!ours) return mote_int(vm, -1);
    uint32_t high = read_16(header + 5), low = read_16(header + 7) << 16 | read_16(header + 9);
    bool small = high == 0 && low <= INT32_MAX;
    return small ? mote_int(vm, (int32_t)low) : mote_number(vm, (double)high * 4294967296.0 + (double)low);
}

/** The fragment of a record that is to be opened. */
typedef struct {
    uint8_t nonce[AEAD_NONCE_BYTES], aad[AAD_BYTES];
    const uint8_t *ciphertext;
    size_t length; /* of the plaintext */
} protected_fragment;

/** False when there is no whole record at `offset`, or it is too short for one of these keys. */
static bool find_fragment(const record_state *state, byte_view datagram, int32_t offset, protected_fragment *fragment)
{
    const uint8_t *header = datagram.data + offset;
    size_t left = datagram.length - (size_t)offset, overhead = state->explicit_bytes + state->tag_bytes;
    if (left < HEADER_BYTES) return false;
    size_t bytes = read_16(header + HEADER_LENGTH);
    if (bytes > left - HEADER_BYTES || bytes < overhead) return false;
    fragment->ciphertext = header + HEADER_BYTES + state->explicit_bytes;
    fragment->length = bytes - overhead;
    make_nonce(state, header + (state->explicit_bytes > 0 ? HEADER_BYTES : HEADER_NUMBER), fragment->nonce);
    make_aad(header + HEADER_NUMBER, header[0], fragment->length, fragment->aad);
    return true;
}

static bool open_fragment(const record_state *state, const protected_fragment *fragment, uint8_t *plaintext)
{
    return mote_aead_key_open(state->key, fragment->nonce, fragment->aad, AAD_BYTES, fragment->ciphertext,
                              fragment->length, plaintext);
}

mote_value mote_native_record_open(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    record_state state;
    byte_view datagram;
    int32_t offset;
    protected_fragment fragment;
    if (!state_argument(vm, args[0], &state) || !mote_buffer_argument(vm, args[1], "datagram", &datagram) ||
        !mote_integer_argument(vm, args[2], "offset", 0, (int32_t)datagram.length, &offset))
        return MOTE_FAILED;
    if (!find_fragment(&state, datagram, offset, &fragment)) return MOTE_UNDEFINED;
    mote_value result = mote_new_buffer(vm, fragment.length);
    if (result == MOTE_FAILED) return result;
    return open_fragment(&state, &fragment, mote_bytes_of_buffer(vm, result)) ? result : MOTE_UNDEFINED;
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
    const byte_view datagram = {bytes, length};
    bool authentic = find_fragment(&state, datagram, offset, &fragment) &&
                     open_fragment(&state, &fragment, bytes + (fragment.ciphertext - bytes));
    return mote_int(vm, authentic ? (int32_t)fragment.length : -1);
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
    if (!has_numbers(&state, 1)) return mote_throw_range(vm, "state", "below the last sequence number");
    uint8_t *record = bytes + offset;
    const byte_view message = {record + HEADER_BYTES + state.explicit_bytes, (size_t)length};
    bool done = seal_one(&state, (uint8_t)type, message, record);
    count_up(state.bytes + STATE_EPOCH); /* also of one that failed: the program sees what was written by then */
    return done ? mote_int(vm, (int32_t)whole) : mote_throw(vm, MOTE_ERROR, "the crypto library failed");
}
