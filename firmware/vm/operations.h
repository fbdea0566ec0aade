/* Operations on values of any kind: the slow paths of the interpreter and of translated functions. */
#ifndef MOTE_OPERATIONS_H
#define MOTE_OPERATIONS_H

#include "state.h"

mote_value mote_operate_binary(mote_vm *vm, uint8_t op, mote_value x, mote_value y);
mote_value mote_operate_unary(mote_vm *vm, uint8_t op, mote_value x);
/** Comparisons: operations that only read their operands and never fail. */
mote_value mote_examine(mote_vm *vm, uint8_t op, mote_value x, mote_value y);
/** `<` and `<=`. Comparing a small integer with a double beyond all integers takes no floating point. */
bool mote_precedes(mote_vm *vm, uint8_t op, mote_value x, mote_value y);
mote_value mote_check_ctor(mote_vm *vm, mote_value v);
/** bind(function, this): for `super(...)`. */
mote_value mote_bind_value(mote_vm *vm, mote_value function, mote_value receiver);
/** Where a number of the image is kept once it has been used; undefined before. */
static inline mote_value *literal_place(const mote_vm *vm, uint32_t index)
{
    return ((block_values *)at_offset(vm, vm->globals))->items + vm->image.num_globals + index;
}
/** Makes and keeps a number of the image, when it is first used: it is boxed only once. */
mote_value mote_make_literal(mote_vm *vm, uint32_t index);
/** A service specification of Jacdac, which is not supported: an empty map, in which the program may store fields. */
mote_value mote_spec_map(mote_vm *vm, uint32_t spec);
mote_value mote_alloc_array(mote_vm *vm, mote_value size);
mote_value mote_alloc_buffer(mote_vm *vm, mote_value size);
void mote_throw_value(mote_vm *vm, mote_value v);
/** A closure of `function` over the slots of the running activation, which are in a frame afterwards (vm->slots). */
mote_value mote_closure_new(mote_vm *vm, uint32_t function);
/** Where a captured variable is, in any frame around the running function; NULL if the program is invalid. */
mote_value *mote_captured_slot(mote_vm *vm, mote_value levels, uint32_t slot);

#endif
