/* Operations of translated functions that are too long to be inlined. Their fast paths come first. */
#include "translated.h"
#include "array.h"
#include "buffer.h"
#include "heap.h"
#include "object.h"

/** The operation's own operands. */
static inline mote_value *operands_of(const mote_vm *vm, uint32_t at)
{
    return vm->operands + (at >> DEPTH_SHIFT);
}

static void operands_1(mote_vm *vm, uint32_t at, mote_value x)
{
    operands_of(vm, at)[0] = x;
    mote_translated_registers(vm, at, 1);
}

static void operands_2(mote_vm *vm, uint32_t at, mote_value x, mote_value y)
{
    mote_value *o = operands_of(vm, at);
    o[0] = x;
    o[1] = y;
    mote_translated_registers(vm, at, 2);
}

static void operands_3(mote_vm *vm, uint32_t at, mote_value x, mote_value y, mote_value z)
{
    mote_value *o = operands_of(vm, at);
    o[0] = x;
    o[1] = y;
    o[2] = z;
    mote_translated_registers(vm, at, 3);
}

/* Expressions. */

mote_value mote_translated_binary(mote_vm *vm, uint32_t at, mote_value x, mote_value y)
{
    operands_2(vm, at, x, y);
    return mote_operate_binary(vm, vm->pc[-1], x, y);
}

mote_value mote_translated_unary(mote_vm *vm, uint32_t at, mote_value x)
{
    operands_1(vm, at, x);
    return mote_operate_unary(vm, vm->pc[-1], x);
}

mote_value mote_translated_index(mote_vm *vm, uint32_t at, mote_value object, mote_value key)
{
    if (is_small(key) && is_heap(object)) {
        uint32_t index = (uint32_t)small_int(key);
        if (kind_of(vm, object) == KIND_BUFFER && index < ((const block_buffer *)at_offset(vm, object))->length)
            return small_value(((const block_buffer *)at_offset(vm, object))->data[index]);
        if (kind_of(vm, object) == KIND_ARRAY && index < array_length(vm, object))
            return array_items(vm, object)[index];
    }
    operands_2(vm, at, object, key);
    return mote_index_get(vm, object, key);
}

mote_value mote_translated_builtin(mote_vm *vm, uint32_t at, enum builtin_object object, mote_value key)
{
    mote_translated_registers(vm, at, 0);
    return mote_builtin_get(vm, object, key);
}

mote_value mote_translated_number(mote_vm *vm, uint32_t at, int32_t number)
{
    mote_translated_registers(vm, at, 0);
    return mote_int(vm, number);
}

mote_value mote_translated_literal(mote_vm *vm, uint32_t at, uint32_t index)
{
    mote_value known = *literal_place(vm, index);
    if (known != MOTE_UNDEFINED) return known;
    mote_translated_registers(vm, at, 0);
    return mote_make_literal(vm, index);
}

mote_value mote_translated_spec(mote_vm *vm, uint32_t at, uint32_t index)
{
    mote_translated_registers(vm, at, 0);
    return mote_spec_map(vm, index);
}

mote_value mote_translated_ctor(mote_vm *vm, uint32_t at, mote_value x)
{
    operands_1(vm, at, x);
    return mote_check_ctor(vm, x);
}

mote_value mote_translated_bind(mote_vm *vm, uint32_t at, mote_value function, mote_value receiver)
{
    operands_2(vm, at, function, receiver);
    return mote_bind_value(vm, function, receiver);
}

mote_value mote_translated_instance(mote_vm *vm, uint32_t at, mote_value object, mote_value ctor)
{
    bool result = false;
    operands_2(vm, at, object, ctor);
    return mote_instance_of(vm, object, ctor, &result) ? bool_value(result) : MOTE_FAILED;
}

mote_value mote_translated_closure(mote_vm *vm, uint32_t at, uint32_t function)
{
    mote_translated_registers(vm, at, 0);
    return mote_closure_new(vm, function);
}

mote_value mote_translated_load_closure(mote_vm *vm, uint32_t at, uint32_t slot, mote_value levels)
{
    mote_translated_registers(vm, at, 0);
    const mote_value *place = mote_captured_slot(vm, levels, slot);
    return place == NULL ? MOTE_FAILED : *place;
}

mote_value mote_translated_load(mote_vm *vm, uint32_t at)
{
    mote_translated_registers(vm, at, 3);
    const mote_value *o = operands_of(vm, at);
    return mote_buffer_load(vm, o[0], o[1], o[2]);
}

/* Statements. */

bool mote_translated_set_index(mote_vm *vm, uint32_t at, mote_value object, mote_value key, mote_value value)
{
    if (both_small(key, value) && has_kind(vm, object, KIND_BUFFER)) {
        block_buffer *buffer = at_offset(vm, object);
        uint32_t index = (uint32_t)small_int(key);
        if (index < buffer->length) {
            buffer->data[index] = (uint8_t)small_int(value);
            return true;
        }
    }
    operands_3(vm, at, object, key, value);
    return mote_field_set(vm, object, key, value);
}

bool mote_translated_delete(mote_vm *vm, uint32_t at, mote_value object, mote_value key)
{
    bool existed = false;
    operands_2(vm, at, object, key);
    if (!mote_index_delete(vm, object, key, &existed)) return false;
    vm->ret_val = bool_value(existed);
    return true;
}

bool mote_translated_set_closure(mote_vm *vm, uint32_t slot, mote_value levels, mote_value value)
{
    mote_value *place = mote_captured_slot(vm, levels, slot);
    if (place != NULL) *place = value;
    return place != NULL;
}

bool mote_translated_store(mote_vm *vm, uint32_t at)
{
    mote_translated_registers(vm, at, 4);
    const mote_value *o = operands_of(vm, at);
    return mote_buffer_store(vm, o[0], o[1], o[2], o[3]);
}

static bool returned(mote_vm *vm, mote_value v)
{
    vm->ret_val = v;
    return v != MOTE_FAILED;
}

bool mote_translated_alloc_map(mote_vm *vm, uint32_t at, uint32_t fields)
{
    mote_translated_registers(vm, at, 0);
    return returned(vm, mote_map_with_room(vm, MOTE_UNDEFINED, fields));
}

bool mote_translated_alloc_array(mote_vm *vm, uint32_t at, mote_value size)
{
    mote_translated_registers(vm, at, 0);
    return returned(vm, mote_alloc_array(vm, size));
}

bool mote_translated_alloc_buffer(mote_vm *vm, uint32_t at, mote_value size)
{
    mote_translated_registers(vm, at, 0);
    return returned(vm, mote_alloc_buffer(vm, size));
}

/* Calls. */

/** Looks the native up, and remembers it unless the program has stored fields in its object. */
static RARE bool call_unknown_native(mote_vm *vm, unsigned count, uint32_t at, uint32_t number)
{
    const mote_builtin_field *field = &vm->translation->natives[number];
    mote_value object = vm->operands[0];
    mote_translated_registers(vm, at, 1 + count); /* looking up a constant allocates: keep the arguments alive */
    bool its_own = mote_attached_map(vm, object, false) != 0;
    mote_value found = its_own ? MOTE_UNDEFINED : mote_builtin_get(vm, field->object, field->key);
    if (has_tag(found, TAG_NATIVE) && !is_accessor(found)) vm->known_natives[number] = found;
    return mote_translated_call_method(vm, count, at, field->key);
}

bool mote_translated_native(mote_vm *vm, unsigned count, uint32_t at, uint32_t number)
{
    mote_value known = vm->known_natives[number];
    if (known == 0) return call_unknown_native(vm, count, at, number);
    return mote_translated_call_native(vm, payload(known), count, at);
}

/* Leaving try blocks. */

/** Where the function continues. The jump counts as a call, so that loops of them are preempted. */
static uint32_t place_of_unwound(mote_vm *vm)
{
    vm->budget -= CALL_OPERATIONS;
    if (has_failed(vm) || !mote_turn_goes_on(vm)) return TRANSLATED_NOWHERE;
    return (uint32_t)(vm->pc - vm->image.bytes) - mote_running_function(vm)->start;
}

uint32_t mote_translated_throw_again(mote_vm *vm, uint32_t at, mote_value v)
{
    mote_translated_registers(vm, at, 0);
    mote_unwind_again(vm, v);
    return place_of_unwound(vm);
}

uint32_t mote_translated_throw_jump(mote_vm *vm, uint32_t at, uint32_t target, mote_value levels)
{
    mote_translated_registers(vm, at, 0);
    mote_unwind_jump(vm, target, (uint32_t)mote_to_int(vm, levels));
    return place_of_unwound(vm);
}

/* Leaving the C function. */

bool mote_translated_call_array(mote_vm *vm, uint32_t at, mote_value function, mote_value array)
{
    operands_2(vm, at, function, array);
    mote_call_array(vm, function, array);
    return false;
}

bool mote_translated_throw(mote_vm *vm, uint32_t at, mote_value v)
{
    operands_1(vm, at, v);
    mote_throw_value(vm, v);
    return false;
}

bool mote_translated_invalid(mote_vm *vm)
{
    mote_vm_stop(vm, MOTE_PANIC_INVALID_PROGRAM);
    return false;
}

/** Sets the registers for a place in the function. */
static void leave_at(mote_vm *vm, int32_t place)
{
    mote_translated_registers(vm, mote_running_function(vm)->start + (uint32_t)place, 0);
}

bool mote_translated_exit(mote_vm *vm, int32_t how)
{
    if (how > 0) {
        mote_frame_restore(vm, vm->link); /* the registers may have the slots of its callee */
        leave_at(vm, how - 1);
        vm->interprets = true;
    } else if (how < 0) {
        leave_at(vm, -1 - how);
        (void)mote_turn_goes_on(vm);
    }
    return false;
}

bool mote_translated_make_object(mote_vm *vm, unsigned given, uint32_t at, uint32_t class, uint32_t fields)
{
    mote_value *base = vm->operands;
    mote_translated_registers(vm, at, 1 + given);
    mote_value prototype = vm->class_prototypes[class];
    if (prototype == 0) return mote_call_make_object(vm, base, vm->translation->classes[class], MOTE_UNDEFINED);
    base[0] = mote_map_with_room(vm, prototype, fields);
    return base[0] != MOTE_FAILED;
}

bool mote_translated_leave(mote_vm *vm, mote_value result)
{
    mote_call_return(vm, result);
    return true;
}
