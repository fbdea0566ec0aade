/* Memory: blocks out of the arena, and what keeps them alive meanwhile. */
#ifndef MOTE_HEAP_H
#define MOTE_HEAP_H

#include "state.h"

bool mote_heap_init(mote_vm *vm, uint32_t start, uint32_t end);
/** A block of `bytes` behind its header, not initialised. 0 when memory is out: the machine has panicked. */
mote_value mote_heap_new(mote_vm *vm, enum kind kind, uint32_t bytes);
/** Tries to make a block longer where it lies. */
bool mote_heap_extend(mote_vm *vm, mote_value block, uint32_t words);
/** Frees a block that nobody refers to any more. */
void mote_heap_free(mote_vm *vm, mote_value block);
void mote_heap_collect(mote_vm *vm);
/** Keeps a value alive until roots_drop; `vm->roots[n]` is where it is. */
static inline void root_push(mote_vm *vm, mote_value v)
{
    if (vm->num_roots < ROOTS) vm->roots[vm->num_roots] = v;
    else mote_vm_stop(vm, MOTE_PANIC_INVALID_PROGRAM);
    vm->num_roots++;
}
static inline void roots_drop(mote_vm *vm, uint32_t count)
{
    vm->num_roots -= count;
}

#endif
