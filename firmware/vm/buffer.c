/*
 * Buffers: bytes, number formats, conversion from and to text. A Buffer is a heap block with its bytes, or an immediate
 * that refers to bytes of the image, which are read-only. mote_buffer_data returns the bytes of either; code that
 * writes must check mote_buffer_is_writable first.
 *
 * Number formats are the compiler's: integers of 1 to 8 bytes, floats, and fixed point as an integer with a shift, all
 * little-endian like the processor. Numbers out of range saturate instead of wrapping, as on the official machine.
 */
#include "buffer.h"
#include "array.h"
#include "builtins.h"
#include "exception.h"
#include "heap.h"
#include "number.h"
#include "operations.h"
#include "state.h"
#include "text.h"
#include "utf8_string.h"

#include <math.h>
#include <string.h>

mote_value mote_buffer_of(mote_vm *vm, const uint8_t *data, uint32_t length)
{
    mote_value v = mote_new_unset_buffer(vm, length);
    if (v != MOTE_FAILED && length > 0) memcpy(((block_buffer *)at_offset(vm, v))->data, data, length);
    return v;
}

uint8_t *mote_buffer_data(const mote_vm *vm, mote_value v, uint32_t *length)
{
    if (has_kind(vm, v, KIND_BUFFER)) {
        block_buffer *buffer = at_offset(vm, v);
        *length = buffer->length;
        return buffer->data;
    }
    if (!has_tag(v, TAG_IMAGE_BUFFER)) return NULL;
    /* Never written: every store checks for KIND_BUFFER. */
    return (uint8_t *)(uintptr_t)image_buffer(&vm->image, payload(v), length);
}

/** The bytes of a Buffer or string, for reading. */
static const uint8_t *readable(mote_vm *vm, mote_value v, uint32_t *length)
{
    const uint8_t *data = mote_buffer_data(vm, v, length);
    if (data == NULL && mote_is_string(vm, v)) data = (const uint8_t *)mote_string_text(vm, v, length, NULL);
    if (data == NULL) mote_throw_expecting(vm, "buffer", v);
    return data;
}

static uint8_t *writable(mote_vm *vm, mote_value v, uint32_t *length)
{
    if (has_kind(vm, v, KIND_BUFFER)) return mote_buffer_data(vm, v, length);
    mote_throw_expecting(vm, "mutable Buffer", v);
    return NULL;
}

/* Number formats: bits 0-3 type (0-3 unsigned, 4-7 signed, 8-11 float, by size), bits 4.. fixed-point shift. */

enum { FORMAT_SIGNED = 4, FORMAT_FLOAT = 8, FORMAT_F32 = 10, FORMAT_F64 = 11 };

static double bits_to_float(uint32_t type, uint64_t bits)
{
    if (type == FORMAT_F32) {
        uint32_t word = (uint32_t)bits;
        float single;
        memcpy(&single, &word, sizeof single);
        return single;
    }
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static mote_value load_number(mote_vm *vm, const uint8_t *at, uint32_t format)
{
    uint32_t type = format & 15u, size = 1u << (type & 3u), shift = format >> 4, spare = 64 - 8 * size;
    uint64_t bits = 0;
    memcpy(&bits, at, size);
    if (type >= FORMAT_FLOAT) return mote_number(vm, bits_to_float(type, bits));
    if (size <= 4 && shift == 0) {
        uint32_t word = (uint32_t)bits;
        if (type < FORMAT_SIGNED) return mote_uint_value(vm, word);
        return mote_int(vm, (int32_t)(word << (spare - 32)) >> (spare - 32));
    }
    double number = type < FORMAT_SIGNED ? (double)bits : (double)((int64_t)(bits << spare) >> spare);
    return mote_number(vm, ldexp(number, -(int)shift));
}

static bool is_format(uint32_t format)
{
    uint32_t type = format & 15u;
    return type < FORMAT_FLOAT ? (format >> 4) < 64 : type == FORMAT_F32 || type == FORMAT_F64;
}

static mote_value throw_format(mote_vm *vm)
{
    return mote_throw_error(vm, MOTE_TYPE_ERROR, "number format not supported (yet)");
}

mote_value mote_buffer_load(mote_vm *vm, mote_value buffer, mote_value format, mote_value offset)
{
    uint32_t length, kind = (uint32_t)mote_to_int(vm, format), at = (uint32_t)mote_to_int(vm, offset);
    const uint8_t *data = readable(vm, buffer, &length);
    if (data == NULL) return MOTE_FAILED;
    if (!is_format(kind)) return throw_format(vm);
    uint32_t size = 1u << (kind & 3u);
    if (at > length || length - at < size) return MOTE_UNDEFINED;
    return load_number(vm, data + at, kind);
}

/** Saturates. A fraction is converted by trunc(number + 0.5). */
static uint64_t to_integer_bits(uint32_t type, double number)
{
    uint32_t size = 8u << (type & 3u);
    bool is_signed = type >= FORMAT_SIGNED;
    double limit = ldexp(1, (int)(is_signed ? size - 1 : size)), least = is_signed ? -limit : 0;
    if (number != number) return 0;
    if (number != floor(number)) number = trunc(number + 0.5);
    uint64_t most = is_signed ? ((uint64_t)1 << (size - 1)) - 1 : UINT64_MAX;
    if (number <= least) return most + 1;
    if (number >= limit) return most;
    return is_signed ? (uint64_t)(int64_t)number : (uint64_t)number;
}

static uint64_t to_bits(uint32_t type, double number)
{
    uint64_t bits;
    if (type == FORMAT_F32) {
        float single = (float)number;
        uint32_t word;
        memcpy(&word, &single, sizeof word);
        return word;
    }
    if (type != FORMAT_F64) return to_integer_bits(type, number);
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

bool mote_buffer_store(mote_vm *vm, mote_value buffer, mote_value format, mote_value offset, mote_value value)
{
    uint32_t length, kind = (uint32_t)mote_to_int(vm, format), at = (uint32_t)mote_to_int(vm, offset);
    if (!mote_is_buffer(vm, buffer)) return mote_throw_expecting(vm, "buffer", buffer) != MOTE_FAILED;
    uint8_t *data = writable(vm, buffer, &length);
    if (data == NULL) return false;
    uint32_t size = 1u << (kind & 3u), type = kind & 15u;
    if (!is_format(kind)) return throw_format(vm) != MOTE_FAILED;
    if (at > length || length - at < size)
        return mote_throw_error(vm, MOTE_RANGE_ERROR, "buffer store out of range") != MOTE_FAILED;
    double number = mote_to_double(vm, value);
    if (type < FORMAT_FLOAT) number = ldexp(number, (int)(kind >> 4));
    uint64_t bits = to_bits(type, number);
    memcpy(data + at, &bits, size);
    return true;
}

/* For hosts (mote_vm.h). */

uint8_t *mote_buffer(mote_vm *vm, mote_value value, size_t *length)
{
    uint32_t bytes = 0;
    uint8_t *data = mote_buffer_data(vm, value, &bytes);
    *length = bytes;
    return data;
}

bool mote_is_buffer(mote_vm *vm, mote_value value)
{
    return has_kind(vm, value, KIND_BUFFER) || has_tag(value, TAG_IMAGE_BUFFER);
}

bool mote_buffer_is_writable(mote_vm *vm, mote_value value)
{
    return has_kind(vm, value, KIND_BUFFER);
}

mote_value mote_new_unset_buffer(mote_vm *vm, size_t length)
{
    if (length > 0xffffff) return mote_throw_error(vm, MOTE_RANGE_ERROR, "buffer too big");
    mote_value v = mote_heap_new(vm, KIND_BUFFER, 4 + (uint32_t)length);
    if (v != MOTE_FAILED) ((block_buffer *)at_offset(vm, v))->length = (uint32_t)length;
    return v;
}

mote_value mote_new_buffer(mote_vm *vm, size_t length)
{
    mote_value v = mote_new_unset_buffer(vm, length);
    if (v != MOTE_FAILED) memset(((block_buffer *)at_offset(vm, v))->data, 0, length);
    return v;
}

void mote_shorten_buffer(mote_vm *vm, mote_value buffer, size_t length)
{
    block_buffer *b = at_offset(vm, buffer);
    memset(b->data + length, 0, b->length - length);
    b->length = (uint32_t)length;
}

/* Natives. */

static mote_value buffer_alloc(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    return mote_alloc_buffer(vm, args[0]);
}

static mote_value from_array(mote_vm *vm, mote_value array)
{
    uint32_t length = array_length(vm, array);
    mote_value v = mote_new_buffer(vm, length);
    if (v == MOTE_FAILED) return v;
    uint8_t *data = ((block_buffer *)at_offset(vm, v))->data;
    for (uint32_t i = 0; i < length; i++) data[i] = (uint8_t)mote_to_int(vm, array_items(vm, array)[i]);
    return v;
}

/** Parses pairs of hexadecimal digits, skipping all other characters. */
static mote_value from_hex(mote_vm *vm, const char *text, uint32_t length)
{
    uint32_t digits = 0;
    for (uint32_t i = 0; i < length; i++) digits += mote_digit(text[i]) < 16;
    mote_value v = mote_new_buffer(vm, digits / 2);
    if (v == MOTE_FAILED) return v;
    uint8_t *data = ((block_buffer *)at_offset(vm, v))->data;
    uint32_t put = 0;
    for (uint32_t i = 0; i < length && put / 2 < digits / 2; i++) {
        unsigned digit = mote_digit(text[i]);
        if (digit >= 16) continue;
        data[put / 2] = (uint8_t)((uint32_t)data[put / 2] << 4 | digit);
        put++;
    }
    return v;
}

enum encoding { ENCODING_UTF8, ENCODING_HEX, ENCODING_UNKNOWN };

static enum encoding encoding_of(mote_vm *vm, mote_value v)
{
    if (is_falsy_constant(v)) return ENCODING_UTF8;
    if (mote_is_string(vm, v)) {
        if (mote_string_equals(vm, v, builtin_value(S_hex))) return ENCODING_HEX;
        if (mote_string_equals(vm, v, builtin_value(S_utf8)) || mote_string_equals(vm, v, builtin_value(S_utf_8)))
            return ENCODING_UTF8;
    }
    uint32_t length;
    root_push(vm, v);
    mote_value text = mote_to_string(vm, v);
    roots_drop(vm, 1);
    if (text != MOTE_FAILED)
        mote_throw_error(vm, MOTE_TYPE_ERROR, "Unknown encoding: %s", mote_string_text(vm, text, &length, NULL));
    return ENCODING_UNKNOWN;
}

static mote_value buffer_from(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    uint32_t length;
    if (has_kind(vm, args[0], KIND_ARRAY)) return from_array(vm, args[0]);
    const uint8_t *data = mote_buffer_data(vm, args[0], &length);
    if (data != NULL) return mote_buffer_of(vm, data, length);
    if (!mote_is_string(vm, args[0])) return mote_throw_error(vm, MOTE_TYPE_ERROR, "Expecting string, buffer or array");
    enum encoding encoding = encoding_of(vm, args[1]);
    if (encoding == ENCODING_UNKNOWN) return MOTE_FAILED;
    const char *string = mote_string_text(vm, args[0], &length, NULL);
    return encoding == ENCODING_HEX ? from_hex(vm, string, length)
                                    : mote_buffer_of(vm, (const uint8_t *)string, length);
}

static mote_value buffer_length(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)args, (void)count;
    uint32_t length;
    if (mote_buffer_data(vm, receiver, &length) == NULL) return mote_throw_expecting(vm, "buffer", receiver);
    return mote_uint_value(vm, length);
}

static mote_value to_hex(mote_vm *vm, mote_value buffer)
{
    uint32_t length;
    const uint8_t *data = mote_buffer_data(vm, buffer, &length);
    text_builder text;
    if (!mote_text_begin(&text, vm, UINT32_MAX)) return MOTE_FAILED;
    mote_text_add_hex(&text, data, length);
    return mote_text_end(&text);
}

static mote_value buffer_to_string(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)count;
    uint32_t length;
    const uint8_t *data = mote_buffer_data(vm, receiver, &length);
    if (data == NULL) return mote_throw_expecting(vm, "buffer", receiver);
    enum encoding encoding = encoding_of(vm, args[0]);
    if (encoding == ENCODING_UNKNOWN) return MOTE_FAILED;
    return encoding == ENCODING_HEX ? to_hex(vm, receiver) : mote_string_from_bytes(vm, data, length);
}

static mote_value buffer_fill_at(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)count;
    uint32_t length;
    uint8_t *data = writable(vm, receiver, &length);
    if (data == NULL) return MOTE_FAILED;
    int64_t from = mote_to_int(vm, args[0]), size = mote_to_int(vm, args[1]);
    if (from < 0) return MOTE_UNDEFINED;
    if (size > (int64_t)length - from) size = (int64_t)length - from;
    if (size > 0) memset(data + from, mote_to_int(vm, args[2]), (size_t)size);
    return MOTE_UNDEFINED;
}

static mote_value buffer_blit_at(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)count;
    uint32_t length, available;
    uint8_t *to = writable(vm, receiver, &length);
    const uint8_t *from = to == NULL ? NULL : readable(vm, args[1], &available);
    if (from == NULL) return MOTE_FAILED;
    int64_t at = mote_to_int(vm, args[0]), start = mote_to_int(vm, args[2]), size = mote_to_int(vm, args[3]);
    if (at < 0 || start < 0) return MOTE_UNDEFINED;
    if (size > (int64_t)length - at) size = (int64_t)length - at;
    if (size > (int64_t)available - start) size = (int64_t)available - start;
    if (size > 0) memmove(to + at, from + start, (size_t)size);
    return MOTE_UNDEFINED;
}

static void reverse(uint8_t *data, uint32_t from, uint32_t to)
{
    for (; from + 1 < to; from++, to--) {
        uint8_t byte = data[from];
        data[from] = data[to - 1];
        data[to - 1] = byte;
    }
}

/** Rotates to the left by args[0] (to the right if negative) within [args[1], args[2]). */
static mote_value buffer_rotate(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)count;
    uint32_t length;
    uint8_t *data = writable(vm, receiver, &length);
    if (data == NULL) return MOTE_FAILED;
    int32_t by = mote_to_int(vm, args[0]);
    uint32_t from = is_falsy_constant(args[1]) ? 0 : (uint32_t)mote_to_int(vm, args[1]);
    uint32_t to = is_falsy_constant(args[2]) ? length : (uint32_t)mote_to_int(vm, args[2]);
    if (from > to || to > length) return mote_throw_error(vm, MOTE_RANGE_ERROR, "invalid rotation range");
    if (from == to) return MOTE_UNDEFINED;
    int64_t size = (int64_t)to - from, left = by % size;
    if (left < 0) left += size;
    reverse(data, from, from + (uint32_t)left);
    reverse(data, from + (uint32_t)left, to);
    reverse(data, from, to);
    return MOTE_UNDEFINED;
}

/** Index of the first such byte in [from, end); if end is negative, of the last one in [from, -end). */
static mote_value buffer_index_of(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)count;
    uint32_t length;
    const uint8_t *data = mote_buffer_data(vm, receiver, &length);
    if (data == NULL) return mote_throw_expecting(vm, "buffer", receiver);
    int32_t wanted = mote_to_int(vm, args[0]);
    int32_t from = mote_to_int(vm, args[1]), found = -1;
    int32_t end = is_nullish(args[2]) ? (int32_t)length : mote_to_int(vm, args[2]);
    bool last = end < 0;
    if (last) end = end == INT32_MIN ? INT32_MAX : -end;
    if (end > (int32_t)length) end = (int32_t)length;
    for (int32_t i = from < 0 ? 0 : from; i < end && (found < 0 || last); i++)
        if (data[i] == wanted) found = i;
    return mote_int(vm, found);
}

static mote_value buffer_fill_random(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)args, (void)count;
    uint32_t length;
    uint8_t *data = writable(vm, receiver, &length);
    if (data == NULL) return MOTE_FAILED;
    if (vm->host->random == NULL || !vm->host->random(vm->host->context, data, length))
        return mote_throw_error(vm, MOTE_ERROR, "no randomness yet");
    return MOTE_UNDEFINED;
}

const native_entry mote_buffer_natives[] = {
    {OBJECT_Buffer, S_alloc, NATIVE_FUNCTION, 1, buffer_alloc},
    {OBJECT_Buffer, S_from, NATIVE_FUNCTION, 2, buffer_from},
    {OBJECT_Buffer_prototype, S_length, NATIVE_PROPERTY, 0, buffer_length},
    {OBJECT_Buffer_prototype, S_toString, NATIVE_METHOD, 1, buffer_to_string},
    {OBJECT_Buffer_prototype, S_fillAt, NATIVE_METHOD, 3, buffer_fill_at},
    {OBJECT_Buffer_prototype, S_blitAt, NATIVE_METHOD, 4, buffer_blit_at},
    {OBJECT_Buffer_prototype, S_rotate, NATIVE_METHOD, 3, buffer_rotate},
    {OBJECT_Buffer_prototype, S_indexOf, NATIVE_METHOD, 3, buffer_index_of},
    {OBJECT_Buffer_prototype, S_fillRandom, NATIVE_METHOD, 0, buffer_fill_random},
    {0},
};
