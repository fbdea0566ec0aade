/* Fibers and their stacks. */
#ifndef MOTE_FIBER_H
#define MOTE_FIBER_H

#include "state.h"

mote_value mote_fiber_new(mote_vm *vm, mote_value function, const mote_value *args, unsigned count);
bool mote_stack_grow(mote_vm *vm, uint32_t words);
/** Updates vm->peak_stack_words from the current stack's highest stack pointer, vm->stack_peak. */
void mote_stack_note_peak(mote_vm *vm);
/** Reserves `words` more words above vm->sp; the stack may move. False if memory is out. */
static inline bool stack_reserve(mote_vm *vm, uint32_t words)
{
    return (uint32_t)(vm->stack_end - vm->sp) >= words || mote_stack_grow(vm, words);
}
void mote_fiber_save(mote_vm *vm);
void mote_fiber_end(mote_vm *vm);
void mote_fiber_sleep(mote_vm *vm, mote_value milliseconds, bool suspended);

#endif
