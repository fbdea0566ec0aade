/* Running a fiber: the interpreter, and functions that the firmware has as C, by turns. */
#include "vm.h"

void mote_vm_translate(mote_vm *vm, const mote_translation *translation)
{
    bool fits = translation != NULL && translation->num_functions == vm->image.num_functions;
    vm->translated = fits && vm->panic == MOTE_RUNNING ? translation->functions : NULL;
}

/** Where the running function goes on: 0 at its begin. */
static uint32_t place_of(const mote_vm *vm)
{
    uint32_t place = (uint32_t)(vm->pc - vm->image.bytes);
    return place == running_function(vm)->start ? 0 : place;
}

void machine_run(mote_vm *vm)
{
    for (;;) {
        mote_translated *translated = running_translation(vm);
        vm->nested_from = vm->depth;
        if (translated == NULL) interpreter_run(vm);
        else (void)translated(vm, place_of(vm));
        if (vm->panic != MOTE_RUNNING || vm->yielding || vm->interrupted != 0) return;
        if (vm->exception == VALUE_NONE) continue;
        unwind_exception(vm);
        if (vm->panic != MOTE_RUNNING) return;
    }
}
