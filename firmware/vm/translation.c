/*
 * Running a fiber: the interpreter, and functions that the firmware has as C. Either goes on where the other stopped,
 * since both keep slots and operands on the fiber's stack alike; the host's stack has nothing that could not be
 * dropped.
 *
 * A run is a loop that goes on with the activation on top, interpreted or translated, until the one that it began with
 * (run_from) has returned. The outermost run is that of a fiber. A translated function calls another one as C does, and
 * an interpreted one by a run of its own; the interpreter calls translated ones as C does. So a switch costs little
 * more than a call, both ways.
 *
 * The host's stack is small: MOST_NESTED of them deep, a callee is entered, and everything down to the innermost run
 * leaves the host's stack. That run goes on with the callee, and later with each caller in its middle, by the `switch`
 * that a translated function begins with. The same happens down to the outermost run when the fiber yields or the host
 * gets a turn, and down to the run that has the handler when something is thrown.
 *
 * A translated function that meets an object which is not as its C expects leaves the host's stack as well, down to the
 * innermost run, and the interpreter goes on in front of that statement (interprets). Behind a call it may be C again.
 * Whoever forgets that in between, as a turn that ends does, comes to a place that the `switch` does not know, and so
 * to the interpreter again.
 *
 * What the translation knows by number, classes and natives, lies in one block of values: first the prototypes of its
 * classes, then its natives. A native is forgotten when the program stores fields of its own into a builtin object.
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

/** Where the running function goes on: 0 at its begin. */
static uint32_t place_of(const mote_vm *vm)
{
    uint32_t place = (uint32_t)(vm->pc - vm->image.bytes);
    return place == mote_running_function(vm)->start ? 0 : place;
}

bool mote_turn_goes_on(mote_vm *vm)
{
    if (vm->budget >= 0) return true;
    if (vm->guard != 0) mote_vm_stop(vm, MOTE_PANIC_GUARD);
    else vm->interrupted = vm->current;
    return false;
}

/** The activation on top is the lowest of those that nest from now on, at most `room` above it. */
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

/** @returns whether the activation `from` has returned */
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
            mote_frame_restore(vm, vm->link); /* what it called has left other slots in the registers */
            (void)translated(vm, place_of(vm));
        }
        if (vm->panic != MOTE_RUNNING || vm->yielding || vm->interrupted != 0) return false;
        if (vm->exception != VALUE_NONE) mote_unwind_exception(vm);
        if (has_failed(vm)) return false;
        if (vm->depth < from) return true;
        /* Jumps out of finally blocks come by here, too. */
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
    /* The run itself lies on the host's stack, too. */
    bool returned = run(vm, vm->depth, limit > vm->depth ? limit - vm->depth - 1 : 0);
    vm->run_from = from;
    vm->run_room = room;
    vm->nested_from = nested_from;
    vm->nested_limit = limit;
    limit_depth(vm);
    return returned;
}
