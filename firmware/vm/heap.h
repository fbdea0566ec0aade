/* Memory: allocating blocks in the arena, and rooting values that only C refers to. */
#ifndef MOTE_HEAP_H
#define MOTE_HEAP_H

#include "state.h"

bool mote_heap_init(mote_vm *vm, uint32_t start, uint32_t end);
/**
 * Allocates a block of `bytes` after its header, not initialised. Returns 0 if memory is out; the machine has then
 * panicked.
 */
mote_value mote_heap_new(mote_vm *vm, enum kind kind, uint32_t bytes);
/** Allocates a block when it is not found at once: collects if that is due. */
mote_value mote_heap_new_slowly(mote_vm *vm, enum kind kind, uint32_t words);
/** Allocates a block of at least two words, its header included. */
static INLINE_FOR_SPEED mote_value heap_new(mote_vm *vm, enum kind kind, uint32_t words)
{
    mote_heap *heap = &vm->heap;
    if (words >= SMALL_LISTS || heap->used_words >= heap->threshold) return mote_heap_new_slowly(vm, kind, words);
    uint32_t offset = heap->small[words];
    if (offset != 0) {
        heap->small[words] = ((const block_free *)at_offset(vm, offset))->next;
    } else {
        uint32_t left = heap->bump_end - heap->bump, wanted = words * 4;
        if (left < wanted + 8 && left != wanted) return mote_heap_new_slowly(vm, kind, words);
        offset = heap->bump;
        heap->bump += wanted;
    }
    set_header(vm, offset, kind, words);
    heap->used_words += words;
    return offset;
}
/** Tries to extend a block in place, to `words` words including its header. */
bool mote_heap_extend(mote_vm *vm, mote_value block, uint32_t words);
/** Frees a block at once. Nothing may refer to it any more. */
void mote_heap_free(mote_vm *vm, mote_value block);
void mote_heap_collect(mote_vm *vm);
/**
 * Roots a value, which keeps it alive until roots_drop. It is in `vm->roots[n]`, where n is vm->num_roots before the
 * call.
 */
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
