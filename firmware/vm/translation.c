/*
 * Running a fiber: the interpreter, and functions that the firmware has as C, by turns. Either goes on where the other
 * stopped, since both keep slots and operands on the fiber's stack alike.
 *
 * What the translation knows by number, classes and natives, lies in one block of values: first the prototypes of its
 * classes, then its natives. A native is forgotten when the program stores fields of its own into a builtin object.
 */
#include "call.h"
#include "heap.h"
#include "interpreter.h"
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

static void run_translated(mote_vm *vm, mote_translated *code)
{
    mote_frame_restore(vm, vm->link); /* what it called has left other slots in the registers */
    (void)code(vm, place_of(vm));
}

bool mote_turn_goes_on(mote_vm *vm)
{
    if (vm->budget >= 0) return true;
    if (vm->guard != 0) mote_vm_stop(vm, MOTE_PANIC_GUARD);
    else vm->interrupted = vm->current;
    return false;
}

void mote_machine_run(mote_vm *vm)
{
    for (;;) {
        mote_translated *translated = running_translation(vm);
        vm->nested_from = vm->depth;
        limit_depth(vm);
        if (translated == NULL) mote_interpreter_run(vm);
        else run_translated(vm, translated);
        if (vm->panic != MOTE_RUNNING || vm->yielding || vm->interrupted != 0) return;
        if (vm->exception != VALUE_NONE) mote_unwind_exception(vm);
        /* Jumps out of finally blocks come by here, too. */
        vm->budget -= CALL_OPERATIONS;
        if (vm->panic != MOTE_RUNNING || !mote_turn_goes_on(vm)) return;
    }
}
