/*
 * The link words of activations, and the fast paths of calls and returns, which the interpreter has inline. call.c
 * describes how activations lie on the stack.
 */
#ifndef MOTE_ACTIVATION_H
#define MOTE_ACTIVATION_H

#include "operations.h"
#include "state.h"

/* First link word: function index, number of try handlers set, is_captured. */
enum { TRIES_SHIFT = 16, CAPTURED_SHIFT = 24 };

static inline uint32_t function_index(const mote_value *link)
{
    return (uint32_t)small_int(link[0]) & 0xffff;
}

/**
 * The last link word: where the caller's link words are, as their offset in the arena plus one, which the collector
 * takes for a small integer; NO_CALLER in a fiber's first function. mote_stack_grow adjusts it when a stack moves.
 */
#define NO_CALLER 0xffffffffu

static inline mote_value place_of_link(const mote_vm *vm, const mote_value *link)
{
    return (uint32_t)((uintptr_t)link - (uintptr_t)vm) + 1;
}

static inline bool has_caller(const mote_value *link)
{
    return (int32_t)link[3] >= 0;
}

static inline mote_value *link_of_caller(const mote_vm *vm, const mote_value *link)
{
    return at_offset(vm, link[3] - 1);
}

/** Whether the slots of the activation are in a frame, which link[2] is: closures share them. */
static inline bool is_captured(const mote_value *link)
{
    return small_int(link[0]) >> CAPTURED_SHIFT != 0;
}

static inline mote_value *slots_on_stack(const image_function *function, mote_value *link)
{
    mote_value *base = link + LINK_WORDS;
    return (function->flags & FUNCTION_NEEDS_THIS) != 0 ? base : base + 1;
}

static inline bool has_slot(const block_frame *frame, uint32_t slot)
{
    return slot + 2 < frame->header >> 8;
}

/**
 * Where a captured variable is; NULL if the program is invalid. Most are of the function around the running one, which
 * creates no closures itself.
 */
static inline mote_value *captured_slot(mote_vm *vm, mote_value levels, uint32_t slot)
{
    block_frame *frame = at_offset(vm, vm->link[2]);
    bool nearest = levels == small_value(1) && !is_captured(vm->link);
    return nearest && has_slot(frame, slot) ? &frame->slots[slot] : mote_captured_slot(vm, levels, slot);
}

/** Makes the activation with these link words the running one: its slots are on the stack, or in a frame. */
static inline const image_function *use_activation(mote_vm *vm, mote_value *link)
{
    const image_function *function = function_at(vm, function_index(link));
    vm->link = link;
    vm->slots = is_captured(link) ? ((block_frame *)at_offset(vm, link[2]))->slots : slots_on_stack(function, link);
    return function;
}

/** The bottom of the operand stack of an activation whose slots on the stack begin here. */
static inline mote_value *operands_above(const image_function *function, mote_value *slots)
{
    return slots + function->num_slots + function->num_tries + LINK_WORDS;
}

/** Writes the link words of a new activation. */
static inline void write_link(const mote_vm *vm, mote_value *link, uint32_t index, mote_value env, const uint8_t *pc,
                              mote_value caller)
{
#ifdef MOTE_PROFILE
    if (vm->profile != NULL) vm->profile[index].calls++;
#endif
    link[0] = small_value((int32_t)index);
    link[1] = small_value((int32_t)(pc - vm->image.bytes));
    link[2] = env;
    link[3] = caller;
}

/**
 * Enters a function that is no constructor and has no rest parameter, if the depth and the height of the stack have
 * been reached before in this fiber: then there is room, the depth is allowed, and the function has a caller. NULL:
 * call mote_call_enter_in_full. The caller sets sp, to the operands, and pc, to the function's code.
 */
static inline const image_function *enter_quickly(mote_vm *vm, mote_value *base, uint32_t index, unsigned count,
                                                  mote_value env, const uint8_t *pc)
{
    const image_function *function = function_at(vm, index);
    uint32_t flags = function->flags, args = function->num_args;
    mote_value *slots = base + 1;
    if ((flags & FUNCTION_NEEDS_THIS) != 0) {
        slots = base;
        count++;
    }
    mote_value *operands = operands_above(function, slots);
    bool plain = (flags & (FUNCTION_IS_CTOR | FUNCTION_HAS_REST)) == 0;
    bool room = operands <= vm->stack_peak && vm->depth < vm->peak_depth;
    if (!plain || !room) return NULL;
    vm->depth++;
    write_link(vm, base - LINK_WORDS, index, env, pc, place_of_link(vm, vm->link));
    vm->link = base - LINK_WORDS;
    vm->slots = slots;
    vm->operands = operands;
    /* Missing arguments, locals and handlers, of which none is set. */
    for (mote_value *at = slots + (count < args ? count : args); at < operands - LINK_WORDS; at++) *at = MOTE_UNDEFINED;
    return function;
}

/**
 * Leaves the running activation with `result`. Sets pc; the caller sets sp, to the operands. False: the fiber has no
 * other activation.
 */
static inline bool leave_activation(mote_vm *vm, mote_value result, const uint8_t **pc)
{
    mote_value *link = vm->link;
    if (result == MOTE_UNDEFINED && (function_at(vm, function_index(link))->flags & FUNCTION_IS_CTOR) != 0)
        result = vm->slots[0];
    vm->ret_val = result;
    vm->depth--;
    if (!has_caller(link)) return false;
    *pc = vm->image.bytes + small_int(link[1]);
    vm->operands = link + LINK_WORDS; /* the callee's link words lie below the operands of its caller */
    (void)use_activation(vm, link_of_caller(vm, link));
    return true;
}

#endif
