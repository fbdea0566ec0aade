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
/** A number of the image. It is made when it is first used, and boxed only once. */
bool mote_literal(mote_vm *vm, uint32_t index, mote_value *result);
/** A service specification of Jacdac, which is not supported: an empty map, in which the program may store fields. */
mote_value mote_spec_map(mote_vm *vm, uint32_t spec);
mote_value mote_alloc_array(mote_vm *vm, mote_value size);
mote_value mote_alloc_buffer(mote_vm *vm, mote_value size);
void mote_throw_value(mote_vm *vm, mote_value v);
/** A closure of `function` over the slots of the running activation, which are in a frame. */
mote_value mote_closure_new(mote_vm *vm, uint32_t function);
/** The frame that holds a captured variable; NULL if the program is invalid. */
block_frame *mote_closure_frame(mote_vm *vm, mote_value levels, uint32_t slot);

#endif
