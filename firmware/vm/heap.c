/*
 * A mark-and-sweep collector: precise, non-moving, and not incremental, so that stores need no write barrier. An offset
 * stays valid as long as its block is reachable.
 *
 * Blocks lie one after another from heap.start to heap.end without gaps, so that the sweep can walk them by size. No
 * block is a single word, since a free one needs two (header and next). Free lists are segregated: an exact one for
 * each size up to 31 words, and one for all larger blocks, by address. Small blocks come from their exact list, or else
 * from the bump run at low addresses; large ones come from the other end of the arena, to limit fragmentation. For the
 * same reason a collection starts long before the arena is full: this keeps survivors close together.
 *
 * Marking uses a mark stack of MARK_STACK entries. If it overflows, the remaining blocks stay gray and are found by
 * walking the heap again: no program can make the collector recurse or run out of memory.
 *
 * A collection also trims tables and the stacks of waiting fibers, which grow again when their fibers continue.
 *
 * Roots are the fields of the machine, the fibers with their stacks up to sp, the pins, and vm->roots, where C code
 * pushes any block that it holds in a variable across an allocation. Strings and Buffers are erased when they are
 * freed, since they may have held keys.
 */
#include "heap.h"
#include "object.h"
#include "state.h"

#include <string.h>

enum { SMALLEST = 2, LARGE = 48 };

static block_free *free_at(const mote_vm *vm, uint32_t offset)
{
    return at_offset(vm, offset);
}

/** Erases a string or Buffer, which may have held a key. Blocks of other kinds contain no bytes of keys. */
static void erase_bytes(mote_vm *vm, uint32_t offset)
{
    uint32_t header = header_of(vm, offset), kind = header & 15u;
    if (kind == KIND_STRING || kind == KIND_BUFFER) memset(at_offset(vm, offset + 4), 0, (header >> 8) * 4 - 4);
}

static void put_free(mote_vm *vm, uint32_t offset, uint32_t words)
{
    mote_heap *heap = &vm->heap;
    set_header(vm, offset, KIND_FREE, words);
    uint32_t *list = words < SMALL_LISTS ? &heap->small[words] : &heap->large;
    if (words >= SMALL_LISTS)
        while (*list != 0 && *list < offset) list = &free_at(vm, *list)->next;
    free_at(vm, offset)->next = *list;
    *list = offset;
}

/** Puts the rest of the bump run on a free list. It is never a single word, see cut. */
static void retire_bump(mote_vm *vm)
{
    mote_heap *heap = &vm->heap;
    if (heap->bump < heap->bump_end) put_free(vm, heap->bump, (heap->bump_end - heap->bump) / 4);
    heap->bump = heap->bump_end = 0;
}

bool mote_heap_init(mote_vm *vm, uint32_t start, uint32_t end)
{
    vm->heap.start = vm->heap.bump = start;
    vm->heap.end = vm->heap.bump_end = end;
    vm->heap.threshold = (end - start) / 16;
    return end > start && end - start >= 1024;
}

/**
 * Cuts `words` from the bump run, and one more if a single word would remain, which could not be a block. 0: no room.
 */
static uint32_t cut(mote_vm *vm, uint32_t words)
{
    mote_heap *heap = &vm->heap;
    uint32_t room = (heap->bump_end - heap->bump) / 4, offset = heap->bump;
    if (room < words) return 0;
    if (room - words == 1) words++;
    heap->bump += words * 4;
    set_header(vm, offset, KIND_FREE, words);
    return offset;
}

static uint32_t take_small(mote_vm *vm, uint32_t words)
{
    uint32_t offset = vm->heap.small[words];
    if (offset != 0) vm->heap.small[words] = free_at(vm, offset)->next;
    return offset;
}

/** Starts a new bump run: the first free block that is long enough. */
static bool next_run(mote_vm *vm, uint32_t words)
{
    mote_heap *heap = &vm->heap;
    uint32_t offset = 0;
    for (uint32_t *link = &heap->large; *link != 0; link = &free_at(vm, *link)->next) {
        if (block_words(vm, *link) < words) continue;
        offset = *link;
        *link = free_at(vm, offset)->next;
        break;
    }
    for (uint32_t i = words + 1; offset == 0 && i < SMALL_LISTS; i++) offset = take_small(vm, i);
    if (offset == 0) return false;
    retire_bump(vm);
    heap->bump = offset;
    heap->bump_end = offset + block_words(vm, offset) * 4;
    return true;
}

/** Cuts from the end of the last free block that is long enough. */
static uint32_t cut_large(mote_vm *vm, uint32_t words)
{
    uint32_t *last = NULL;
    for (uint32_t *link = &vm->heap.large; *link != 0; link = &free_at(vm, *link)->next)
        if (block_words(vm, *link) >= words) last = link;
    if (last == NULL) return 0;
    uint32_t run = *last, left = block_words(vm, run) - words;
    *last = free_at(vm, run)->next;
    if (left < SMALLEST) return run;
    put_free(vm, run, left);
    set_header(vm, run + left * 4, KIND_FREE, words);
    return run + left * 4;
}

static uint32_t find_large(mote_vm *vm, uint32_t words)
{
    uint32_t offset = cut_large(vm, words);
    if (offset != 0) return offset;
    retire_bump(vm);
    return cut_large(vm, words);
}

static uint32_t find_room(mote_vm *vm, uint32_t words)
{
    if (words >= LARGE) return find_large(vm, words);
    uint32_t offset = words < SMALL_LISTS ? take_small(vm, words) : 0;
    if (offset == 0) offset = cut(vm, words);
    if (offset == 0 && next_run(vm, words)) offset = cut(vm, words);
    return offset;
}

static uint32_t find_room_slowly(mote_vm *vm, uint32_t words)
{
    mote_heap_collect(vm);
    uint32_t offset = find_room(vm, words);
    if (offset == 0) mote_vm_stop(vm, MOTE_PANIC_OUT_OF_MEMORY);
    return offset;
}

static void note_peak(mote_heap *heap)
{
    if (heap->used_words > heap->peak_used_words) heap->peak_used_words = heap->used_words;
}

static mote_value use_block(mote_vm *vm, uint32_t offset, enum kind kind)
{
    uint32_t words = block_words(vm, offset);
    set_header(vm, offset, kind, words);
    vm->heap.used_words += words;
    return offset;
}

RARE mote_value mote_heap_new_slowly(mote_vm *vm, enum kind kind, uint32_t words)
{
    const mote_heap *heap = &vm->heap;
    if (vm->panic != MOTE_RUNNING) return MOTE_FAILED;
    if (heap->used_words >= heap->threshold) mote_heap_collect(vm);
    uint32_t offset = find_room(vm, words);
    if (offset == 0) offset = find_room_slowly(vm, words);
    return offset == 0 ? MOTE_FAILED : use_block(vm, offset, kind);
}

mote_value mote_heap_new(mote_vm *vm, enum kind kind, uint32_t bytes)
{
    uint32_t words = 1 + (bytes + 3) / 4;
    if (words < SMALLEST) words = SMALLEST;
    return heap_new(vm, kind, words);
}

bool mote_heap_extend(mote_vm *vm, mote_value block, uint32_t words)
{
    mote_heap *heap = &vm->heap;
    uint32_t have = block_words(vm, block);
    if (vm->gc_stress || words <= have) return words <= have;
    uint32_t more = words - have;
    uint32_t room = (heap->bump_end - heap->bump) / 4;
    if (block + have * 4 != heap->bump || room < more) return false;
    if (room - more == 1) words++, more++; /* a single word cannot be a block */
    heap->bump += more * 4;
    heap->used_words += more;
    *(uint32_t *)at_offset(vm, block) = (header_of(vm, block) & 0xffu) | (words << 8);
    return true;
}

void mote_heap_free(mote_vm *vm, mote_value block)
{
    if (block == 0) return;
    uint32_t words = block_words(vm, block);
    note_peak(&vm->heap);
    vm->heap.used_words -= words;
    erase_bytes(vm, block);
    put_free(vm, block, words);
}

/* Marking. */

static void mark_value(mote_vm *vm, mote_value v)
{
    mote_heap *heap = &vm->heap;
    if (!is_heap(v) || v == 0) return;
    uint32_t *header = at_offset(vm, v);
    if ((*header & FLAG_MARKED) != 0) return;
    *header |= FLAG_MARKED;
    if ((*header & 15u) <= KIND_STACK) return;
    if (heap->num_marked < MARK_STACK) {
        heap->marked[heap->num_marked++] = v;
    } else {
        *header |= FLAG_GRAY;
        heap->overflow = true;
    }
}

static void mark_range(mote_vm *vm, const mote_value *values, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) mark_value(vm, values[i]);
}

/** A waiting fiber needs nothing above its stack pointer: the rest becomes a free block for the sweep to find. */
static void trim_stack(mote_vm *vm, mote_value stack, uint32_t used)
{
    uint32_t have = block_words(vm, stack), kept = used + 1;
    if (have < kept + SMALLEST) return;
    uint32_t rest = stack + kept * 4;
    *(uint32_t *)at_offset(vm, stack) = (header_of(vm, stack) & 0xffu) | (kept << 8);
    set_header(vm, rest, KIND_FREE, have - kept);
}

static void mark_fiber(mote_vm *vm, mote_value v)
{
    const block_fiber *fiber = at_offset(vm, v);
    mark_value(vm, fiber->next);
    mark_value(vm, fiber->ret_val);
    mark_value(vm, fiber->stack);
    if (fiber->stack == 0) return;
    const block_values *stack = at_offset(vm, fiber->stack);
    if (v != vm->current || vm->sp == NULL) {
        mark_range(vm, stack->items, fiber->sp);
        if (!fiber->starting) trim_stack(vm, fiber->stack, fiber->sp);
        return;
    }
    /* The link words of the running activation's next callee are not initialised. */
    mark_range(vm, stack->items, (uint32_t)(vm->operands - stack->items) - LINK_WORDS);
    if (vm->sp > vm->operands) mark_range(vm, vm->operands, (uint32_t)(vm->sp - vm->operands));
}

/** Marks what a block refers to. */
static void scan(mote_vm *vm, mote_value v)
{
    uint32_t header = header_of(vm, v), words = header >> 8;
    const mote_value *fields = (const mote_value *)at_offset(vm, v) + 1;
    switch (header & 15u) {
    case KIND_ARRAY: mark_value(vm, ((const block_array *)at_offset(vm, v))->items); break;
    case KIND_MAP: {
        const block_map *map = at_offset(vm, v);
        mark_value(vm, map->prototype);
        if (map->table != inner_table(v)) {
            mark_value(vm, map->table);
            break;
        }
        v = map->table;
    }
    /* fall through */
    case KIND_TABLE: {
        const block_table *table = at_offset(vm, v);
        const block_pairs *pairs = at_offset(vm, v);
        if (table->room != 0) mark_range(vm, table->values, table->used / 4u);
        else mark_range(vm, pairs->pairs, 2u * pairs->count);
        break;
    }
    case KIND_VALUES:
    case KIND_FRAME: mark_range(vm, fields, words - 1); break;
    case KIND_CLOSURE:
    case KIND_BOUND: mark_range(vm, fields, 2); break;
    case KIND_FIBER: mark_fiber(vm, v); break;
    default: break;
    }
}

static void drain(mote_vm *vm)
{
    mote_heap *heap = &vm->heap;
    while (heap->num_marked > 0) scan(vm, heap->marked[--heap->num_marked]);
}

/** After an overflow of the mark stack: finds the gray blocks by walking the heap. */
static void drain_gray(mote_vm *vm)
{
    mote_heap *heap = &vm->heap;
    while (heap->overflow) {
        heap->overflow = false;
        for (uint32_t at = heap->start; at < heap->end; at += block_words(vm, at) * 4) {
            uint32_t *header = at_offset(vm, at);
            if ((*header & FLAG_GRAY) == 0) continue;
            *header &= ~(uint32_t)FLAG_GRAY;
            scan(vm, at);
            drain(vm);
        }
    }
}

static void mark_roots(mote_vm *vm)
{
    const mote_value machine[] = {vm->ret_val,  vm->receiver,   vm->globals,     vm->exception,
                                  vm->attached, vm->prototypes, vm->specs,       vm->pins,
                                  vm->fibers,   vm->current,    vm->interrupted, vm->translation_values};
    mark_range(vm, machine, sizeof machine / sizeof machine[0]);
    mark_range(vm, vm->roots, vm->num_roots < ROOTS ? vm->num_roots : ROOTS);
}

/** Tails of the free lists while the sweep builds them in order of address, so that low addresses are used first. */
typedef struct {
    uint32_t *small[SMALL_LISTS];
    uint32_t *large;
} list_ends;

static void append_free(mote_vm *vm, list_ends *ends, uint32_t offset, uint32_t words)
{
    uint32_t **end = words < SMALL_LISTS ? &ends->small[words] : &ends->large;
    set_header(vm, offset, KIND_FREE, words);
    **end = offset;
    *end = &free_at(vm, offset)->next;
    **end = 0;
}

/** Frees unmarked blocks and the unused room of tables, and merges neighbours. Returns the words in use. */
static uint32_t sweep(mote_vm *vm)
{
    mote_heap *heap = &vm->heap;
    list_ends ends = {.large = &heap->large};
    uint32_t used = 0, run = 0;
    for (uint32_t i = 0; i < SMALL_LISTS; i++) ends.small[i] = &heap->small[i];
    memset(heap->small, 0, sizeof heap->small);
    heap->large = 0;
    for (uint32_t at = heap->start, words; at < heap->end; at += words * 4) {
        uint32_t *header = at_offset(vm, at);
        words = *header >> 8;
        if ((*header & FLAG_MARKED) != 0) {
            *header &= ~(uint32_t)FLAG_MARKED;
            uint32_t kind = *header & 15u;
            uint32_t kept = kind == KIND_TABLE ? mote_table_trim(vm, at)
                            : kind == KIND_MAP ? mote_map_trim(vm, at)
                                               : words;
            *header = (*header & 0xffu) | (kept << 8);
            used += kept;
            if (run != 0) append_free(vm, &ends, run, (at - run) / 4);
            run = kept < words ? at + kept * 4 : 0;
        } else {
            erase_bytes(vm, at);
            if (run == 0) run = at;
        }
    }
    if (run != 0) append_free(vm, &ends, run, (heap->end - run) / 4);
    return used;
}

static bool is_garbage(const mote_vm *vm, mote_value v)
{
    return is_heap(v) && v != 0 && (header_of(vm, v) & FLAG_MARKED) == 0;
}

/** Drops entries of the lookup cache that refer to garbage. Most are about methods, and stay. */
static void prune_cache(mote_vm *vm)
{
    for (cache_entry *entry = vm->cache; entry < vm->cache + CACHE_ENTRIES; entry++) {
        mote_value holder = entry->tag >> 16 << 2; /* below the heap: a builtin object, or the entry is free */
        if ((holder >= vm->heap.start && is_garbage(vm, holder)) || is_garbage(vm, entry->found)) entry->tag = 0;
    }
}

static uint64_t micros(const mote_vm *vm)
{
    return vm->host->micros != NULL ? vm->host->micros(vm->host->context) : 0;
}

/**
 * Sets the words in use from which on the next allocation collects. While three quarters of the arena are free, three
 * quarters of the free memory may be used before that; once a third of the arena is taken, only one quarter; half in
 * between. With a single step, a program would collect three times as often as another one that needs a few bytes less.
 * Survivors have to stay close together: when half of the free memory could be used until half of the arena was taken,
 * a server at all its limits found no free kilobyte in one piece in half of the runs of limits.spec.ts.
 */
static void set_threshold(mote_vm *vm)
{
    mote_heap *heap = &vm->heap;
    uint32_t all = (heap->end - heap->start) / 4, left = all - heap->live_words;
    uint32_t parts = left / (all / 32), eighths = parts < 22 ? 2 : parts > 24 ? 6 : 2 * parts - 42;
    heap->threshold = vm->gc_stress ? 0 : heap->live_words + left / 8 * eighths;
}

bool mote_is_object(const mote_vm *vm, mote_value value)
{
    if (!is_heap(value) || value == 0) return false;
    return kind_of(vm, value) == KIND_BUFFER || kind_of(vm, value) > KIND_STACK;
}

bool mote_is_alive(const mote_vm *vm, mote_value object)
{
    return !is_garbage(vm, object);
}

void mote_heap_collect(mote_vm *vm)
{
    mote_heap *heap = &vm->heap;
    uint64_t begin = micros(vm);
    note_peak(heap);
    retire_bump(vm);
    heap->num_marked = 0;
    heap->overflow = false;
    mark_roots(vm);
    drain(vm);
    drain_gray(vm);
    prune_cache(vm);
    if (vm->host->collected != NULL) vm->host->collected(vm->host->context, vm);
    heap->used_words = heap->live_words = sweep(vm);
    set_threshold(vm);
    if (heap->live_words > heap->peak_live_words) heap->peak_live_words = heap->live_words;
    vm->collections++;
    uint64_t pause = micros(vm) - begin;
    if (pause > vm->longest_pause) vm->longest_pause = (uint32_t)pause;
}
