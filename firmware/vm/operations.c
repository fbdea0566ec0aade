/*
 * Operations on values of any kind: slow paths. The interpreter and translated functions do the quick and frequent
 * cases inline. Operands are on the operand stack, below vm->sp, whenever something here may allocate.
 */
#include "operations.h"
#include "activation.h"
#include "array.h"
#include "buffer.h"
#include "builtins.h"
#include "call.h"
#include "exception.h"
#include "heap.h"
#include "interpreter.h"
#include "native_lookup.h"
#include "number.h"
#include "object.h"
#include "ops.h"
#include "property.h"
#include "state.h"
#include "text.h"
#include "utf8_string.h"

#include <math.h>
#include <string.h>

static mote_value concatenate(mote_vm *vm, mote_value x, mote_value y)
{
    text_builder text;
    if (!mote_text_begin(&text, vm, UINT32_MAX)) return MOTE_FAILED;
    mote_text_add_value(&text, x);
    mote_text_add_value(&text, y);
    return mote_text_end(&text);
}

/** `op` comes last, so that x and y already are in the registers where the floating-point library expects them. */
static double calculate(double x, double y, uint8_t op)
{
    switch (op) {
    case OP_ADD: return x + y;
    case OP_SUB: return x - y;
    case OP_MUL: return x * y;
    default: return x / y;
    }
}

static int32_t combine(int32_t x, int32_t y, uint8_t op)
{
    switch (op) {
    case OP_BIT_AND: return x & y;
    case OP_BIT_OR: return x | y;
    case OP_BIT_XOR: return x ^ y;
    case OP_SHIFT_LEFT: return (int32_t)((uint32_t)x << (y & 31));
    default: return x >> (y & 31);
    }
}

mote_value mote_operate_binary(mote_vm *vm, uint8_t op, mote_value x, mote_value y)
{
    if (op == OP_ADD && (mote_is_string(vm, x) || mote_is_string(vm, y))) return concatenate(vm, x, y);
    if (op == OP_DIV && both_small(x, y)) {
        int32_t a = small_int(x), b = small_int(y);
        if (b != 0 && a % b == 0) return mote_int(vm, a / b);
    }
    if (op <= OP_DIV) return mote_number(vm, calculate(to_double(vm, x), to_double(vm, y), op));
    int32_t a = mote_to_int(vm, x), b = mote_to_int(vm, y);
    if (op == OP_SHIFT_RIGHT_UNSIGNED) return mote_uint_value(vm, (uint32_t)a >> (b & 31));
    return mote_int(vm, combine(a, b, op));
}

mote_value mote_operate_unary(mote_vm *vm, uint8_t op, mote_value x)
{
    if (op == OP_BIT_NOT || op == OP_TO_INT) {
        int32_t number = mote_to_int(vm, x);
        return mote_int(vm, op == OP_BIT_NOT ? ~number : number);
    }
    double number = mote_to_double(vm, x);
    return mote_number(vm, op == OP_NEG ? -number : op == OP_ABS ? fabs(number) : number);
}

/** 1 or -1 for a double above or below all 32-bit integers, such as a time that never comes; otherwise 0. */
static inline int beyond_integers(const mote_vm *vm, mote_value v)
{
    if (!has_kind(vm, v, KIND_DOUBLE)) return 0;
    uint32_t high = ((const block_double *)at_offset(vm, v))->high, exponent = high >> 20 & 0x7ffu;
    if (exponent < 1023 + 32 || exponent == 0x7ff) return 0;
    return (int32_t)high < 0 ? -1 : 1;
}

static bool precedes_as_double(mote_vm *vm, uint8_t op, mote_value x, mote_value y)
{
    double a = mote_to_double(vm, x), b = mote_to_double(vm, y);
    return op == OP_LT ? a < b : a <= b;
}

bool mote_precedes(mote_vm *vm, uint8_t op, mote_value x, mote_value y)
{
    int side = is_small(x) || is_small(y) ? beyond_integers(vm, is_small(x) ? y : x) : 0;
    return side != 0 ? (side > 0) == is_small(x) : precedes_as_double(vm, op, x, y);
}

mote_value mote_examine(mote_vm *vm, uint8_t op, mote_value x, mote_value y)
{
    if (op == OP_LT || op == OP_LE) return bool_value(mote_precedes(vm, op, x, y));
    bool approximately = op == OP_APPROX_EQ || op == OP_APPROX_NE;
    bool equal = approximately && is_nullish(y) ? is_nullish(x) : mote_values_equal(vm, x, y);
    return bool_value(equal == (op == OP_EQ || op == OP_APPROX_EQ));
}

/* Objects and functions. */

mote_value mote_check_ctor(mote_vm *vm, mote_value v)
{
    mote_value f = has_kind(vm, v, KIND_BOUND) ? ((const block_bound *)at_offset(vm, v))->function : v;
    if (has_kind(vm, f, KIND_CLOSURE)) f = ((const block_closure *)at_offset(vm, f))->function;
    if (has_tag(f, TAG_BUILTIN) && mote_native_lookup(vm, payload(f), builtin_value(S___func__)) != VALUE_NONE)
        return v;
    if (has_tag(f, TAG_FUNCTION)) {
        if ((function_at(vm, payload(f))->flags & FUNCTION_IS_CTOR) != 0) return v;
        return mote_throw_error(vm, MOTE_TYPE_ERROR, "function is not a ctor");
    }
    if (has_tag(f, TAG_NATIVE)) return mote_throw_error(vm, MOTE_TYPE_ERROR, "builtin function is not a ctor");
    return mote_throw_error(vm, MOTE_TYPE_ERROR, "new unsupported on this expression");
}

mote_value mote_bind_value(mote_vm *vm, mote_value function, mote_value receiver)
{
    if (has_tag(function, TAG_BUILTIN)) {
        mote_value inner = mote_native_lookup(vm, payload(function), builtin_value(S___func__));
        if (inner != VALUE_NONE) function = inner;
    }
    if (has_kind(vm, function, KIND_BOUND)) function = ((const block_bound *)at_offset(vm, function))->function;
    if (!mote_is_function(vm, function)) return mote_throw_expecting(vm, "function", function);
    return mote_bind_function(vm, function, receiver);
}

RARE mote_value mote_make_literal(mote_vm *vm, uint32_t index)
{
    uint32_t low = vm->image.floats[2 * index], high = vm->image.floats[2 * index + 1];
    uint64_t bits = ((uint64_t)high << 32) | low;
    double number;
    memcpy(&number, &bits, sizeof number);
    mote_value v = high == 0xffffffffu ? mote_int(vm, (int32_t)low) : mote_number(vm, number);
    if (v != MOTE_FAILED) *literal_place(vm, index) = v;
    return v;
}

mote_value mote_spec_map(mote_vm *vm, uint32_t spec)
{
    mote_value key = small_value((int32_t)spec), map = mote_table_find(vm, vm->specs, key);
    if (map != VALUE_NONE) return map;
    map = mote_map_new(vm, MOTE_UNDEFINED);
    return map != MOTE_FAILED && mote_table_set(vm, map, &vm->specs, key, map) ? map : MOTE_FAILED;
}

mote_value mote_alloc_array(mote_vm *vm, mote_value size)
{
    return mote_array_with_room(vm, (uint32_t)mote_to_int(vm, size));
}

mote_value mote_alloc_buffer(mote_vm *vm, mote_value size)
{
    uint32_t length = (uint32_t)mote_to_int(vm, size);
    return length > MAX_BUFFER ? mote_throw_error(vm, MOTE_RANGE_ERROR, "buffer too big") : mote_new_buffer(vm, length);
}

void mote_throw_value(mote_vm *vm, mote_value v)
{
    if (is_nullish(v)) mote_throw_error(vm, MOTE_TYPE_ERROR, "throwing null/undefined");
    else mote_raise(vm, v);
}

mote_value *mote_captured_slot(mote_vm *vm, mote_value levels, uint32_t slot)
{
    block_frame *frame = at_offset(vm, vm->link[2]);
    if (is_captured(vm->link)) frame = at_offset(vm, frame->parent);
    int32_t left = mote_to_int(vm, levels);
    for (; left > 1 && frame->header != 0; left--) frame = at_offset(vm, frame->parent);
    if (left == 1 && has_slot(frame, slot)) return &frame->slots[slot];
    mote_vm_stop(vm, MOTE_PANIC_INVALID_PROGRAM);
    return NULL;
}

mote_value mote_closure_new(mote_vm *vm, uint32_t function)
{
    if (!mote_call_capture(vm)) return MOTE_FAILED;
    mote_value v = mote_heap_new(vm, KIND_CLOSURE, sizeof(block_closure) - 4);
    if (v == MOTE_FAILED) return v;
    block_closure *closure = at_offset(vm, v);
    closure->function = immediate(TAG_FUNCTION, function);
    closure->frame = vm->link[2];
    return v;
}
