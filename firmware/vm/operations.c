/*
 * Operations in full, for all kinds of values: the interpreter and translated functions do themselves what is quick,
 * and most frequent. Operands lie on the operand stack, below vm->sp, when something here may allocate.
 */
#include "ops.h"
#include "vm.h"

#include <math.h>
#include <string.h>

static mote_value add_slow(mote_vm *vm, mote_value x, mote_value y)
{
    if (!is_string(vm, x) && !is_string(vm, y)) return number_value(vm, to_double(vm, x) + to_double(vm, y));
    text_builder text;
    if (!text_begin(&text, vm, UINT32_MAX)) return MOTE_FAILED;
    text_add_value(&text, x);
    text_add_value(&text, y);
    return text_end(&text);
}

static mote_value divide(mote_vm *vm, mote_value x, mote_value y)
{
    if (both_small(x, y)) {
        int32_t a = small_int(x), b = small_int(y);
        if (b != 0 && a % b == 0) return int_value(vm, a / b);
    }
    return number_value(vm, to_double(vm, x) / to_double(vm, y));
}

static mote_value shift(mote_vm *vm, uint8_t op, mote_value x, mote_value y)
{
    int32_t a = to_int32(vm, x);
    uint32_t by = (uint32_t)to_int32(vm, y) & 31u;
    if (op == OP_SHIFT_LEFT) return int_value(vm, (int32_t)((uint32_t)a << by));
    return op == OP_SHIFT_RIGHT ? int_value(vm, a >> by) : uint_value(vm, (uint32_t)a >> by);
}

mote_value operate_binary(mote_vm *vm, uint8_t op, mote_value x, mote_value y)
{
    switch (op) {
    case OP_ADD: return add_slow(vm, x, y);
    case OP_SUB: return number_value(vm, to_double(vm, x) - to_double(vm, y));
    case OP_MUL: return number_value(vm, to_double(vm, x) * to_double(vm, y));
    case OP_DIV: return divide(vm, x, y);
    case OP_BIT_AND: return int_value(vm, to_int32(vm, x) & to_int32(vm, y));
    case OP_BIT_OR: return int_value(vm, to_int32(vm, x) | to_int32(vm, y));
    case OP_BIT_XOR: return int_value(vm, to_int32(vm, x) ^ to_int32(vm, y));
    default: return shift(vm, op, x, y);
    }
}

mote_value operate_unary(mote_vm *vm, uint8_t op, mote_value x)
{
    switch (op) {
    case OP_BIT_NOT: return int_value(vm, ~to_int32(vm, x));
    case OP_TO_INT: return int_value(vm, to_int32(vm, x));
    case OP_NEG: return number_value(vm, -to_double(vm, x));
    case OP_UPLUS: return number_value(vm, to_double(vm, x));
    default: return number_value(vm, fabs(to_double(vm, x)));
    }
}

static bool approximately_equal(mote_vm *vm, mote_value x, mote_value y)
{
    return (is_nullish(x) && is_nullish(y)) || values_equal(vm, x, y);
}

mote_value examine(mote_vm *vm, uint8_t op, mote_value x, mote_value y)
{
    switch (op) {
    case OP_EQ: return bool_value(values_equal(vm, x, y));
    case OP_NE: return bool_value(!values_equal(vm, x, y));
    case OP_APPROX_EQ: return bool_value(approximately_equal(vm, x, y));
    case OP_APPROX_NE: return bool_value(!approximately_equal(vm, x, y));
    case OP_LT: return bool_value(to_double(vm, x) < to_double(vm, y));
    default: return bool_value(to_double(vm, x) <= to_double(vm, y));
    }
}

/* Objects and functions. */

mote_value check_ctor(mote_vm *vm, mote_value v)
{
    mote_value f = has_kind(vm, v, KIND_BOUND) ? ((const block_bound *)at_offset(vm, v))->function : v;
    if (has_kind(vm, f, KIND_CLOSURE)) f = ((const block_closure *)at_offset(vm, f))->function;
    if (has_tag(f, TAG_BUILTIN) && native_lookup(vm, payload(f), builtin_value(S___func__)) != VALUE_NONE) return v;
    if (has_tag(f, TAG_FUNCTION)) {
        if ((function_at(vm, payload(f))->flags & FUNCTION_IS_CTOR) != 0) return v;
        return throw_error(vm, MOTE_TYPE_ERROR, "function is not a ctor");
    }
    if (has_tag(f, TAG_NATIVE)) return throw_error(vm, MOTE_TYPE_ERROR, "builtin function is not a ctor");
    return throw_error(vm, MOTE_TYPE_ERROR, "new unsupported on this expression");
}

mote_value bind_value(mote_vm *vm, mote_value function, mote_value receiver)
{
    if (has_tag(function, TAG_BUILTIN)) {
        mote_value inner = native_lookup(vm, payload(function), builtin_value(S___func__));
        if (inner != VALUE_NONE) function = inner;
    }
    if (has_kind(vm, function, KIND_BOUND)) function = ((const block_bound *)at_offset(vm, function))->function;
    if (!is_function(vm, function)) return throw_expecting(vm, "function", function);
    return bind_function(vm, function, receiver);
}

bool literal(mote_vm *vm, uint32_t index, mote_value *result)
{
    uint32_t low = vm->image.floats[2 * index], high = vm->image.floats[2 * index + 1];
    if (high == 0xffffffffu) {
        *result = int_value(vm, (int32_t)low);
    } else {
        uint64_t bits = ((uint64_t)high << 32) | low;
        double number;
        memcpy(&number, &bits, sizeof number);
        *result = number_value(vm, number);
    }
    return *result != MOTE_FAILED;
}

mote_value spec_map(mote_vm *vm, uint32_t spec)
{
    mote_value key = small_value((int32_t)spec), map = table_find(vm, vm->specs, key);
    if (map != VALUE_NONE) return map;
    map = map_new(vm, MOTE_UNDEFINED);
    return map != MOTE_FAILED && table_set(vm, map, &vm->specs, key, map) ? map : MOTE_FAILED;
}

mote_value alloc_array(mote_vm *vm, mote_value size)
{
    uint32_t length = (uint32_t)to_int32(vm, size);
    if (length > MAX_ARRAY_INDEX + 1) return throw_error(vm, MOTE_RANGE_ERROR, "array too big");
    mote_value v = array_new(vm, length);
    if (v != MOTE_FAILED) array_resize(vm, v, 0); /* the size is room, not length */
    return v;
}

mote_value alloc_buffer(mote_vm *vm, mote_value size)
{
    uint32_t length = (uint32_t)to_int32(vm, size);
    return length > MAX_BUFFER ? throw_error(vm, MOTE_RANGE_ERROR, "buffer too big") : buffer_new(vm, length);
}

void throw_value(mote_vm *vm, mote_value v)
{
    if (is_nullish(v)) throw_error(vm, MOTE_TYPE_ERROR, "throwing null/undefined");
    else raise(vm, v);
}

block_frame *closure_frame(mote_vm *vm, mote_value levels, uint32_t slot)
{
    bool captured = (small_int(vm->link[0]) >> 24) != 0;
    mote_value v = captured ? ((const block_frame *)at_offset(vm, vm->link[2]))->parent : vm->link[2];
    int32_t left = to_int32(vm, levels);
    for (; left > 1 && has_kind(vm, v, KIND_FRAME); left--) v = ((const block_frame *)at_offset(vm, v))->parent;
    bool fits = left == 1 && has_kind(vm, v, KIND_FRAME) && slot < block_words(vm, v) - 2;
    if (!fits) vm_panic(vm, MOTE_PANIC_INVALID_PROGRAM);
    return fits ? at_offset(vm, v) : NULL;
}

mote_value closure_new(mote_vm *vm, uint32_t function)
{
    mote_value v = heap_new(vm, KIND_CLOSURE, sizeof(block_closure) - 4);
    if (v == MOTE_FAILED) return v;
    block_closure *closure = at_offset(vm, v);
    closure->function = immediate(TAG_FUNCTION, function);
    closure->frame = vm->link[2];
    return v;
}
