/*
 * Running a fiber: the interpreter, and functions translated to C. Each can continue where the other stopped, because
 * both keep slots and operands on the fiber's stack in the same layout, and nothing on the C stack is needed later.
 *
 * A run is a loop that continues the activation on top, interpreted or translated, until the activation that it began
 * with (run_from) has returned. The outermost run is that of a fiber. A translated function calls another one as C
 * does, and an interpreted one by a nested run; the interpreter calls translated functions as C does. So switching
 * costs little more than a call, in both directions.
 *
 * The C stack is small. At MOST_NESTED levels, a callee is entered but not called: everything down to the innermost run
 * leaves the C stack. That run continues with the callee, and later with each caller in the middle of its code, through
 * the `switch` that every translated function starts with. The same happens down to the outermost run when the fiber
 * yields or is preempted, and down to the run that has the handler when an exception is thrown.
 *
 * Deoptimization: a translated function that meets an object of an unexpected shape leaves the C stack as well, down to
 * the innermost run, and the interpreter continues before that statement (vm->interprets). It may switch back to C
 * after a call. If the flag is lost in between, as at the end of a turn, the function is resumed at a place that its
 * `switch` does not know, which leads to the interpreter again.
 *
 * Translated code refers to classes and natives by number, in one block of values: first the prototypes of its classes,
 * then its natives. The natives are forgotten when the program stores fields into a builtin object.
 */
#include "call.h"
#include "heap.h"
#include "interpreter.h"
#include "lookup.h"
#include "state.h"

static bool make_values(mote_vm *vm, const mote_translation *translation)
{
    uint32_t count = translation->num_classes + translation->num_natives;
    mote_value v = mote_heap_new(vm, KIND_VALUES, count * 4);
    if (v == MOTE_FAILED) return false;
    mote_value *items = ((block_values *)at_offset(vm, v))->items;
    for (uint32_t i = 0; i < block_words(vm, v) - 1; i++) items[i] = 0;
    vm->translation_values = v;
    vm->class_prototypes = items;
    vm->known_natives = items + translation->num_classes;
    return true;
}

void mote_vm_translate(mote_vm *vm, const mote_translation *translation)
{
    bool fits = translation != NULL && translation->num_functions == vm->image.num_functions;
    if (!fits || vm->panic != MOTE_RUNNING || !make_values(vm, translation)) return;
    for (unsigned i = 0; i < translation->num_keys; i++) note_own_key(vm, translation->keys[i]);
    vm->translation = translation;
    vm->translated = translation->functions;
}

void mote_translation_note_class(mote_vm *vm, uint32_t function, mote_value prototype)
{
    if (vm->translation == NULL) return;
    for (unsigned i = 0; i < vm->translation->num_classes; i++)
        if (vm->translation->classes[i] == function) vm->class_prototypes[i] = prototype;
}

void mote_translation_forget_natives(mote_vm *vm)
{
    if (vm->translation == NULL) return;
    for (unsigned i = 0; i < vm->translation->num_natives; i++) vm->known_natives[i] = 0;
}

/** Where the running function continues, in bytes from its beginning. */
static uint32_t place_of(const mote_vm *vm)
{
    return (uint32_t)(vm->pc - vm->image.bytes) - mote_running_function(vm)->start;
}

bool mote_turn_goes_on(mote_vm *vm)
{
    if (vm->budget >= 0) return true;
    if (vm->guard != 0) mote_vm_stop(vm, MOTE_PANIC_GUARD);
    else vm->interrupted = vm->current;
    return false;
}

/**
 * From now on translated functions nest on the C stack, the activation on top being the lowest, and at most `room`
 * above it.
 */
static void begin_nesting(mote_vm *vm, uint32_t room)
{
    vm->nested_from = vm->depth;
    vm->nested_limit = vm->depth + room;
    limit_depth(vm);
}

void mote_machine_run_translated(mote_vm *vm, mote_translated *code)
{
    begin_nesting(vm, vm->run_room);
    (void)code(vm, place_of(vm));
}

/**
 * Returns true when the activation at depth `from` has returned, false if the fiber has to stop before that. At most
 * `room` translated functions nest on the C stack.
 */
static bool run(mote_vm *vm, uint32_t from, uint32_t room)
{
    vm->run_from = from;
    vm->run_room = room;
    for (;;) {
        mote_translated *translated = running_translation(vm);
        if (translated == NULL || vm->interprets) {
            vm->interprets = false;
            mote_interpreter_run(vm);
        } else {
            begin_nesting(vm, room);
            mote_frame_restore(vm, vm->link); /* the registers may have the slots of its callee */
            (void)translated(vm, place_of(vm));
        }
        if (vm->panic != MOTE_RUNNING || vm->yielding || vm->interrupted != 0) return false;
        if (vm->exception != VALUE_NONE) mote_unwind_exception(vm);
        if (has_failed(vm)) return false;
        if (vm->depth < from) return true;
        /* Jumps out of finally blocks pass here, too, so that loops of them are preempted. */
        vm->budget -= CALL_OPERATIONS;
        if (!mote_turn_goes_on(vm)) return false;
    }
}

void mote_machine_run(mote_vm *vm)
{
    (void)run(vm, 0, MOST_NESTED);
}

bool mote_machine_run_callee(mote_vm *vm)
{
    uint32_t from = vm->run_from, room = vm->run_room, nested_from = vm->nested_from, limit = vm->nested_limit;
    /* The run itself takes one level of the C stack. */
    bool returned = run(vm, vm->depth, limit > vm->depth ? limit - vm->depth - 1 : 0);
    vm->run_from = from;
    vm->run_room = room;
    vm->nested_from = nested_from;
    vm->nested_limit = limit;
    limit_depth(vm);
    return returned;
}
