/* Heap blocks: the layout of each kind in the arena, and access to a value's block. */
#ifndef MOTE_BLOCK_H
#define MOTE_BLOCK_H

#include "mote_vm.h"
#include "value.h"

/* Blocks. The header has kind (bits 0-3), flags (4-7) and size in words, header included (8-31). */

enum kind {
    KIND_FREE,
    KIND_DOUBLE,
    KIND_STRING,
    KIND_BUFFER,
    KIND_JUMP,
    KIND_STACK, /* its contents are marked by its fiber */
    KIND_ARRAY,
    KIND_MAP,
    KIND_TABLE,
    KIND_VALUES,
    KIND_FRAME,
    KIND_CLOSURE,
    KIND_BOUND,
    KIND_FIBER
};

enum { FLAG_MARKED = 0x10, FLAG_GRAY = 0x20, FLAG_A = 0x40 };
/**
 * Set on prototypes and on maps attached to functions and builtin objects: storing into such a map clears the lookup
 * cache.
 */
#define FLAG_PROTOTYPE FLAG_A
/** Set on strings that are all ASCII. */
#define FLAG_ASCII FLAG_A
/** A prototype whose methods are read from the image's code, see methods.c. */
#define FLAG_IN_PLACE 0x80

typedef struct {
    uint32_t header;
    uint32_t next;
} block_free;

typedef struct {
    uint32_t header;
    uint32_t low, high;
} block_double;

typedef struct {
    uint32_t header;
    uint32_t bytes;
    char text[]; /* followed by NUL */
} block_string;

typedef struct {
    uint32_t header;
    uint32_t length;
    uint8_t data[];
} block_buffer;

typedef struct {
    uint32_t header;
    mote_value items[];
} block_values;

typedef struct {
    uint32_t header;
    uint32_t length;
    mote_value items; /* block_values; 0 as long as there is no room for elements */
} block_array;

typedef struct {
    uint32_t header;
    mote_value prototype; /* undefined: Object.prototype */
    mote_value table;     /* 0 when empty */
} block_map;

/** A map's table that is in the map's own block: the word `table`, which refers to itself, takes its header's place. */
static inline mote_value inner_table(mote_value map)
{
    return map + (uint32_t)offsetof(block_map, table);
}

/**
 * A table of fields in order of insertion. All keys are strings of the image: the values come first, and after the room
 * for values come the keys' string indexes (StrIdx, image.h), 16 bits each.
 */
typedef struct {
    uint32_t header;
    uint16_t used, room; /* in bytes of values: those in use, those there is room for */
    mote_value values[];
} block_table;

/**
 * A dictionary: pairs of key and value, for tables with other keys or with many. To code that searches a table of
 * fields it looks empty.
 */
typedef struct {
    uint32_t header;
    uint32_t no_fields; /* always 0: in the place of block_table's `used` and `room` */
    uint16_t count, capacity;
    mote_value pairs[]; /* followed by a hash index, see object.c */
} block_pairs;

/**
 * The environment of a function that is no closure. The block at this offset is empty (no_block, state.h): it has no
 * slots, and as its parent NO_FRAME again.
 */
#define NO_FRAME 0u

typedef struct {
    uint32_t header;
    mote_value parent; /* block_frame or NO_FRAME */
    mote_value slots[];
} block_frame;

typedef struct {
    uint32_t header;
    mote_value function;
    mote_value frame;
} block_closure;

typedef struct {
    uint32_t header;
    mote_value receiver;
    mote_value function; /* immediate function or native, or block_closure */
} block_bound;

/** A pending jump out of `try`, kept while finally blocks run. Its target is in the same function. */
typedef struct {
    uint32_t header;
    uint32_t function, target, levels;
} block_jump;

typedef struct {
    uint32_t header;
    mote_value next; /* block_fiber or 0 */
    mote_value stack;
    mote_value ret_val;
    uint32_t id;
    uint32_t wake_low, wake_high; /* milliseconds plus one; 0: no wake time */
    uint32_t sp, link;            /* indexes into the stack */
    uint32_t pc;
    uint16_t depth;
    uint8_t suspended, hosted, dead; /* hosted: waits for mote_resume */
    uint8_t starting;                /* running, but set aside while a new fiber is being entered */
} block_fiber;

static inline void *at_offset(const mote_vm *vm, uint32_t offset)
{
    return (uint8_t *)(uintptr_t)vm + offset;
}

/** String indexes of the keys of a table of fields. */
static inline uint16_t *numbers_of(const block_table *table)
{
    return (uint16_t *)((uintptr_t)table->values + table->room);
}

static inline void set_header(mote_vm *vm, uint32_t offset, enum kind kind, uint32_t words)
{
    *(uint32_t *)at_offset(vm, offset) = (words << 8) | (uint32_t)kind;
}

static inline uint32_t header_of(const mote_vm *vm, mote_value block)
{
    return *(uint32_t *)at_offset(vm, block);
}

static inline uint32_t block_words(const mote_vm *vm, mote_value block)
{
    return header_of(vm, block) >> 8;
}

/** `kind` must not be KIND_FREE: MOTE_FAILED is offset 0, where no_block (state.h) reads as a free block. */
static inline bool has_kind(const mote_vm *vm, mote_value v, enum kind kind)
{
    return is_heap(v) && (header_of(vm, v) & 15u) == (uint32_t)kind;
}

static inline enum kind kind_of(const mote_vm *vm, mote_value block)
{
    return (enum kind)(header_of(vm, block) & 15u);
}

#endif
