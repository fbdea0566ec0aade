/*
 * How translated functions call: natives directly, each other as C does, and interpreted functions by a nested run
 * (translation.c). At the limit of the C stack they return instead, and the innermost run continues with the callee.
 */
#include "native_lookup.h"
#include "translated.h"

/** Runs the function that has just been entered. False: the caller has to leave the C stack. */
static bool run_entered(mote_vm *vm)
{
    vm->budget -= CALL_OPERATIONS;
    if (!mote_turn_goes_on(vm) || vm->depth > vm->nested_limit) return false;
    mote_translated *code = running_translation(vm);
    if (code != NULL) return code(vm, 0);
    return mote_machine_run_callee(vm);
}

/** base[0] is the receiver. */
static bool call_function(mote_vm *vm, mote_value *base, uint32_t index, unsigned count, mote_value env)
{
    bool entered = mote_call_enter_function(vm, base, index, count, env);
    limit_depth(vm); /* the call may be the deepest so far */
    return entered && run_entered(vm);
}

/** base[0] is the receiver; the registers have been set. */
static ALWAYS bool run_native(mote_vm *vm, mote_value *base, uint32_t index, unsigned count)
{
    vm->ret_val = MOTE_UNDEFINED;
    mote_value result = mote_native_call(vm, index, base[0], base + 1, count);
    if (result == MOTE_FAILED) {
        mote_call_native_failed(vm);
        return false;
    }
    vm->ret_val = result;
    return !has_failed(vm) && !vm->yielding;
}

bool mote_translated_call_native(mote_vm *vm, uint32_t index, unsigned count, uint32_t behind)
{
    mote_translated_registers(vm, behind, 1 + count);
    return run_native(vm, vm->operands, index, count);
}

/** Calls anything else: maps and builtin objects that can be called, and bound natives. */
static RARE bool call_object(mote_vm *vm, mote_value *base, unsigned count, mote_value receiver)
{
    const mote_value *link = vm->link;
    mote_call_enter(vm, base, count, receiver);
    if (has_failed(vm) || vm->yielding) return false;
    return vm->link == link || run_entered(vm);
}

/** Unwraps bound functions and closures. base[0] still is the function, not its receiver. */
static RARE bool call_wrapped(mote_vm *vm, mote_value *base, unsigned count, mote_value receiver)
{
    mote_value function = base[0], env = NO_FRAME;
    if (has_kind(vm, function, KIND_BOUND)) {
        const block_bound *bound = at_offset(vm, function);
        receiver = bound->receiver;
        function = bound->function;
    }
    if (has_kind(vm, function, KIND_CLOSURE)) {
        const block_closure *closure = at_offset(vm, function);
        function = closure->function;
        env = closure->frame;
    }
    if (!has_tag(function, TAG_FUNCTION)) return call_object(vm, base, count, receiver);
    base[0] = receiver == VALUE_NONE ? MOTE_UNDEFINED : receiver;
    return call_function(vm, base, payload(function), count, env);
}

static ALWAYS bool call_value(mote_vm *vm, mote_value *base, unsigned count, mote_value function, mote_value receiver)
{
    bool native = has_tag(function, TAG_NATIVE);
    if (!native && !has_tag(function, TAG_FUNCTION)) {
        base[0] = function;
        return call_wrapped(vm, base, count, receiver);
    }
    base[0] = receiver == VALUE_NONE ? MOTE_UNDEFINED : receiver;
    if (native) return run_native(vm, base, payload(function), count);
    return call_function(vm, base, payload(function), count, NO_FRAME);
}

bool mote_translated_call(mote_vm *vm, unsigned count, uint32_t behind)
{
    mote_value receiver = vm->receiver, *base = vm->operands;
    mote_translated_registers(vm, behind, 1 + count);
    vm->receiver = VALUE_NONE;
    return call_value(vm, base, count, base[0], receiver);
}

bool mote_translated_call_method(mote_vm *vm, unsigned count, uint32_t behind, mote_value key)
{
    mote_value *base = vm->operands, object = base[0], method = quick_method(vm, object, key);
    mote_translated_registers(vm, behind, 1 + count);
    if (method != VALUE_NONE) return call_value(vm, base, count, method, object);
    method = mote_field_find(vm, object, key);
    if (method == MOTE_FAILED) return false;
    bool takes_object = is_code(method) || has_kind(vm, method, KIND_CLOSURE);
    return call_value(vm, base, count, method, takes_object ? object : VALUE_NONE);
}

bool mote_translated_enter(mote_vm *vm, uint32_t at, const translated_entry *of)
{
    mote_value *base = vm->operands;
    if (!mote_translated_may_begin(vm, base, of->operands))
        return mote_translated_call_function(vm, of->given, at, of->index);
    const mote_value *end = mote_translated_place(base, of->tries);
    for (mote_value *v = mote_translated_place(base, of->locals); v < end; v++) *v = MOTE_UNDEFINED;
    mote_translated_begin(vm, base, at, *of);
    return vm->translated[of->index](vm, 0);
}

bool mote_translated_call_function(mote_vm *vm, unsigned count, uint32_t behind, uint32_t index)
{
    mote_translated_registers(vm, behind, 1 + count);
    return call_function(vm, vm->operands, index, count, NO_FRAME);
}
