/* Running a fiber: the interpreter's loop, and functions translated to C. */
#ifndef MOTE_INTERPRETER_H
#define MOTE_INTERPRETER_H

#include "state.h"

/** Runs until the fiber yields or is preempted, the machine panics, or a translated function has to run. */
void mote_interpreter_run(mote_vm *vm);

/* translation.c */

/** Runs the fiber until it yields or is preempted, or the machine panics. */
void mote_machine_run(mote_vm *vm);
/**
 * Runs the activation that a translated function has just entered until it returns. False if it has not returned to
 * that function, which must then leave the C stack as well.
 */
bool mote_machine_run_callee(mote_vm *vm);
/**
 * Runs the translation of the activation on top: the interpreter has just called it, or has interpreted it up to the
 * end of a call. It may not have returned afterwards: the caller checks what has to run next.
 */
void mote_machine_run_translated(mote_vm *vm, mote_translated *code);
/**
 * Preemption check. False if the budget is used up: the guard has ended the program, or the fiber is interrupted so
 * that the host gets a turn.
 */
bool mote_turn_goes_on(mote_vm *vm);
/** Tells translated code the prototype of a class that has just been created. */
void mote_translation_note_class(mote_vm *vm, uint32_t function, mote_value prototype);
/** Drops the natives that translated code calls directly: the program has stored fields in a builtin object. */
void mote_translation_forget_natives(mote_vm *vm);
static inline void limit_depth(mote_vm *vm)
{
    vm->depth_limit = vm->nested_limit < vm->peak_depth ? vm->nested_limit : vm->peak_depth;
}
/** The translation of the running function; NULL if it has none. */
static inline mote_translated *running_translation(const mote_vm *vm)
{
    return vm->translated == NULL ? NULL : vm->translated[(uint32_t)small_int(vm->link[0]) & 0xffff];
}

#endif
