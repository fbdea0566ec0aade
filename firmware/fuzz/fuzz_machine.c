/*
 * libFuzzer target for the loader, the verifier and the interpreter. The seeds are valid images. The mutator mostly
 * replaces operations by others of the same shape, so that many mutants pass the verifier and run.
 */
#include "ops.h"
#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA = 32 * 1024, GUARD = 20000, STEPS = 40, MOST_EDITS = 4 };

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

static bool fill(void *context, uint8_t *target, size_t length)
{
    (void)context;
    memset(target, 0x5a, length);
    return true;
}

static void swallow(void *context, char level, const char *line, size_t length)
{
    (void)context, (void)level;
    volatile char last = 0;
    for (size_t i = 0; i < length; i++) last = line[i];
    (void)last;
}

static void broken(const char *what, uint32_t at)
{
    fprintf(stderr, "broken arena: %s at %u\n", what, (unsigned)at);
    abort();
}

/* The sanitizers cannot see inside the arena, so every block and every reference in it is checked here. */

static bool is_block(const uint8_t *starts, uint32_t at)
{
    return at < ARENA && (starts[at >> 5] & (1u << ((at >> 2) & 7u))) != 0;
}

static void check_value(const mote_vm *vm, const uint8_t *starts, mote_value v)
{
    if (!is_heap(v) || v == 0) return;
    if (!is_block(starts, v) || kind_of(vm, v) == KIND_FREE) broken("reference to no block", v);
}

/** A map's table in its own block: what the fields need must not exceed the block. */
static const block_table *check_inner_table(const mote_vm *vm, uint32_t map)
{
    const block_table *table = at_offset(vm, inner_table(map));
    uint32_t end = inner_table(map) + (uint32_t)sizeof *table + table->room + table->room / 2u;
    if (table->used > table->room || end > map + block_words(vm, map) * 4) broken("inner table", map);
    return table;
}

static void check_references(const mote_vm *vm, const uint8_t *starts, uint32_t at)
{
    const mote_value *words = (const mote_value *)at_offset(vm, at) + 1;
    uint32_t count = 0;
    switch (kind_of(vm, at)) {
    case KIND_MAP:
        count = 2;
        if (words[1] != inner_table(at)) break;
        check_value(vm, starts, words[0]);
        count = check_inner_table(vm, at)->used / 4u;
        words = check_inner_table(vm, at)->values;
        break;
    case KIND_CLOSURE:
    case KIND_BOUND: count = 2; break;
    case KIND_VALUES:
    case KIND_FRAME: count = block_words(vm, at) - 1; break;
    case KIND_ARRAY: check_value(vm, starts, words[1]); break;
    case KIND_TABLE:
        count = ((const block_table *)at_offset(vm, at))->used / 4u;
        words++;
        if (((const block_table *)at_offset(vm, at))->room != 0) break;
        count = 2u * ((const block_pairs *)at_offset(vm, at))->count;
        words++;
        break;
    default: break;
    }
    for (uint32_t i = 0; i < count; i++) check_value(vm, starts, words[i]);
}

/** To be called right after a collection, when only live blocks are left. */
static void check_arena(mote_vm *vm)
{
    static uint8_t starts[ARENA / 32];
    if (mote_vm_panic(vm) != MOTE_RUNNING) return;
    mote_vm_collect(vm);
    memset(starts, 0, sizeof starts);
    for (uint32_t at = vm->heap.start; at < vm->heap.end;) {
        uint32_t words = block_words(vm, at), header = header_of(vm, at);
        if (words < 2 || words > (vm->heap.end - at) / 4) broken("size", at);
        if ((header & 15u) > KIND_FIBER || (header & (FLAG_MARKED | FLAG_GRAY)) != 0) broken("header", at);
        starts[at >> 5] |= (uint8_t)(1u << ((at >> 2) & 7u));
        at += words * 4;
    }
    for (uint32_t at = vm->heap.start; at < vm->heap.end; at += block_words(vm, at) * 4)
        check_references(vm, starts, at);
}

static void run(mote_vm *vm, const void *image, size_t size)
{
    char text[64];
    uint32_t positions[TRACE_DEPTH];
    mote_stats stats;
    uint64_t now = 0;
    mote_vm_load(vm, image, size);
    for (int i = 0; i < STEPS && mote_vm_panic(vm) == MOTE_RUNNING; i++) {
        uint64_t wake = mote_vm_step(vm, now);
        check_arena(vm);
        if (wake == MOTE_NEVER) break;
        if (wake > now) now = wake;
    }
    mote_vm_stats(vm, &stats);
    mote_vm_trace(vm, positions, TRACE_DEPTH);
    mote_vm_exception(vm, text, sizeof text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const mote_host host = {.print = swallow, .random = fill};
    if (size < 4) return 0;
    void *arena = malloc(ARENA), *image = malloc(size);
    if (arena == NULL || image == NULL) abort();
    memcpy(image, data, size);
    memset(arena, 0xa7, ARENA);
    /* The image's last byte is padding, so it can choose whether to stress the collector. */
    mote_config config = {
        .arena = arena, .arena_bytes = ARENA, .guard = GUARD, .gc_stress = (data[size - 1] & 1u) != 0, .host = &host};
    mote_vm *vm = mote_vm_create(&config);
    run(vm, image, size);
    run(vm, image, size); /* whatever has happened, the machine must accept a new image */
    free(image);
    free(arena);
    return 0;
}

/* Mutation. */

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static uint8_t same_shape(uint8_t op, uint32_t *state)
{
    for (int tries = 0; tries < 64; tries++) {
        uint8_t other = (uint8_t)(next_random(state) % OP_END);
        if (mote_op_shape[other] == mote_op_shape[op] && mote_op_kind[other] == mote_op_kind[op]) return other;
    }
    return op;
}

/** Walks to a random operation of a random function and changes it, or its immediate. */
static void edit(uint8_t *data, const mote_image *image, uint32_t *state)
{
    const image_function *function = &image->functions[next_random(state) % image->num_functions];
    const uint8_t *pc = data + function->start, *end = pc + function->length;
    for (uint32_t skip = next_random(state) % function->length; pc < end; skip--) {
        uint8_t *at = data + (pc - data), op = *pc++;
        if (op < FIRST_SMALL_INT && (op >= OP_END || mote_op_shape[op] == 0xff)) return; /* already edited */
        bool plain = op >= FIRST_SMALL_INT || (op < OP_END && mote_op_shape[op] >> 4 == IMM_NONE);
        if (skip == 0 || pc == end) {
            if (op >= FIRST_SMALL_INT) *at = (uint8_t)(0x80u | next_random(state));
            else if (!plain && (next_random(state) & 1u) != 0) at[1] = (uint8_t)(next_random(state) % FIRST_MULTIBYTE);
            else *at = same_shape(op, state);
            return;
        }
        if (!plain) read_immediate(&pc);
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    uint32_t state = seed * 2654435761u + 1;
    uint8_t *copy = malloc(size);
    mote_image image;
    bool opened = copy != NULL && size >= 4;
    if (opened) {
        memcpy(copy, data, size);
        static uint8_t statements[0x2000];
        opened = mote_image_open(&image, copy, size) == NULL &&
                 mote_image_longest_function(&image) / 8 < sizeof statements &&
                 mote_image_verify(&image, statements) == NULL;
    }
    if (!opened || next_random(&state) % 8 == 0) {
        free(copy);
        return LLVMFuzzerMutate(data, size, max_size);
    }
    for (uint32_t edits = 1 + next_random(&state) % MOST_EDITS; edits > 0; edits--) edit(data, &image, &state);
    free(copy);
    return size;
}
