/*
 * try, catch and finally: the handlers of the running activation, and unwinding.
 *
 * Handlers are stored between an activation's slots and its operands, as offsets in the function; the first link word
 * counts those that are set. A jump out of `try` blocks is a block_jump while finally blocks run: it takes the place of
 * the exception there. Its target is always in the same function.
 */
#include "activation.h"
#include "call.h"
#include "heap.h"
#include "interpreter.h"
#include "ops.h"
#include "state.h"

/** One more handler in the first link word, which is a small integer. */
enum { TRY_ONE = 1 << 17, TRY_MASK = 0xff };

static uint32_t tries_set(const mote_value *link)
{
    return (link[0] / TRY_ONE) & TRY_MASK;
}

static mote_value *handlers(const mote_vm *vm)
{
    return vm->operands - LINK_WORDS - mote_running_function(vm)->num_tries;
}

bool mote_try_enter(mote_vm *vm, uint32_t handler)
{
    mote_value *place = handlers(vm) + tries_set(vm->link);
    if (place >= vm->operands - LINK_WORDS) return false;
    *place = small_value((int32_t)handler);
    vm->link[0] += TRY_ONE;
    return true;
}

bool mote_try_leave(mote_vm *vm)
{
    if (tries_set(vm->link) == 0) return false;
    vm->link[0] -= TRY_ONE;
    return true;
}

bool mote_try_is_top(const mote_vm *vm, uint32_t handler)
{
    uint32_t set = tries_set(vm->link);
    return set > 0 && handlers(vm)[set - 1] == small_value((int32_t)handler);
}

/** Removes the innermost handler and returns its code, or NULL if there is none. */
static const uint8_t *pop_handler(mote_vm *vm)
{
    uint32_t set = tries_set(vm->link);
    if (set == 0) return NULL;
    vm->link[0] -= TRY_ONE;
    return vm->image.bytes + mote_running_function(vm)->start + small_int(handlers(vm)[set - 1]);
}

static void enter_handler(mote_vm *vm, const uint8_t *handler, mote_value value)
{
    vm->sp = vm->operands;
    vm->ret_val = value;
    vm->pc = handler + 1;
}

void mote_unwind_exception(mote_vm *vm)
{
    vm->receiver = VALUE_NONE;
    while (vm->depth >= vm->run_from) {
        const uint8_t *handler = pop_handler(vm);
        if (handler != NULL) {
            enter_handler(vm, handler, vm->exception);
            vm->exception = VALUE_NONE;
            return;
        }
        if (!has_caller(vm->link)) {
            mote_vm_stop(vm, MOTE_PANIC_UNHANDLED);
            return;
        }
        vm->depth--;
        mote_frame_restore(vm, link_of_caller(vm, vm->link));
    }
}

void mote_unwind_jump(mote_vm *vm, uint32_t target, uint32_t levels)
{
    while (levels > 0) {
        const uint8_t *handler = pop_handler(vm);
        if (handler == NULL) {
            mote_vm_stop(vm, MOTE_PANIC_INVALID_PROGRAM);
            return;
        }
        levels--;
        if (*handler != OP_FINALLY) continue;
        mote_value v = mote_heap_new(vm, KIND_JUMP, sizeof(block_jump) - 4);
        if (v == MOTE_FAILED) return;
        block_jump *jump = at_offset(vm, v);
        jump->function = (uint32_t)(mote_running_function(vm) - vm->image.functions);
        jump->target = target;
        jump->levels = levels;
        enter_handler(vm, handler, v);
        return;
    }
    vm->sp = vm->operands;
    vm->pc = vm->image.bytes + mote_running_function(vm)->start + target;
}

void mote_unwind_again(mote_vm *vm, mote_value saved)
{
    if (!has_kind(vm, saved, KIND_JUMP)) {
        vm->exception = saved;
        return;
    }
    const block_jump *jump = at_offset(vm, saved);
    if (function_at(vm, jump->function) != mote_running_function(vm)) mote_vm_stop(vm, MOTE_PANIC_INVALID_PROGRAM);
    else mote_unwind_jump(vm, jump->target, jump->levels);
}
