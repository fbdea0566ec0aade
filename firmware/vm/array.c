/*
 * Arrays. An array is a block of fixed size (block_array) that refers to its elements (block_values): the elements may
 * grow and move while references to the array stay the same.
 *
 * Invariant: a word between the length and the capacity is never a reference to a block. It is undefined, or an
 * immediate that was removed. So the collector may mark the whole capacity without keeping garbage alive.
 */
#include "array.h"
#include "builtins.h"
#include "exception.h"
#include "heap.h"
#include "interpreter.h"
#include "state.h"
#include "text.h"

#include <string.h>

static block_array *array_at(const mote_vm *vm, mote_value array)
{
    return at_offset(vm, array);
}

static uint32_t capacity_of(const mote_vm *vm, mote_value array)
{
    mote_value items = array_at(vm, array)->items;
    return items == 0 ? 0 : block_words(vm, items) - 1;
}

static void clear_from(const mote_vm *vm, mote_value array, uint32_t from)
{
    for (uint32_t i = from, end = capacity_of(vm, array); i < end; i++) array_items(vm, array)[i] = MOTE_UNDEFINED;
}

static bool reserve(mote_vm *vm, mote_value array, uint32_t wanted)
{
    uint32_t have = capacity_of(vm, array);
    if (wanted <= have) return true;
    if (wanted > MAX_ARRAY_INDEX + 1) return mote_throw_error(vm, MOTE_RANGE_ERROR, "array too big") != MOTE_FAILED;
    /* Words up to the old capacity stay as they are (mote_array_resize); those above are new and become undefined. */
    uint32_t capacity = have + have / 2 + 2 < wanted ? wanted : have + have / 2 + 2;
    mote_value old = array_at(vm, array)->items;
    if (old == 0 || !mote_heap_extend(vm, old, capacity + 1)) {
        root_push(vm, array);
        mote_value items = mote_heap_new(vm, KIND_VALUES, capacity * 4);
        roots_drop(vm, 1);
        if (items == MOTE_FAILED) return false;
        if (old != 0) memcpy(((block_values *)at_offset(vm, items))->items, array_items(vm, array), have * 4);
        array_at(vm, array)->items = items;
        mote_heap_free(vm, old);
    }
    clear_from(vm, array, have);
    return true;
}

mote_value mote_array_with_room(mote_vm *vm, uint32_t room)
{
    mote_value v = mote_heap_new(vm, KIND_ARRAY, sizeof(block_array) - 4);
    if (v == MOTE_FAILED) return v;
    array_at(vm, v)->length = 0;
    array_at(vm, v)->items = 0;
    return room == 0 || reserve(vm, v, room) ? v : MOTE_FAILED;
}

mote_value mote_array_new(mote_vm *vm, uint32_t length)
{
    mote_value v = mote_array_with_room(vm, length);
    if (v != MOTE_FAILED) array_at(vm, v)->length = length;
    return v;
}

/**
 * New elements are undefined. Beyond the new length, references are dropped but immediates stay: a program that later
 * writes past the end finds them in the gap, as on the official machine.
 */
bool mote_array_resize(mote_vm *vm, mote_value array, uint32_t length)
{
    if (!reserve(vm, array, length)) return false;
    for (uint32_t i = length, end = array_length(vm, array); i < end; i++)
        if (is_heap(array_items(vm, array)[i])) array_items(vm, array)[i] = MOTE_UNDEFINED;
    array_at(vm, array)->length = length;
    return true;
}

static bool push_values(mote_vm *vm, mote_value array, const mote_value *values, uint32_t count)
{
    uint32_t length = array_length(vm, array);
    if (!mote_array_resize(vm, array, length + count)) return false;
    if (count > 0) memcpy(array_items(vm, array) + length, values, count * 4);
    return true;
}

size_t mote_array_length(mote_vm *vm, mote_value value)
{
    return has_kind(vm, value, KIND_ARRAY) ? array_length(vm, value) : 0;
}

mote_value mote_array_at(mote_vm *vm, mote_value value, size_t index)
{
    return index < mote_array_length(vm, value) ? array_items(vm, value)[index] : MOTE_UNDEFINED;
}

mote_value mote_new_array(mote_vm *vm)
{
    return mote_array_new(vm, 0);
}

bool mote_array_push(mote_vm *vm, mote_value array, mote_value value)
{
    root_push(vm, value);
    bool done = has_kind(vm, array, KIND_ARRAY) && push_values(vm, array, &value, 1);
    roots_drop(vm, 1);
    return done;
}

/* Natives. */

static mote_value array_construct(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver;
    if (count == 1 && is_small(args[0])) return mote_array_new(vm, (uint32_t)small_int(args[0]));
    if (count == 1 && has_kind(vm, args[0], KIND_DOUBLE))
        return mote_throw_error(vm, MOTE_RANGE_ERROR, "Invalid array length");
    mote_value v = mote_array_new(vm, 0);
    if (v == MOTE_FAILED) return v;
    return push_values(vm, v, args, count) ? v : MOTE_FAILED;
}

static mote_value array_is_array(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    return bool_value(has_kind(vm, args[0], KIND_ARRAY));
}

static bool expect_array(mote_vm *vm, mote_value v)
{
    if (has_kind(vm, v, KIND_ARRAY)) return true;
    mote_throw_expecting(vm, "array", v);
    return false;
}

static mote_value array_get_length(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)args, (void)count;
    if (!expect_array(vm, receiver)) return MOTE_FAILED;
    return mote_int(vm, (int32_t)array_length(vm, receiver));
}

static mote_value array_push(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    if (!expect_array(vm, receiver) || !push_values(vm, receiver, args, count)) return MOTE_FAILED;
    return mote_int(vm, (int32_t)array_length(vm, receiver));
}

static mote_value array_push_range(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)count;
    if (!expect_array(vm, receiver) || !expect_array(vm, args[0])) return MOTE_FAILED;
    uint32_t length = array_length(vm, receiver), more = array_length(vm, args[0]);
    if (!mote_array_resize(vm, receiver, length + more)) return MOTE_FAILED;
    if (more > 0) memcpy(array_items(vm, receiver) + length, array_items(vm, args[0]), more * 4);
    return mote_int(vm, (int32_t)(length + more));
}

static mote_value array_insert(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)count;
    if (!expect_array(vm, receiver)) return MOTE_FAILED;
    uint32_t length = array_length(vm, receiver);
    int32_t at = mote_to_int(vm, args[0]), number = mote_to_int(vm, args[1]);
    uint32_t from = (uint32_t)at > length ? length : (uint32_t)at; /* as unsigned, a negative one is past the end */
    if (number > 0) {
        uint32_t more = (uint32_t)number;
        if (!mote_array_resize(vm, receiver, length + more)) return MOTE_FAILED;
        mote_value *items = array_items(vm, receiver);
        memmove(items + from + more, items + from, (length - from) * 4);
        for (uint32_t i = 0; i < more; i++) items[from + i] = MOTE_UNDEFINED;
    } else if (number < 0) {
        uint32_t fewer = number < -(int32_t)length ? length : (uint32_t)-number;
        if (from + fewer < length) {
            mote_value *items = array_items(vm, receiver);
            memmove(items + from, items + from + fewer, (length - from - fewer) * 4);
        }
        if (!mote_array_resize(vm, receiver, length - fewer)) return MOTE_FAILED;
    }
    return MOTE_UNDEFINED;
}

static mote_value array_slice(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    if (!expect_array(vm, receiver)) return MOTE_FAILED;
    uint32_t length = array_length(vm, receiver);
    uint32_t from = count > 0 ? clamp_index(mote_to_int(vm, args[0]), length) : 0;
    uint32_t to = count > 1 && !is_nullish(args[1]) ? clamp_index(mote_to_int(vm, args[1]), length) : length;
    mote_value v = mote_array_new(vm, to > from ? to - from : 0);
    if (v != MOTE_FAILED && to > from) memcpy(array_items(vm, v), array_items(vm, receiver) + from, (to - from) * 4);
    return v;
}

static mote_value array_join(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)count;
    if (!expect_array(vm, receiver)) return MOTE_FAILED;
    mote_value separator = args[0] == MOTE_UNDEFINED ? MOTE_UNDEFINED : mote_to_string(vm, args[0]);
    text_builder text;
    root_push(vm, separator);
    if (separator == MOTE_FAILED || !mote_text_begin(&text, vm, UINT32_MAX)) {
        roots_drop(vm, 1);
        return MOTE_FAILED;
    }
    for (uint32_t i = 0; i < array_length(vm, receiver) && !text.failed; i++) {
        if (i > 0 && separator == MOTE_UNDEFINED) mote_text_add_literal(&text, ",");
        else if (i > 0) mote_text_add_value(&text, separator);
        mote_text_add_value(&text, array_items(vm, receiver)[i]);
    }
    mote_value joined = mote_text_end(&text);
    roots_drop(vm, 1);
    return joined;
}

const native_entry mote_array_natives[] = {
    {OBJECT_Array, S_isArray, NATIVE_FUNCTION, 1, array_is_array},
    {OBJECT_Array, S___func__, NATIVE_CTOR, VARIADIC, array_construct},
    {OBJECT_Array_prototype, S_length, NATIVE_PROPERTY, 0, array_get_length},
    {OBJECT_Array_prototype, S_insert, NATIVE_METHOD, 2, array_insert},
    {OBJECT_Array_prototype, S_push, NATIVE_METHOD, VARIADIC, array_push},
    {OBJECT_Array_prototype, S_pushRange, NATIVE_METHOD, 1, array_push_range},
    {OBJECT_Array_prototype, S_slice, NATIVE_METHOD, VARIADIC, array_slice},
    {OBJECT_Array_prototype, S_join, NATIVE_METHOD, 1, array_join},
    {0},
};
