/*
 * The checks of arguments.h for natives that run for every record: the usual case inline, everything else, errors
 * included, by the function of the same name there. They read values as the machine's own files do (block.h).
 */
#ifndef MOTE_QUICK_ARGUMENTS_H
#define MOTE_QUICK_ARGUMENTS_H

#include "arguments.h"
#include "block.h"

/** The bytes of a Buffer in the heap, whose value this must be. */
static inline uint8_t *quick_bytes(const mote_vm *vm, mote_value buffer, size_t *length)
{
    block_buffer *block = at_offset(vm, buffer);
    *length = block->length;
    return block->data;
}

static inline bool quick_integer_argument(mote_vm *vm, mote_value value, const char *name, int32_t least, int32_t most,
                                          int32_t *number)
{
    *number = small_int(value);
    return (is_small(value) && *number >= least && *number <= most) ||
           mote_integer_argument(vm, value, name, least, most, number);
}

static inline bool quick_buffer_argument(mote_vm *vm, mote_value value, const char *name, byte_view *bytes)
{
    if (!has_kind(vm, value, KIND_BUFFER)) return mote_buffer_argument(vm, value, name, bytes);
    bytes->data = quick_bytes(vm, value, &bytes->length);
    return true;
}

static inline bool quick_target_argument(mote_vm *vm, mote_value value, const char *name, uint8_t **bytes,
                                         size_t *length)
{
    if (!has_kind(vm, value, KIND_BUFFER)) return mote_target_argument(vm, value, name, bytes, length);
    *bytes = quick_bytes(vm, value, length);
    return true;
}

/** An element of an array, which `array` must be. `index` is below its length. */
static inline mote_value quick_element(const mote_vm *vm, mote_value array, size_t index)
{
    const block_array *block = at_offset(vm, array);
    return ((const block_values *)at_offset(vm, block->items))->items[index];
}

#endif
