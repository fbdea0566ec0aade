/*
 * What DeviceScript's Buffers lack: Node's functions for big-endian integers (its own number formats are little-endian)
 * and for copying a part of a Buffer, and a comparison in constant time. Programs that also run on the official machine
 * check whether they exist.
 */
#include "buffer.h"
#include "builtins.h"
#include "exception.h"
#include "interpreter.h"
#include "number.h"
#include "state.h"

#include <string.h>

enum { MOST_WIDTH = 6 };

/** Converts a 32-bit integer. Throws and returns false if the value is not one. */
static bool to_integer(mote_vm *vm, mote_value value, const char *name, int32_t *number)
{
    if (mote_is_int(vm, value, number)) return true;
    enum mote_error kind = mote_is_number(vm, value) ? MOTE_RANGE_ERROR : MOTE_TYPE_ERROR;
    return mote_throw_error(vm, kind, "%s must be an integer", name) != MOTE_FAILED;
}

/** The bytes at `offset` of a Buffer. Throws and returns NULL if it is not a Buffer that has that many. */
static uint8_t *range_of(mote_vm *vm, mote_value buffer, mote_value offset, mote_value bytes, uint32_t *count)
{
    uint32_t length;
    int32_t at, wanted;
    uint8_t *data = mote_buffer_data(vm, buffer, &length);
    if (data == NULL) mote_throw_expecting(vm, "buffer", buffer);
    if (data == NULL || !to_integer(vm, offset, "offset", &at) || !to_integer(vm, bytes, "byteLength", &wanted))
        return NULL;
    *count = (uint32_t)wanted;
    if ((uint32_t)at <= length && length - (uint32_t)at >= *count) return data + at;
    mote_throw_error(vm, MOTE_RANGE_ERROR, "offset and byteLength must lie in the buffer");
    return NULL;
}

/** The same for the bytes of an integer. */
static uint8_t *integer_at(mote_vm *vm, mote_value buffer, mote_value offset, mote_value width, uint32_t *bytes)
{
    int32_t wide;
    if (mote_is_int(vm, width, &wide) && (uint32_t)wide - 1 >= MOST_WIDTH) {
        mote_throw_error(vm, MOTE_RANGE_ERROR, "byteLength must be 1 to 6");
        return NULL;
    }
    return range_of(vm, buffer, offset, width, bytes);
}

static mote_value read_uint_be(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)count;
    uint32_t width;
    const uint8_t *at = integer_at(vm, receiver, args[0], args[1], &width);
    if (at == NULL) return MOTE_FAILED;
    uint64_t number = 0;
    for (uint32_t i = 0; i < width; i++) number = number << 8 | at[i];
    return number <= UINT32_MAX ? mote_uint_value(vm, (uint32_t)number) : mote_number(vm, (double)number);
}

/** The number as an unsigned integer of up to 48 bits; UINT64_MAX if it is not one. */
static uint64_t to_uint(mote_vm *vm, mote_value value)
{
    if (is_small(value)) return (int32_t)value >= 0 ? (uint32_t)small_int(value) : UINT64_MAX;
    double number = mote_to_double(vm, value);
    uint64_t integer = number >= 0 && number < 281474976710656.0 ? (uint64_t)number : UINT64_MAX;
    return (double)integer == number ? integer : UINT64_MAX;
}

/** Returns the offset after the integer, as in Node. */
static mote_value write_uint_be(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)count;
    uint32_t width;
    if (has_tag(receiver, TAG_IMAGE_BUFFER)) return mote_throw_expecting(vm, "writable buffer", receiver);
    uint8_t *at = integer_at(vm, receiver, args[1], args[2], &width);
    if (at != NULL && !mote_is_number(vm, args[0]))
        return mote_throw_error(vm, MOTE_TYPE_ERROR, "value must be a number");
    if (at == NULL) return MOTE_FAILED;
    uint64_t number = to_uint(vm, args[0]);
    if (number >> (8 * width) != 0)
        return mote_throw_error(vm, MOTE_RANGE_ERROR, "value must be an integer that fits in byteLength");
    for (uint32_t i = width; i-- > 0; number >>= 8) at[i] = (uint8_t)number;
    return mote_int(vm, mote_to_int(vm, args[1]) + (int32_t)width);
}

/** Whether the bytes at `offset` are the first of another Buffer; the time depends only on their number. */
static mote_value equals_at(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    uint32_t length;
    uint8_t differs = 0;
    const uint8_t *at = range_of(vm, receiver, args[0], args[2], &length);
    const uint8_t *part = at == NULL ? NULL : range_of(vm, args[1], small_value(0), args[2], &length);
    if (part == NULL) return MOTE_FAILED;
    for (count = 0; count < length; count++) differs |= at[count] ^ part[count];
    return bool_value(differs == 0);
}

/** A new Buffer with a copy of `length` bytes from `offset` on, clamped as in Node. */
static mote_value copy_bytes_from(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    uint32_t available;
    int32_t from = 0, wanted = INT32_MAX;
    const uint8_t *data = mote_buffer_data(vm, args[0], &available); /* stays valid: blocks do not move */
    if (data == NULL) return mote_throw_expecting(vm, "buffer", args[0]);
    bool fits = (args[1] == MOTE_UNDEFINED || to_integer(vm, args[1], "offset", &from)) &&
                (args[2] == MOTE_UNDEFINED || to_integer(vm, args[2], "length", &wanted));
    if (!fits) return MOTE_FAILED;
    if (from < 0) return mote_throw_error(vm, MOTE_RANGE_ERROR, "offset must not be negative");
    if (wanted < 0) return mote_throw_error(vm, MOTE_RANGE_ERROR, "length must not be negative");
    uint32_t start = (uint32_t)from < available ? (uint32_t)from : available;
    uint32_t length = (uint32_t)wanted < available - start ? (uint32_t)wanted : available - start;
    return mote_buffer_of(vm, data + start, length);
}

const mote_native_entry mote_byte_functions[] = {
    {"copyBytesFrom", copy_bytes_from, 3},
    {0},
};

const mote_native_entry mote_byte_natives[] = {
    {"readUIntBE", read_uint_be, 2},
    {"writeUIntBE", write_uint_be, 3},
    {"equalsAt", equals_at, 3},
    {0},
};
