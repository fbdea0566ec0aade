/*
 * Activations on a fiber's stack:
 *
 *   link words | slots (this, arguments, temporaries, locals) | try handlers | link words of the callee | operands
 *
 * Calls copy no arguments: the caller's operands `function, a1, a2...` become the callee's slots in place. The first
 * closure that an activation creates moves its slots to a block_frame, in which they outlive the call. Their places on
 * the stack stay unused.
 *
 * The collector does not scan the link words of a callee before the registers are the callee's (heap.c). So code that
 * allocates while entering a call roots the environment.
 */
#include "call.h"
#include "activation.h"
#include "array.h"
#include "builtins.h"
#include "exception.h"
#include "fiber.h"
#include "heap.h"
#include "interpreter.h"
#include "native_lookup.h"
#include "object.h"
#include "property.h"
#include "state.h"
#include "text.h"
#include "utf8_string.h"

#include <string.h>

const image_function *mote_running_function(const mote_vm *vm)
{
    return function_at(vm, function_index(vm->link));
}

void mote_frame_restore(mote_vm *vm, mote_value *link)
{
    const image_function *function = use_activation(vm, link);
    vm->sp = vm->operands = operands_above(function, slots_on_stack(function, link));
}

/** Collects the arguments from slot `rest` on into an array in that slot. */
static bool gather_rest(mote_vm *vm, mote_value *slots, uint32_t rest, uint32_t given)
{
    uint32_t count = given > rest ? given - rest : 0;
    mote_value array = mote_array_new(vm, count);
    if (array == MOTE_FAILED) return false;
    if (count > 0) memcpy(array_items(vm, array), slots + rest, count * 4);
    for (uint32_t i = given; i < rest; i++) slots[i] = MOTE_UNDEFINED;
    slots[rest] = array;
    return true;
}

bool mote_call_capture(mote_vm *vm)
{
    mote_value *link = vm->link;
    if (is_captured(link)) return true;
    uint32_t used = mote_running_function(vm)->num_slots;
    mote_value v = mote_heap_new(vm, KIND_FRAME, 4 + used * 4);
    if (v == MOTE_FAILED) return false;
    block_frame *frame = at_offset(vm, v);
    uint32_t room = block_words(vm, v) - 2;
    frame->parent = link[2];
    for (uint32_t i = 0; i < room; i++) {
        frame->slots[i] = i < used ? vm->slots[i] : MOTE_UNDEFINED;
        if (i < used) vm->slots[i] = MOTE_UNDEFINED; /* keeps nothing alive any more */
    }
    link[0] = small_value(small_int(link[0]) | (1 << CAPTURED_SHIFT));
    link[2] = v;
    vm->slots = frame->slots;
    return true;
}

/** Counts the activation. False, after a panic, if calls are nested too deeply. */
static inline bool count_call(mote_vm *vm)
{
    if (++vm->depth <= vm->peak_depth) return true;
    if (vm->depth > vm->max_depth) {
        vm->depth--;
        mote_vm_stop(vm, MOTE_PANIC_DEPTH);
        return false;
    }
    vm->peak_depth = vm->depth;
    return true;
}

static inline void note_stack(mote_vm *vm)
{
    if (vm->sp > vm->stack_peak) vm->stack_peak = vm->sp;
}

/** A constructor's new object replaces the function word at the base. */
RARE bool mote_call_make_object(mote_vm *vm, mote_value *base, uint32_t index, mote_value env)
{
    root_push(vm, env);
    mote_value prototype = mote_prototype_of_ctor(vm, immediate(TAG_FUNCTION, index));
    mote_value self = prototype == MOTE_FAILED ? prototype : mote_map_new(vm, prototype);
    roots_drop(vm, 1);
    if (self != MOTE_FAILED) *base = self;
    return self != MOTE_FAILED;
}

/** Completes the slots: the array of a rest parameter, and undefined for missing arguments and locals. */
static RARE bool finish_entry(mote_vm *vm, const image_function *function, mote_value *slots, mote_value *link,
                              uint32_t given)
{
    root_push(vm, link[2]);
    bool done = true;
    if ((function->flags & FUNCTION_HAS_REST) != 0) {
        done = gather_rest(vm, slots, function->num_args - 1u, given);
        given = function->num_args;
    }
    for (uint32_t i = given < function->num_args ? given : function->num_args; i < function->num_slots; i++)
        slots[i] = MOTE_UNDEFINED;
    vm->sp = slots + function->num_slots;
    roots_drop(vm, 1);
    return done;
}

static RARE mote_value *grow_below(mote_vm *vm, mote_value *base, uint32_t words, mote_value env)
{
    uint32_t position = (uint32_t)(base - vm->stack);
    root_push(vm, env);
    bool grown = mote_stack_grow(vm, words);
    roots_drop(vm, 1);
    return grown ? vm->stack + position : NULL;
}

RARE bool mote_call_enter_in_full(mote_vm *vm, mote_value *base, uint32_t index, unsigned count, mote_value env)
{
    const image_function *function = function_at(vm, index);
    bool method = (function->flags & FUNCTION_NEEDS_THIS) != 0;
    uint32_t words = function->num_slots + function->num_tries + 2u * LINK_WORDS + OPERAND_WORDS;
    if ((uint32_t)(vm->stack_end - vm->sp) < words && (base = grow_below(vm, base, words, env)) == NULL) return false;
    bool makes = method && base[0] == MOTE_UNDEFINED && (function->flags & FUNCTION_IS_CTOR) != 0;
    if (makes && !mote_call_make_object(vm, base, index, env)) return false;
    if (!count_call(vm)) return false;
    mote_value *link = base - LINK_WORDS;
    write_link(vm, link, index, env, vm->pc, vm->link == NULL ? NO_CALLER : place_of_link(vm, vm->link));
    if (!finish_entry(vm, function, method ? base : base + 1, link, count + (method ? 1 : 0))) return false;
    mote_frame_restore(vm, link);
    for (uint32_t i = 0; i < function->num_tries; i++) vm->operands[-LINK_WORDS - 1 - (int32_t)i] = small_value(0);
    vm->pc = vm->image.bytes + function->start;
    note_stack(vm);
    return true;
}

bool mote_call_enter_function(mote_vm *vm, mote_value *base, uint32_t index, unsigned count, mote_value env)
{
    const image_function *function = enter_quickly(vm, base, index, count, env, vm->pc);
    if (function == NULL) return mote_call_enter_in_full(vm, base, index, count, env);
    vm->sp = vm->operands;
    vm->pc = vm->image.bytes + function->start;
    return true;
}

RARE void mote_call_native_failed(mote_vm *vm)
{
    if (!has_failed(vm)) mote_throw_error(vm, MOTE_ERROR, "native function failed");
}

void mote_call_enter_native(mote_vm *vm, mote_value *base, uint32_t index, unsigned count)
{
    vm->ret_val = MOTE_UNDEFINED;
    mote_value result = mote_native_call(vm, index, base[0], base + 1, count);
    if (result == MOTE_FAILED) {
        mote_call_native_failed(vm);
        return;
    }
    vm->ret_val = result;
    vm->sp = vm->operands;
}

/** The function that a call of a builtin object or map runs. */
static mote_value callable_of(mote_vm *vm, mote_value v)
{
    if (has_kind(vm, v, KIND_MAP)) return mote_map_get(vm, v, builtin_value(S___func__));
    return has_tag(v, TAG_BUILTIN) ? mote_native_lookup(vm, payload(v), builtin_value(S___func__)) : VALUE_NONE;
}

static void throw_called(mote_vm *vm, mote_value v)
{
    uint32_t length;
    mote_value text = mote_to_string(vm, v);
    if (text != MOTE_FAILED)
        mote_throw_error(vm, MOTE_TYPE_ERROR, "%s called", mote_string_text(vm, text, &length, NULL));
}

/** Slow path: calls of closures, bound functions, and objects with a function inside. */
static RARE void enter_other(mote_vm *vm, mote_value *base, unsigned count, mote_value self)
{
    mote_value function = base[0], env = NO_FRAME, inner = callable_of(vm, function);
    if (inner != VALUE_NONE) {
        self = function;
        function = inner;
    }
    if (has_kind(vm, function, KIND_BOUND)) {
        const block_bound *bound = at_offset(vm, function);
        self = bound->receiver;
        function = bound->function;
    }
    if (has_kind(vm, function, KIND_CLOSURE)) {
        const block_closure *closure = at_offset(vm, function);
        env = closure->frame;
        function = closure->function;
    }
    if (!is_code(function)) {
        throw_called(vm, base[0]);
        return;
    }
    base[0] = self;
    if (has_tag(function, TAG_FUNCTION)) (void)mote_call_enter_function(vm, base, payload(function), count, env);
    else mote_call_enter_native(vm, base, payload(function), count);
}

void mote_call_enter(mote_vm *vm, mote_value *base, unsigned count, mote_value receiver)
{
    mote_value function = base[0], self = receiver == VALUE_NONE ? MOTE_UNDEFINED : receiver;
    if (!is_code(function)) {
        enter_other(vm, base, count, self);
        return;
    }
    base[0] = self;
    if (has_tag(function, TAG_FUNCTION)) (void)mote_call_enter_function(vm, base, payload(function), count, NO_FRAME);
    else mote_call_enter_native(vm, base, payload(function), count);
}

static bool is_native_call(mote_vm *vm, mote_value function)
{
    if (has_kind(vm, function, KIND_BOUND)) function = ((const block_bound *)at_offset(vm, function))->function;
    return has_tag(function, TAG_NATIVE) || has_tag(function, TAG_BUILTIN);
}

void mote_call_array(mote_vm *vm, mote_value function, mote_value array)
{
    if (!has_kind(vm, array, KIND_ARRAY)) {
        mote_throw_expecting(vm, "array", array);
        return;
    }
    uint32_t count = array_length(vm, array);
    if (is_native_call(vm, function) && count > MAX_SPREAD_NATIVE) {
        mote_throw_error(vm, MOTE_TYPE_ERROR, "large parameters array not supported (yet)");
        return;
    }
    if (!stack_reserve(vm, count + OPERAND_WORDS)) return;
    mote_value *base = vm->operands;
    base[0] = function;
    if (count > 0) memcpy(base + 1, array_items(vm, array), count * 4);
    vm->sp = base + 1 + count;
    mote_value receiver = vm->receiver;
    vm->receiver = VALUE_NONE;
    mote_call_enter(vm, base, count, receiver);
}

void mote_call_return(mote_vm *vm, mote_value result)
{
    if (leave_activation(vm, result, &vm->pc)) vm->sp = vm->operands;
    else mote_fiber_end(vm);
}
