/* Running a fiber: the loop, and functions that are C. */
#ifndef MOTE_INTERPRETER_H
#define MOTE_INTERPRETER_H

#include "state.h"

/** Runs until the fiber yields or is interrupted, the machine panics, or a translated function is to run. */
void mote_interpreter_run(mote_vm *vm);

/* translation.c */

/** Runs the fiber until it yields or is interrupted, or the machine panics. */
void mote_machine_run(mote_vm *vm);
/**
 * Runs the activation that a translated function has just entered until that returns to it. False: it did not return,
 * and the translated function leaves the host's stack as well.
 */
bool mote_machine_run_callee(mote_vm *vm);
/**
 * Runs the translated function that the interpreter has just entered, or that it has interpreted up to behind a call;
 * it has returned, or something else is to run.
 */
void mote_machine_run_translated(mote_vm *vm, mote_translated *code);
/**
 * Calls of translated functions count for a turn as loops do. False: the guard has ended the program, or the host gets
 * its turn, and what is to run next goes on behind it.
 */
bool mote_turn_goes_on(mote_vm *vm);
/** A class has got its prototype. */
void mote_translation_note_class(mote_vm *vm, uint32_t function, mote_value prototype);
/** Natives are not what they were: the program gave a builtin object fields of its own. */
void mote_translation_forget_natives(mote_vm *vm);
static inline void limit_depth(mote_vm *vm)
{
    vm->depth_limit = vm->nested_limit < vm->peak_depth ? vm->nested_limit : vm->peak_depth;
}
/** The translation of the function that runs; NULL when it has none. */
static inline mote_translated *running_translation(const mote_vm *vm)
{
    return vm->translated == NULL ? NULL : vm->translated[(uint32_t)small_int(vm->link[0]) & 0xffff];
}

#endif
