/*
 * Big-endian integers in Buffers, and copies of a part, under the names of Node: Buffer and its prototype have them
 * beside what DeviceScript gives them, whose own formats are little-endian. Programs that also run on the official
 * machine look whether they are there.
 */
#include "buffer.h"
#include "builtins.h"
#include "exception.h"
#include "interpreter.h"
#include "number.h"
#include "state.h"

#include <string.h>

enum { MOST_WIDTH = 6 };

/** An integer of 32 bits; false, and thrown, when it is none. */
static bool to_integer(mote_vm *vm, mote_value value, const char *name, int32_t *number)
{
    if (mote_is_int(vm, value, number)) return true;
    enum mote_error kind = mote_is_number(vm, value) ? MOTE_RANGE_ERROR : MOTE_TYPE_ERROR;
    return mote_throw_error(vm, kind, "%s must be an integer", name) != MOTE_FAILED;
}

/** The bytes at `offset` of the receiver; NULL when it is no Buffer that has them, and thrown. */
static uint8_t *range_of(mote_vm *vm, mote_value receiver, mote_value offset, mote_value width, uint32_t *bytes)
{
    uint32_t length;
    int32_t at, wide;
    uint8_t *data = mote_buffer_data(vm, receiver, &length);
    if (data == NULL) mote_throw_expecting(vm, "buffer", receiver);
    if (data == NULL || !to_integer(vm, offset, "offset", &at) || !to_integer(vm, width, "byteLength", &wide))
        return NULL;
    *bytes = (uint32_t)wide;
    if (*bytes - 1 >= MOST_WIDTH) mote_throw_error(vm, MOTE_RANGE_ERROR, "byteLength must be 1 to 6");
    else if ((uint32_t)at > length || length - (uint32_t)at < *bytes)
        mote_throw_error(vm, MOTE_RANGE_ERROR, "offset and byteLength must lie in the buffer");
    else return data + at;
    return NULL;
}

static mote_value read_uint_be(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)count;
    uint32_t width;
    const uint8_t *at = range_of(vm, receiver, args[0], args[1], &width);
    if (at == NULL) return MOTE_FAILED;
    uint32_t high = 0, low = 0;
    for (uint32_t i = 0; i < width; i++) {
        high = high << 8 | low >> 24;
        low = low << 8 | at[i];
    }
    if (high == 0) return mote_uint_value(vm, low);
    return mote_number(vm, (double)high * 4294967296.0 + (double)low);
}

/** False, and thrown, when the number is no integer from 0 on of so many bytes. */
static bool to_words(mote_vm *vm, mote_value value, uint32_t width, uint32_t *high, uint32_t *low)
{
    if (is_small(value) && (int32_t)value >= 0) {
        *high = 0;
        *low = (uint32_t)small_int(value);
    } else {
        double number = mote_to_double(vm, value), upper = number / 4294967296.0;
        bool fits = number >= 0 && upper < 65536.0;
        *high = fits ? (uint32_t)upper : 0;
        *low = fits ? (uint32_t)(number - *high * 4294967296.0) : 0;
        if (!fits || *high * 4294967296.0 + *low != number) width = 0;
    }
    uint32_t beyond = width == 0   ? 1
                      : width > 4  ? *high >> (8 * (width - 4))
                      : width == 4 ? *high
                                   : *low >> (8 * width);
    if (width > 0 && width < 4) beyond |= *high;
    if (beyond != 0) mote_throw_error(vm, MOTE_RANGE_ERROR, "value must be an integer that fits in byteLength");
    return beyond == 0;
}

/** The place behind it, as in Node. */
static mote_value write_uint_be(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)count;
    uint32_t width, high, low;
    if (has_tag(receiver, TAG_IMAGE_BUFFER)) return mote_throw_expecting(vm, "writable buffer", receiver);
    uint8_t *at = range_of(vm, receiver, args[1], args[2], &width);
    if (at != NULL && !mote_is_number(vm, args[0]))
        return mote_throw_error(vm, MOTE_TYPE_ERROR, "value must be a number");
    if (at == NULL || !to_words(vm, args[0], width, &high, &low)) return MOTE_FAILED;
    for (uint32_t i = width; i-- > 0;) {
        at[i] = (uint8_t)low;
        low = low >> 8 | high << 24;
        high >>= 8;
    }
    return mote_int(vm, mote_to_int(vm, args[1]) + (int32_t)width);
}

/** Bytes from `offset` on, `length` of them, as a Buffer of their own; both ranges are cut as in Node. */
static mote_value copy_bytes_from(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    uint32_t available;
    int32_t from = 0, wanted = INT32_MAX;
    if (mote_buffer_data(vm, args[0], &available) == NULL) return mote_throw_expecting(vm, "buffer", args[0]);
    bool fits = (args[1] == MOTE_UNDEFINED || to_integer(vm, args[1], "offset", &from)) &&
                (args[2] == MOTE_UNDEFINED || to_integer(vm, args[2], "length", &wanted));
    if (!fits) return MOTE_FAILED;
    if (from < 0) return mote_throw_error(vm, MOTE_RANGE_ERROR, "offset must not be negative");
    if (wanted < 0) return mote_throw_error(vm, MOTE_RANGE_ERROR, "length must not be negative");
    uint32_t start = (uint32_t)from < available ? (uint32_t)from : available;
    uint32_t length = (uint32_t)wanted < available - start ? (uint32_t)wanted : available - start;
    mote_value v = mote_buffer_new(vm, length);
    if (v != MOTE_FAILED)
        memcpy(((block_buffer *)at_offset(vm, v))->data, mote_buffer_data(vm, args[0], &available) + start, length);
    return v;
}

const mote_native_entry mote_byte_functions[] = {
    {"copyBytesFrom", copy_bytes_from, 3},
    {0},
};

const mote_native_entry mote_byte_natives[] = {
    {"readUIntBE", read_uint_be, 2},
    {"writeUIntBE", write_uint_be, 3},
    {0},
};
