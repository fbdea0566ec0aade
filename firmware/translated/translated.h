/*
 * What functions are made of that host/translate wrote as C. Slots, receivers and operands lie on the fiber's stack
 * just as the interpreter has them, so that either can go on where the other stopped, and the collector finds every
 * value.
 *
 * `o` is where the next operand would lie; `at` is the place behind the operation, bytes from the image's start: traces
 * name it. MOTE_FAILED or false: an exception or panic is pending, and the function returns false at once.
 */
#ifndef MOTE_TRANSLATED_H
#define MOTE_TRANSLATED_H

#include "ops.h"
#include "vm.h"

mote_value translated_binary(mote_vm *vm, mote_value *o, uint32_t at, mote_value x, mote_value y);
mote_value translated_unary(mote_vm *vm, mote_value *o, uint32_t at, mote_value x);
mote_value translated_index(mote_vm *vm, mote_value *o, uint32_t at, mote_value object, mote_value key);
/** As a value: functions are bound to the object. */
mote_value translated_field(mote_vm *vm, mote_value *o, uint32_t at, mote_value object, mote_value key);
/** `object.length` */
mote_value translated_length(mote_vm *vm, mote_value *o, uint32_t at, mote_value object);
/** As what is called next: vm->receiver has the object. */
mote_value translated_callee(mote_vm *vm, mote_value *o, uint32_t at, mote_value object, mote_value key);
mote_value translated_builtin(mote_vm *vm, mote_value *o, uint32_t at, enum builtin_object object, mote_value key);
mote_value translated_number(mote_vm *vm, mote_value *o, uint32_t at, int32_t number);
mote_value translated_literal(mote_vm *vm, mote_value *o, uint32_t at, uint32_t index);
mote_value translated_spec(mote_vm *vm, mote_value *o, uint32_t at, uint32_t index);
mote_value translated_ctor(mote_vm *vm, mote_value *o, uint32_t at, mote_value x);
mote_value translated_bind(mote_vm *vm, mote_value *o, uint32_t at, mote_value function, mote_value receiver);
mote_value translated_instance(mote_vm *vm, mote_value *o, uint32_t at, mote_value object, mote_value ctor);
mote_value translated_load_closure(mote_vm *vm, mote_value *o, uint32_t at, uint32_t slot, mote_value levels);
/** The operands are o[0], o[1] and o[2]. */
mote_value translated_load(mote_vm *vm, mote_value *o, uint32_t at);

bool translated_set_field(mote_vm *vm, mote_value *o, uint32_t at, mote_value object, mote_value key, mote_value value);
bool translated_set_index(mote_vm *vm, mote_value *o, uint32_t at, mote_value object, mote_value key, mote_value value);
bool translated_delete(mote_vm *vm, mote_value *o, uint32_t at, mote_value object, mote_value key);
bool translated_set_closure(mote_vm *vm, uint32_t slot, mote_value levels, mote_value value);
/** The operands are o[0] to o[3]. */
bool translated_store(mote_vm *vm, mote_value *o, uint32_t at);
/** To vm->ret_val. */
bool translated_alloc_map(mote_vm *vm, mote_value *o, uint32_t at);
bool translated_alloc_array(mote_vm *vm, mote_value *o, uint32_t at, mote_value size);
bool translated_alloc_buffer(mote_vm *vm, mote_value *o, uint32_t at, mote_value size);

/* What ends a function's turn; all return false, but for translated_leave. */

bool translated_call_array(mote_vm *vm, mote_value *o, uint32_t at, mote_value function, mote_value array);
bool translated_throw(mote_vm *vm, mote_value *o, uint32_t at, mote_value v);
/** The statement of the interpreter at `at`, which leads elsewhere, with its operand `v`. */
bool translated_throw_again(mote_vm *vm, mote_value *o, uint32_t at, mote_value v);
bool translated_throw_jump(mote_vm *vm, mote_value *o, uint32_t at, uint32_t target, mote_value levels);
/** The host gets a turn, or the guard ends the program; the function goes on at `at`. */
bool translated_interrupt(mote_vm *vm, mote_value *o, uint32_t at);
bool translated_invalid(mote_vm *vm);
/** For machine_run, which goes on with the caller. */
bool translated_leave(mote_vm *vm, mote_value result);

static inline bool translated_return(mote_vm *vm, mote_value result)
{
    if (vm->depth == vm->nested_from) return translated_leave(vm, result);
    vm->ret_val = result;
    vm->depth--;
    return true;
}

/** The slots again, behind a call: `words` is how many there are below the operands. */
static inline mote_value *translated_slots(mote_vm *vm, uint32_t words)
{
    return vm->slots = vm->operands - words;
}

static inline mote_value *translated_globals(const mote_vm *vm)
{
    return ((block_values *)at_offset(vm, vm->globals))->items;
}

static inline mote_value translated_add(mote_vm *vm, mote_value *o, uint32_t at, mote_value x, mote_value y)
{
    int32_t sum;
    if (both_small(x, y) && !__builtin_add_overflow((int32_t)x, (int32_t)(y - 1), &sum)) return (uint32_t)sum;
    return translated_binary(vm, o, at, x, y);
}

static inline mote_value translated_sub(mote_vm *vm, mote_value *o, uint32_t at, mote_value x, mote_value y)
{
    int32_t difference;
    if (both_small(x, y) && !__builtin_sub_overflow((int32_t)x, (int32_t)(y - 1), &difference))
        return (uint32_t)difference;
    return translated_binary(vm, o, at, x, y);
}

static inline mote_value translated_and(mote_vm *vm, mote_value *o, uint32_t at, mote_value x, mote_value y)
{
    return both_small(x, y) ? x & y : translated_binary(vm, o, at, x, y);
}

static inline mote_value translated_or(mote_vm *vm, mote_value *o, uint32_t at, mote_value x, mote_value y)
{
    return both_small(x, y) ? x | y : translated_binary(vm, o, at, x, y);
}

static inline mote_value translated_xor(mote_vm *vm, mote_value *o, uint32_t at, mote_value x, mote_value y)
{
    return both_small(x, y) ? (x ^ y) | 1u : translated_binary(vm, o, at, x, y);
}

static inline bool translated_less(mote_vm *vm, mote_value x, mote_value y)
{
    return both_small(x, y) ? (int32_t)x < (int32_t)y : examine(vm, OP_LT, x, y) == MOTE_TRUE;
}

static inline bool translated_not_more(mote_vm *vm, mote_value x, mote_value y)
{
    return both_small(x, y) ? (int32_t)x <= (int32_t)y : examine(vm, OP_LE, x, y) == MOTE_TRUE;
}

static inline bool translated_equal(mote_vm *vm, mote_value x, mote_value y)
{
    return is_small(x) || is_small(y) ? x == y : values_equal(vm, x, y);
}

static inline bool translated_about_equal(mote_vm *vm, mote_value x, mote_value y)
{
    return is_small(x) || is_small(y) ? x == y : examine(vm, OP_APPROX_EQ, x, y) == MOTE_TRUE;
}

static inline bool translated_truth(mote_vm *vm, mote_value v)
{
    return v == MOTE_TRUE || (v != MOTE_FALSE && v != MOTE_UNDEFINED && to_bool(vm, v));
}

#endif
