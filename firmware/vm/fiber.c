/*
 * Fibers: stacks, the scheduler, time.
 *
 * The registers (vm->sp, slots, operands, link, pc) belong to the running fiber. Those of other fibers are saved in
 * their blocks, as indexes, because stacks move when they grow. So a pointer into a stack is valid only until the next
 * call that may grow it. Wake times are stored plus one, and 0 means that no time is set: a fiber block filled with
 * zeros sleeps for ever.
 *
 * The scheduler is cooperative. The next fiber is the one with the earliest wake time, in order of creation where times
 * are equal, as on the official machine; a resumed fiber has wake time 0. A fiber that was preempted for the host
 * continues before all others.
 */
#include "fiber.h"
#include "activation.h"
#include "builtins.h"
#include "call.h"
#include "exception.h"
#include "heap.h"
#include "interpreter.h"
#include "number.h"
#include "state.h"

#include <string.h>

enum { TURNS_PER_STEP = 32 };

static block_fiber *fiber_at(const mote_vm *vm, mote_value fiber)
{
    return at_offset(vm, fiber);
}

/* Stored plus one: 0 means that no time is set. */

static void set_wake(block_fiber *fiber, uint64_t wake)
{
    fiber->wake_low = (uint32_t)(wake + 1);
    fiber->wake_high = (uint32_t)((wake + 1) >> 32);
}

static void clear_wake(block_fiber *fiber)
{
    fiber->wake_low = fiber->wake_high = 0;
}

/** MOTE_NEVER if no time is set. */
static uint64_t wake_of(const block_fiber *fiber)
{
    return (((uint64_t)fiber->wake_high << 32) | fiber->wake_low) - 1;
}

/* Stacks. */

void mote_stack_note_peak(mote_vm *vm)
{
    uint32_t words = (uint32_t)(vm->stack_peak - vm->stack);
    if (vm->stack != NULL && words > vm->peak_stack_words) vm->peak_stack_words = words;
}

static void use_stack(mote_vm *vm, mote_value stack)
{
    block_values *block = at_offset(vm, stack);
    mote_stack_note_peak(vm);
    vm->stack = vm->stack_peak = block->items;
    vm->stack_end = block->items + block_words(vm, stack) - 1;
}

/** Makes room for `words` above the stack pointer; may move the stack. */
bool mote_stack_grow(mote_vm *vm, uint32_t words)
{
    mote_value old = fiber_at(vm, vm->current)->stack;
    mote_value *before = vm->stack;
    uint32_t used = (uint32_t)(vm->sp - before), size = block_words(vm, old) - 1;
    uint32_t wanted = size + size / 4 < used + words ? used + words : size + size / 4;
    if (mote_heap_extend(vm, old, wanted + 1)) {
        use_stack(vm, old);
        return true;
    }
    mote_value grown = mote_heap_new(vm, KIND_STACK, wanted * 4);
    if (grown == MOTE_FAILED) return false;
    memcpy(((block_values *)at_offset(vm, grown))->items, before, used * 4);
    fiber_at(vm, vm->current)->stack = grown;
    use_stack(vm, grown);
    bool on_stack = vm->slots >= before && vm->slots < before + size;
    if (on_stack) vm->slots = vm->stack + (vm->slots - before);
    vm->sp = vm->stack + used;
    vm->operands = vm->stack + (vm->operands - before);
    if (vm->link != NULL) vm->link = vm->stack + (vm->link - before);
    for (mote_value *link = vm->link; link != NULL && has_caller(link); link = link_of_caller(vm, link))
        link[3] += grown - old;
    mote_heap_free(vm, old);
    return true;
}

/** Saves the registers in the running fiber's block. */
void mote_fiber_save(mote_vm *vm)
{
    block_fiber *fiber = fiber_at(vm, vm->current);
    fiber->sp = (uint32_t)(vm->sp - vm->stack);
    fiber->link = (uint32_t)(vm->link - vm->stack);
    fiber->pc = (uint32_t)(vm->pc - vm->image.bytes);
    fiber->depth = (uint16_t)vm->depth;
    fiber->ret_val = vm->ret_val;
    /* The collector scans the whole stack of a waiting fiber, even the unused link words of a callee. */
    for (uint32_t i = 1; i <= LINK_WORDS; i++) vm->operands[-(int32_t)i] = small_value(0);
}

/** Restores the registers of a fiber. Panics if its stack, which a collection has trimmed, cannot grow again. */
static void load_registers(mote_vm *vm, mote_value v)
{
    block_fiber *fiber = fiber_at(vm, v);
    vm->current = v;
    use_stack(vm, fiber->stack);
    vm->depth = fiber->depth;
    vm->pc = vm->image.bytes + fiber->pc;
    vm->ret_val = fiber->ret_val;
    vm->receiver = VALUE_NONE;
    mote_frame_restore(vm, vm->stack + fiber->link);
    (void)stack_reserve(vm, OPERAND_WORDS);
    vm->yielding = false;
    vm->budget = vm->guard == 0 ? SLICE : vm->guard > INT32_MAX ? INT32_MAX : (int32_t)vm->guard;
}

static void forget_registers(mote_vm *vm)
{
    vm->current = 0;
    mote_stack_note_peak(vm);
    vm->stack = vm->stack_peak = vm->stack_end = vm->sp = vm->slots = vm->operands = vm->link = NULL;
    vm->ret_val = MOTE_UNDEFINED;
}

/* Creating and ending fibers. */

static mote_value allocate_fiber(mote_vm *vm)
{
    mote_value v = mote_heap_new(vm, KIND_FIBER, sizeof(block_fiber) - 4);
    if (v == MOTE_FAILED) return v;
    block_fiber *fiber = fiber_at(vm, v);
    memset(&fiber->next, 0, sizeof *fiber - 4);
    fiber->ret_val = MOTE_UNDEFINED;
    root_push(vm, v);
    mote_value stack = mote_heap_new(vm, KIND_STACK, FIRST_STACK_WORDS * 4);
    roots_drop(vm, 1);
    if (stack == MOTE_FAILED) return stack;
    fiber->stack = stack;
    return v;
}

static void append(mote_vm *vm, mote_value v)
{
    mote_value *at = &vm->fibers;
    while (*at != 0) at = &fiber_at(vm, *at)->next;
    *at = v;
}

/** Enters `function` at the bottom of the new fiber's stack, as if that fiber were running. */
static void enter_first(mote_vm *vm, mote_value v, mote_value function, const mote_value *args, unsigned count)
{
    use_stack(vm, fiber_at(vm, v)->stack);
    vm->current = v;
    vm->link = NULL;
    vm->slots = NULL;
    vm->depth = 0;
    vm->pc = vm->image.bytes;
    for (uint32_t i = 0; i < LINK_WORDS; i++) vm->stack[i] = small_value(0);
    vm->operands = vm->stack + LINK_WORDS;
    vm->operands[0] = function;
    for (unsigned i = 0; i < count; i++) vm->operands[1 + i] = args[i];
    vm->sp = vm->operands + 1 + count;
    mote_call_enter(vm, vm->operands, count, VALUE_NONE);
    if (vm->panic == MOTE_RUNNING && vm->link != NULL) mote_fiber_save(vm);
}

static void unlink_fiber(mote_vm *vm, mote_value v)
{
    mote_value *at = &vm->fibers;
    while (*at != 0 && *at != v) at = &fiber_at(vm, *at)->next;
    if (*at == v) *at = fiber_at(vm, v)->next;
    block_fiber *fiber = fiber_at(vm, v);
    fiber->dead = true;
    fiber->suspended = false;
    mote_value stack = fiber->stack;
    fiber->stack = 0;
    fiber->next = 0;
    mote_heap_free(vm, stack);
}

static bool is_bytecode(const mote_vm *vm, mote_value v)
{
    if (has_kind(vm, v, KIND_BOUND)) v = ((const block_bound *)at_offset(vm, v))->function;
    return has_tag(v, TAG_FUNCTION) || has_kind(vm, v, KIND_CLOSURE);
}

/** Creates a fiber that runs `function` with `args` (rooted by the caller) when its turn comes. */
mote_value mote_fiber_new(mote_vm *vm, mote_value function, const mote_value *args, unsigned count)
{
    mote_value running = vm->current;
    if (!is_bytecode(vm, function)) return mote_throw_expecting(vm, "function", function);
    if (count > MAX_SPREAD_NATIVE)
        return mote_throw_error(vm, MOTE_TYPE_ERROR, "large parameters array not supported (yet)");
    mote_value held[MAX_SPREAD_NATIVE];
    /* args may be on the running fiber's stack, which is not the current one when they are pushed. */
    if (count > 0) memcpy(held, args, count * sizeof held[0]);
    mote_value v = allocate_fiber(vm);
    if (v == MOTE_FAILED) return v;
    fiber_at(vm, v)->id = ++vm->next_fiber_id;
    set_wake(fiber_at(vm, v), vm->now);
    append(vm, v);
    if (running != 0) {
        mote_fiber_save(vm);
        fiber_at(vm, running)->starting = true; /* C holds pointers into its stack: it must not be trimmed */
    }
    int32_t budget = vm->budget;
    mote_value ret_val = vm->ret_val;
    bool yielding = vm->yielding;
    enter_first(vm, v, function, held, count);
    if (vm->panic != MOTE_RUNNING) return MOTE_FAILED;
    if (vm->exception != VALUE_NONE) unlink_fiber(vm, v);
    if (running != 0) {
        uint32_t sp = fiber_at(vm, running)->sp;
        fiber_at(vm, running)->starting = false;
        load_registers(vm, running);
        vm->sp = vm->stack + sp;
    } else {
        forget_registers(vm);
    }
    vm->budget = budget;
    vm->ret_val = ret_val;
    vm->yielding = yielding;
    return vm->exception == VALUE_NONE ? v : MOTE_FAILED;
}

/** Ends the running fiber. */
void mote_fiber_end(mote_vm *vm)
{
    unlink_fiber(vm, vm->current);
    forget_registers(vm);
    vm->yielding = true;
}

void mote_fiber_sleep(mote_vm *vm, mote_value milliseconds, bool suspended)
{
    block_fiber *fiber = fiber_at(vm, vm->current);
    double time = is_nullish(milliseconds) ? (double)UINT32_MAX : mote_to_double(vm, milliseconds);
    fiber->suspended = suspended;
    vm->yielding = true;
    if (is_nullish(milliseconds) || time > (double)UINT32_MAX) clear_wake(fiber);
    else set_wake(fiber, vm->now + (time > 0 ? (uint64_t)time : 0));
}

static mote_value next_due(const mote_vm *vm, uint64_t *soonest)
{
    mote_value due = 0;
    *soonest = MOTE_NEVER;
    for (mote_value v = vm->fibers; v != 0; v = fiber_at(vm, v)->next) {
        uint64_t wake = wake_of(fiber_at(vm, v));
        if (wake >= *soonest) continue;
        *soonest = wake;
        due = v;
    }
    return due;
}

static void go_on(mote_vm *vm, mote_value v)
{
    load_registers(vm, v);
    if (vm->panic != MOTE_RUNNING) return;
    fiber_at(vm, v)->ret_val = MOTE_UNDEFINED;
    int32_t budget = vm->budget;
    mote_machine_run(vm);
    vm->operations += (uint64_t)((int64_t)budget - vm->budget);
    if (vm->panic != MOTE_RUNNING) return;
    if (vm->current != 0) mote_fiber_save(vm);
    forget_registers(vm);
}

static void run_fiber(mote_vm *vm, mote_value v)
{
    block_fiber *fiber = fiber_at(vm, v);
    clear_wake(fiber);
    fiber->suspended = fiber->hosted = false;
    go_on(vm, v);
}

/** A preempted fiber continues before any other. */
static void go_on_with_interrupted(mote_vm *vm)
{
    mote_value v = vm->interrupted;
    vm->interrupted = 0;
    if (v != 0) go_on(vm, v);
}

uint64_t mote_vm_step(mote_vm *vm, uint64_t now)
{
    uint64_t soonest = MOTE_NEVER;
    if (now > vm->now) vm->now = now;
    if (vm->panic == MOTE_RUNNING) go_on_with_interrupted(vm);
    for (int turns = 0; vm->panic == MOTE_RUNNING; turns++) {
        if (vm->interrupted != 0) return vm->now;
        mote_value due = next_due(vm, &soonest);
        if (due == 0 || soonest > vm->now || turns == TURNS_PER_STEP) return soonest;
        run_fiber(vm, due);
    }
    return MOTE_NEVER;
}

unsigned mote_vm_fibers(const mote_vm *vm)
{
    unsigned count = 0;
    for (mote_value v = vm->fibers; v != 0; v = fiber_at(vm, v)->next) count++;
    return count;
}

/* For hosts (mote_vm.h). */

unsigned mote_suspend(mote_vm *vm)
{
    unsigned pin = mote_pin(vm, vm->current);
    if (pin == 0) return 0;
    mote_fiber_sleep(vm, MOTE_UNDEFINED, false);
    fiber_at(vm, vm->current)->hosted = true;
    return pin;
}

unsigned mote_running_native(const mote_vm *vm)
{
    return vm->running_native;
}

static void resume(mote_vm *vm, mote_value v, mote_value value)
{
    block_fiber *fiber = fiber_at(vm, v);
    fiber->ret_val = value; /* still suspended: if it is resumed again before it runs, the last value counts */
    set_wake(fiber, 0);
}

bool mote_resume(mote_vm *vm, unsigned pin, mote_value value)
{
    mote_value v = mote_pinned(vm, pin);
    if (vm->panic != MOTE_RUNNING || !has_kind(vm, v, KIND_FIBER)) return false;
    mote_unpin(vm, pin);
    if (!fiber_at(vm, v)->hosted || fiber_at(vm, v)->dead) return false;
    resume(vm, v, value);
    return true;
}

bool mote_is_startable(mote_vm *vm, mote_value value)
{
    return is_bytecode(vm, value);
}

bool mote_start(mote_vm *vm, mote_value function, const mote_value *args, unsigned count)
{
    if (vm->panic != MOTE_RUNNING || !is_bytecode(vm, function) || count > MAX_SPREAD_NATIVE) return false;
    for (unsigned i = 0; i < count; i++) root_push(vm, args[i]);
    root_push(vm, function);
    mote_value started = mote_fiber_new(vm, function, args, count);
    roots_drop(vm, count + 1);
    if (vm->current == 0) vm->exception = VALUE_NONE; /* no code is running that could catch it */
    return started != MOTE_FAILED;
}

/* Natives. */

static block_fiber *alive(mote_vm *vm, mote_value v)
{
    if (!has_kind(vm, v, KIND_FIBER)) {
        mote_throw_expecting(vm, "Fiber", v);
        return NULL;
    }
    if (!fiber_at(vm, v)->dead) return fiber_at(vm, v);
    mote_throw_error(vm, MOTE_RANGE_ERROR, "fiber already disposed");
    return NULL;
}

static mote_value fiber_self(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)args, (void)count;
    return vm->current;
}

static mote_value fiber_id(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)args, (void)count;
    const block_fiber *fiber = alive(vm, receiver);
    return fiber == NULL ? MOTE_FAILED : mote_uint_value(vm, fiber->id);
}

static mote_value fiber_suspended(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)args, (void)count;
    const block_fiber *fiber = alive(vm, receiver);
    return fiber == NULL ? MOTE_FAILED : bool_value(fiber->suspended);
}

static mote_value fiber_resume(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)count;
    const block_fiber *fiber = alive(vm, receiver);
    if (fiber == NULL) return MOTE_FAILED;
    if (!fiber->suspended) return mote_throw_error(vm, MOTE_RANGE_ERROR, "fiber not suspended");
    resume(vm, receiver, args[0]);
    return MOTE_UNDEFINED;
}

static mote_value fiber_terminate(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)args, (void)count;
    if (alive(vm, receiver) == NULL) return MOTE_FAILED;
    if (receiver != vm->current) unlink_fiber(vm, receiver);
    else mote_fiber_end(vm);
    return MOTE_UNDEFINED;
}

static mote_value sleep_native(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    mote_fiber_sleep(vm, args[0], false);
    return MOTE_UNDEFINED;
}

static mote_value suspend_native(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    mote_fiber_sleep(vm, args[0], true);
    return MOTE_UNDEFINED;
}

static mote_value millis(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)args, (void)count;
    return mote_number(vm, (double)vm->now);
}

const native_entry mote_fiber_natives[] = {
    {OBJECT_DsFiber, S_self, NATIVE_FUNCTION, 0, fiber_self},
    {OBJECT_DsFiber_prototype, S_id, NATIVE_PROPERTY, 0, fiber_id},
    {OBJECT_DsFiber_prototype, S_suspended, NATIVE_PROPERTY, 0, fiber_suspended},
    {OBJECT_DsFiber_prototype, S_resume, NATIVE_METHOD, 1, fiber_resume},
    {OBJECT_DsFiber_prototype, S_terminate, NATIVE_METHOD, 0, fiber_terminate},
    {OBJECT_DeviceScript, S_sleep, NATIVE_FUNCTION, 1, sleep_native},
    {OBJECT_DeviceScript, S_delay, NATIVE_FUNCTION, 1, sleep_native},
    {OBJECT_DeviceScript, S_suspend, NATIVE_FUNCTION, 1, suspend_native},
    {OBJECT_DeviceScript, S_millis, NATIVE_FUNCTION, 0, millis},
    {0},
};
