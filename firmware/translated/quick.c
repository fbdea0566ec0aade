/*
 * Intrinsics: fast paths of natives that translated functions call very often. Each does the common case, with small
 * integers and a Buffer or array that has the room, and calls the native for everything else.
 */
#include "array.h"
#include "buffer.h"
#include "translated.h"

#include <string.h>

static bool done(mote_vm *vm, mote_value result)
{
    vm->ret_val = result;
    return true;
}

/** The `width` bytes (1 to 6) at offset `at` of a Buffer; NULL: call the native. */
static inline uint8_t *bytes_at(const mote_vm *vm, mote_value object, mote_value at, mote_value width)
{
    if (!both_small(at, width) || !has_kind(vm, object, KIND_BUFFER)) return NULL;
    block_buffer *buffer = (block_buffer *)at_offset(vm, object);
    uint32_t from = (uint32_t)small_int(at), bytes = (uint32_t)small_int(width), length = buffer->length;
    return bytes - 1 < 6 && from <= length && length - from >= bytes ? buffer->data + from : NULL;
}

bool mote_translated_read_uint(mote_vm *vm, uint32_t at, mote_value key)
{
    const mote_value *base = vm->operands;
    const uint8_t *from = bytes_at(vm, base[0], base[1], base[2]);
    if (from != NULL) {
        uint32_t value = 0, over = 0;
        for (const uint8_t *end = from + small_int(base[2]); from < end; from++) {
            over |= value >> 24;
            value = value << 8 | *from;
        }
        if (over == 0 && value <= (uint32_t)SMALL_MAX) return done(vm, small_value((int32_t)value));
    }
    return mote_translated_call_method(vm, 2, at, key);
}

bool mote_translated_write_uint(mote_vm *vm, uint32_t at, mote_value key)
{
    const mote_value *base = vm->operands;
    mote_value value = base[1];
    uint8_t *to = is_small(value) && (int32_t)value >= 0 ? bytes_at(vm, base[0], base[2], base[3]) : NULL;
    if (to != NULL) {
        uint32_t rest = (uint32_t)small_int(value), width = (uint32_t)small_int(base[3]);
        if (width >= 4 || rest >> (8 * width) == 0) {
            for (uint32_t i = width; i-- > 0; rest >>= 8) to[i] = (uint8_t)rest;
            return done(vm, small_value(small_int(base[2]) + (int32_t)width));
        }
    }
    return mote_translated_call_method(vm, 3, at, key);
}

bool mote_translated_blit(mote_vm *vm, uint32_t at, mote_value key)
{
    const mote_value *base = vm->operands;
    mote_value object = base[0], source = base[2];
    bool usual = both_small(base[1], base[3]) && is_small(base[4]) && has_kind(vm, object, KIND_BUFFER) &&
                 has_kind(vm, source, KIND_BUFFER);
    if (usual) {
        block_buffer *to = (block_buffer *)at_offset(vm, object);
        const block_buffer *from = (const block_buffer *)at_offset(vm, source);
        uint32_t target = (uint32_t)small_int(base[1]), start = (uint32_t)small_int(base[3]);
        uint32_t length = (uint32_t)small_int(base[4]);
        bool fits = target <= to->length && length <= to->length - target && start <= from->length &&
                    length <= from->length - start;
        if (fits) {
            memmove(to->data + target, from->data + start, length);
            return done(vm, MOTE_UNDEFINED);
        }
    }
    return mote_translated_call_method(vm, 4, at, key);
}

bool mote_translated_copy(mote_vm *vm, uint32_t at, uint32_t number)
{
    const mote_value *base = vm->operands;
    const mote_value source = base[1];
    if (vm->known_natives[number] != 0 && both_small(base[2], base[3]) && has_kind(vm, source, KIND_BUFFER)) {
        const block_buffer *from = (const block_buffer *)at_offset(vm, source);
        uint32_t start = (uint32_t)small_int(base[2]), length = (uint32_t)small_int(base[3]);
        if (start <= from->length && length <= from->length - start) {
            mote_translated_registers(vm, at, 4);
            mote_value copy = mote_buffer_of(vm, from->data + start, length);
            return copy != MOTE_FAILED && done(vm, copy);
        }
    }
    return mote_translated_native(vm, 3, at, number);
}

bool mote_translated_push(mote_vm *vm, uint32_t at, mote_value key)
{
    const mote_value *base = vm->operands;
    mote_value array = base[0];
    if (has_kind(vm, array, KIND_ARRAY)) {
        block_array *block = (block_array *)at_offset(vm, array);
        uint32_t length = block->length;
        if (block->items != 0 && length < block_words(vm, block->items) - 1 && length <= MAX_ARRAY_INDEX) {
            array_items(vm, array)[length] = base[1];
            block->length = length + 1;
            return done(vm, small_value((int32_t)length + 1));
        }
        mote_translated_registers(vm, at, 2);
        return mote_array_push(vm, array, base[1]) && done(vm, small_value((int32_t)length + 1));
    }
    return mote_translated_call_method(vm, 1, at, key);
}
