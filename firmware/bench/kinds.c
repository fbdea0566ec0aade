#include "kinds.h"
#include "block.h"
#include "object.h"
#include "state.h"

#include <stdio.h>
#include <string.h>

enum sort {
    PROTOTYPES, /* of classes and builtin objects, with their tables */
    OBJECTS,
    FIELDS, /* objects' tables of fields */
    ARRAYS, /* with their elements */
    BUFFERS,
    STRINGS,
    NUMBERS,
    FUNCTIONS, /* closures, bound functions, and the variables that closures share */
    FIBERS,    /* with their stacks */
    GLOBALS,
    SORTS
};

static const char *const names[SORTS] = {"prototypes", "objects", "fields",    "arrays", "buffers",
                                         "strings",    "numbers", "functions", "fibers", "globals"};

typedef struct {
    uint32_t of[SORTS], all;
} census;

static census most;

static bool is_marked(const mote_vm *vm, mote_value block)
{
    return (header_of(vm, block) & FLAG_MARKED) != 0;
}

static enum sort sort_of(const mote_vm *vm, mote_value block)
{
    switch (kind_of(vm, block)) {
    case KIND_DOUBLE: return NUMBERS;
    case KIND_STRING: return STRINGS;
    case KIND_BUFFER: return BUFFERS;
    case KIND_ARRAY: return ARRAYS;
    case KIND_VALUES: return block == vm->globals || block == vm->translation_values ? GLOBALS : ARRAYS;
    case KIND_MAP: return (header_of(vm, block) & FLAG_PROTOTYPE) != 0 ? PROTOTYPES : OBJECTS;
    case KIND_TABLE: return block == vm->prototypes || block == vm->attached ? PROTOTYPES : FIELDS;
    case KIND_FRAME:
    case KIND_CLOSURE:
    case KIND_BOUND:
    case KIND_JUMP: return FUNCTIONS;
    default: return FIBERS;
    }
}

/** Bytes of a block that survive a collection: tables of fields give up their unused room. */
static uint32_t kept_bytes(const mote_vm *vm, mote_value block)
{
    const block_table *table = at_offset(vm, block);
    uint32_t words = block_words(vm, block), count = table->used / 4u, needed = 2 + count + (count + 1) / 2;
    bool gives = kind_of(vm, block) == KIND_TABLE && count > 0 && needed + 1 < words;
    return 4 * (gives ? needed : words);
}

void bench_kinds_note(const mote_vm *vm)
{
    census now = {0};
    for (uint32_t at = vm->heap.start; at < vm->heap.end; at += block_words(vm, at) * 4) {
        if (!is_marked(vm, at)) continue;
        uint32_t bytes = kept_bytes(vm, at);
        enum sort sort = sort_of(vm, at);
        now.of[sort] += bytes;
        now.all += bytes;
        mote_value table =
            sort == PROTOTYPES && kind_of(vm, at) == KIND_MAP ? ((block_map *)at_offset(vm, at))->table : 0;
        if (table == 0) continue;
        now.of[PROTOTYPES] += kept_bytes(vm, table);
        now.of[FIELDS] -= kept_bytes(vm, table);
    }
    if (now.all > most.all) most = now;
}

void bench_kinds_reset(void)
{
    most = (census){0};
}

void bench_kinds_print(const char *name)
{
    for (unsigned i = 0; i < SORTS; i++) printf("%s_%s: %u\n", name, names[i], (unsigned)most.of[i]);
    printf("%s_all: %u\n", name, (unsigned)most.all);
}
