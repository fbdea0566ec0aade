/*
 * Arithmetic of small integers. The fast paths (mote_quick_*) are inlined where one operand is a constant; false means
 * that the slow path has to be taken. With two unknown operands, an operation is a call (mote_translated_*), which
 * tries the fast path first.
 */
#ifndef MOTE_ARITHMETIC_H
#define MOTE_ARITHMETIC_H

#include "operations.h"
#include "ops.h"
#include "property.h"
#include "state.h"

mote_value mote_translated_binary(mote_vm *vm, uint32_t at, mote_value x, mote_value y);

static ALWAYS bool mote_quick_add(mote_value x, mote_value y, mote_value *result)
{
    int32_t sum;
    if (!both_small(x, y) || __builtin_add_overflow((int32_t)x, (int32_t)(y - 1), &sum)) return false;
    *result = (uint32_t)sum;
    return true;
}

static ALWAYS bool mote_quick_sub(mote_value x, mote_value y, mote_value *result)
{
    int32_t difference;
    if (!both_small(x, y) || __builtin_sub_overflow((int32_t)x, (int32_t)(y - 1), &difference)) return false;
    *result = (uint32_t)difference;
    return true;
}

static ALWAYS bool mote_quick_and(mote_value x, mote_value y, mote_value *result)
{
    *result = x & y;
    return both_small(x, y);
}

static ALWAYS bool mote_quick_or(mote_value x, mote_value y, mote_value *result)
{
    *result = x | y;
    return both_small(x, y);
}

static ALWAYS bool mote_quick_xor(mote_value x, mote_value y, mote_value *result)
{
    *result = (x ^ y) | 1u;
    return both_small(x, y);
}

static ALWAYS bool mote_quick_shift_left(mote_value x, mote_value y, mote_value *result)
{
    int32_t shifted = (int32_t)((uint32_t)small_int(x) << ((uint32_t)small_int(y) & 31u));
    *result = small_value(shifted);
    return both_small(x, y) && fits_small(shifted);
}

static ALWAYS bool mote_quick_shift_right(mote_value x, mote_value y, mote_value *result)
{
    *result = small_value(small_int(x) >> ((uint32_t)small_int(y) & 31u));
    return both_small(x, y);
}

#define QUICK_OPERATION(name)                                                                                          \
    static inline mote_value mote_translated_##name(mote_vm *vm, uint32_t at, mote_value x, mote_value y)              \
    {                                                                                                                  \
        mote_value result;                                                                                             \
        return mote_quick_##name(x, y, &result) ? result : mote_translated_binary(vm, at, x, y);                       \
    }

QUICK_OPERATION(add)
QUICK_OPERATION(sub)
QUICK_OPERATION(and)
QUICK_OPERATION(or)
QUICK_OPERATION(xor)
QUICK_OPERATION(shift_left)
QUICK_OPERATION(shift_right)

static inline mote_value mote_translated_mul(mote_vm *vm, uint32_t at, mote_value x, mote_value y)
{
    int32_t product;
    bool fits =
        both_small(x, y) && !__builtin_mul_overflow(small_int(x), small_int(y), &product) && fits_small(product);
    return fits ? small_value(product) : mote_translated_binary(vm, at, x, y);
}

static inline bool mote_translated_less(mote_vm *vm, mote_value x, mote_value y)
{
    return both_small(x, y) ? (int32_t)x < (int32_t)y : mote_precedes(vm, OP_LT, x, y);
}

static inline bool mote_translated_not_more(mote_vm *vm, mote_value x, mote_value y)
{
    return both_small(x, y) ? (int32_t)x <= (int32_t)y : mote_precedes(vm, OP_LE, x, y);
}

static ALWAYS bool mote_quick_less(mote_vm *vm, mote_value x, mote_value y)
{
    return both_small(x, y) ? (int32_t)x < (int32_t)y : mote_translated_less(vm, x, y);
}

static ALWAYS bool mote_quick_not_more(mote_vm *vm, mote_value x, mote_value y)
{
    return both_small(x, y) ? (int32_t)x <= (int32_t)y : mote_translated_not_more(vm, x, y);
}

static inline bool mote_translated_equal(mote_vm *vm, mote_value x, mote_value y)
{
    return is_small(x) || is_small(y) ? x == y : mote_values_equal(vm, x, y);
}

static inline bool mote_translated_about_equal(mote_vm *vm, mote_value x, mote_value y)
{
    return is_small(x) || is_small(y) ? x == y : mote_examine(vm, OP_APPROX_EQ, x, y) == MOTE_TRUE;
}

static inline bool mote_translated_truth(mote_vm *vm, mote_value v)
{
    return v == MOTE_TRUE || (v != MOTE_FALSE && v != MOTE_UNDEFINED && mote_to_bool(vm, v));
}

#endif
