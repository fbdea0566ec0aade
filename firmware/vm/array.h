/* Arrays. */
#ifndef MOTE_ARRAY_H
#define MOTE_ARRAY_H

#include "state.h"

/** An empty array with room for `room` elements. */
mote_value mote_array_with_room(mote_vm *vm, uint32_t room);
/** An array of `length` undefined elements. */
mote_value mote_array_new(mote_vm *vm, uint32_t length);
bool mote_array_resize(mote_vm *vm, mote_value array, uint32_t length);
static inline mote_value *array_items(const mote_vm *vm, mote_value array)
{
    return ((block_values *)at_offset(vm, ((block_array *)at_offset(vm, array))->items))->items;
}
static inline uint32_t array_length(const mote_vm *vm, mote_value array)
{
    return ((block_array *)at_offset(vm, array))->length;
}

#endif
