/* The state of a machine, which every file shares: registers, tables for quick look-ups, heap. */
#ifndef MOTE_STATE_H
#define MOTE_STATE_H

#include "block.h"
#include "image.h"

/* Limits of the official machine that programs can see. */
enum { MAX_ARRAY_INDEX = 7168, MAX_BUFFER = 57320, MAX_SPREAD_NATIVE = 15 };

/** Stays out of what nearly every operation runs through, so that this needs few registers. */
#define RARE __attribute__((noinline))
/** Is what every call runs through, and shorter where an argument is a constant. */
#define ALWAYS inline __attribute__((always_inline))

/* Shape of a fiber's stack. */
enum {
    LINK_WORDS = 4,    /* function and state, return position, environment, caller's link */
    NATIVE_WORDS = 16, /* what natives may push */
    OPERAND_WORDS = MAX_STACK + NATIVE_WORDS,
    FIRST_STACK_WORDS = 64
};

/* Without a guard: operations after which the host gets a turn, some tenths of a second. */
enum { SLICE = 20000000 };
/* What a call of a translated function counts for, as the interpreter counts a short one. */
enum { CALL_OPERATIONS = 8 };

/* Sizes of the tables below. All are caches or have a way out when they are full, but for the roots. */
enum {
    MARK_STACK = 48,     /* blocks that the collector has yet to look into */
    CACHE_ENTRIES = 128, /* results of look-ups in prototypes */
    GUESSES = 512,       /* places of fields */
    CALLEES = 256,       /* reads of methods that are called */
    SIZES = 64,          /* fields of new objects, by class */
    OWN_KEYS = 1024,     /* bits, see own_keys */
    TRACE_DEPTH = 16,    /* positions in a trace */
    SMALL_LISTS = 32,    /* words of the blocks that have exact free lists */
    ROOTS = 32,          /* what C holds across allocations, nested as deep as the machine's own functions are */
    MOST_NESTED = 16     /* translated functions, and runs of the interpreter between them, on the host's stack */
};

typedef struct {
    uint32_t tag; /* of holder and key, lookup.h; 0: the entry is free */
    mote_value found;
} cache_entry;

typedef struct {
    uint32_t start, end;     /* offsets of the first block and behind the last */
    uint32_t bump, bump_end; /* the free run that allocation cuts from */
    uint32_t small[SMALL_LISTS];
    uint32_t large;
    uint32_t used_words, live_words, peak_live_words, peak_used_words;
    uint32_t threshold; /* words in use that make the next allocation collect */
    uint32_t marked[MARK_STACK], num_marked;
    bool overflow;
} mote_heap;

/** What is used most stands in the first 124 bytes: RISC-V's short instructions reach no further. */
struct mote_vm {
    /* 0, what a block at 0 is: of no kind, as MOTE_FAILED should be, and a table without fields and pairs. */
    uint32_t no_block[3];
    /* The interpreter's registers while it is not in its loop. */
    const uint8_t *pc;
    mote_value *sp;
    mote_value *slots;
    mote_value *operands; /* bottom of the operand stack */
    mote_value *link;
    mote_value *stack, *stack_end, *stack_peak;
    mote_value ret_val;
    mote_value receiver; /* of the method at the bottom of the operand stack; VALUE_NONE when there is none */
    mote_value globals;
    uint32_t depth;
    int32_t budget; /* operations left in this turn */

    mote_translated *const *translated; /* by function; NULL when there are none */
    mote_value *class_prototypes;       /* of the translation's classes, 0 as long as there is none */
    mote_value *known_natives;          /* of the builtin fields that the translation calls, 0: not known */
    /* Depths of activations, see translation.c. */
    uint32_t run_from;     /* where the innermost run began: it ends when that activation has returned */
    uint32_t run_room;     /* how many translated functions may nest above its interpreter */
    uint32_t nested_from;  /* the lowest translated function of those that called each other on the host's stack */
    uint32_t nested_limit; /* below it one of them may call the next there */
    uint32_t depth_limit;  /* below it that needs no look at other limits */

    mote_value exception; /* pending, or VALUE_NONE */
    int32_t panic;
    uint32_t num_roots;
    mote_value current; /* the fiber that runs */
    bool yielding;
    bool interprets;    /* the function on top goes on in the interpreter, though it is translated */
    bool length_stored; /* the program gave a builtin object a `length` of its own */
    mote_image image;

    const mote_translation *translation;
    mote_value translation_values; /* block_values: what the two above point to, see translation.c */

    /* What stays when another image is loaded; all else begins anew. */
    const mote_host *host;
    uint32_t max_depth, guard;
    uint32_t random_state;
    bool gc_stress;

    mote_value captured;   /* block_buffer: one bit per function */
    mote_value attached;   /* block_table: maps of functions and builtin objects */
    mote_value prototypes; /* block_table: of classes, by the functions' numbers */
    mote_value specs;
    mote_value pins;
    mote_value fibers;
    mote_value interrupted; /* fiber that goes on first: the host got a turn in the middle of its work */
    mote_value roots[ROOTS];
    uint32_t next_fiber_id;
    uint32_t running_native;
    uint64_t now;

    const char *load_error;

#ifdef MOTE_PROFILE
    mote_profile *profile; /* by function; NULL: nothing is counted */
#endif
    uint64_t operations;
    uint32_t natives, collections, longest_pause, peak_depth, peak_stack_words;
    uint32_t trace[TRACE_DEPTH], trace_length;

    cache_entry cache[CACHE_ENTRIES];
    uint8_t guesses[GUESSES];
    uint8_t sizes[SIZES];
    /* Places that read a field in order to call it: one more than the upper byte of their distance from the start of
     * the image; 0: none. */
    uint8_t callees[CALLEES];
    /* By key, see is_own_key: whether any map but prototypes ever had it, so that methods are not looked for in
     * objects. */
    uint8_t own_keys[OWN_KEYS / 8];
    mote_heap heap;
};

/** An exception or a panic is pending: whoever sees it returns. */
static inline bool has_failed(const mote_vm *vm)
{
    return vm->exception != VALUE_NONE || vm->panic != MOTE_RUNNING;
}

static inline const image_function *function_at(const mote_vm *vm, uint32_t index)
{
    return &vm->image.functions[index];
}

/** Ends the program with a panic code; the first one counts (error.c). */
void mote_vm_stop(mote_vm *vm, int code);

/** An index from a program: negative ones count from the end; what is outside goes to the nearer end. */
static inline uint32_t clamp_index(int32_t index, uint32_t length)
{
    if (index < 0) index += (int32_t)length;
    return index < 0 ? 0 : (uint32_t)index > length ? length : (uint32_t)index;
}

#endif
