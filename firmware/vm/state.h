/* The state of a machine, which all its files share: registers, caches, heap. */
#ifndef MOTE_STATE_H
#define MOTE_STATE_H

#include "block.h"
#include "image.h"

/* Limits of the official machine that programs can see. */
enum { MAX_ARRAY_INDEX = 7168, MAX_BUFFER = 57320, MAX_SPREAD_NATIVE = 15 };

/** Slow paths: not inlined, so that the fast paths around them need few registers. */
#define RARE __attribute__((noinline))
/** Fast paths: inlined everywhere, and shorter where an argument is a constant. */
#define ALWAYS inline __attribute__((always_inline))
/** Fast paths for which inlining costs code: inlined unless the machine is compiled for size. */
#ifdef __OPTIMIZE_SIZE__
#define INLINE_FOR_SPEED inline
#else
#define INLINE_FOR_SPEED ALWAYS
#endif
/** A condition that is nearly always true, so that its code comes first. */
#define LIKELY(condition) __builtin_expect(condition, 1)

/* Layout of a fiber's stack. */
enum {
    LINK_WORDS = 4,    /* function and state, return position, environment, caller's link */
    NATIVE_WORDS = 16, /* what natives may push */
    OPERAND_WORDS = MAX_STACK + NATIVE_WORDS,
    FIRST_STACK_WORDS = 64
};

/* The time slice without a guard: operations after which the host gets a turn, some tenths of a second. */
enum { SLICE = 20000000 };
/* Operations that a call of a translated function counts as: about what the interpreter counts for a short one. */
enum { CALL_OPERATIONS = 8 };

/* Sizes of the tables below. All except the roots are caches or have a fallback when they are full. */
enum {
    MARK_STACK = 48,     /* blocks that are marked and not yet scanned */
    CACHE_ENTRIES = 128, /* the lookup cache: results of look-ups in prototypes */
    GUESSES = 512,       /* the inline caches of fields */
    CALLEES = 256,       /* places in the code that read a method to call it */
    SIZES = 64,          /* numbers of fields of new objects, by class */
    OWN_KEYS = 1024,     /* bits, see own_keys */
    TRACE_DEPTH = 16,    /* positions in a trace */
    SMALL_LISTS = 32,    /* blocks of fewer words have exact free lists */
    ROOTS = 32,          /* values that C holds across allocations */
    MOST_NESTED = 16     /* translated functions and runs of the interpreter between them, on the C stack */
};

typedef struct {
    uint32_t tag; /* cache_tag of holder and key; 0: the entry is free */
    mote_value found;
} cache_entry;

typedef struct {
    uint32_t start, end;     /* offsets of the first block and of the end of the last one */
    uint32_t bump, bump_end; /* the free run that allocation cuts from */
    uint32_t small[SMALL_LISTS];
    uint32_t large;
    uint32_t used_words, live_words, peak_live_words, peak_used_words;
    uint32_t threshold; /* an allocation collects first if as many words are in use; 0 in stress and after a panic */
    uint32_t marked[MARK_STACK], num_marked;
    bool overflow;
} mote_heap;

/** The most used fields come first: RISC-V's compressed loads and stores reach offsets up to 124. */
struct mote_vm {
    /* Always 0: the block at offset 0 (MOTE_FAILED). It is of no kind that a value has, and as a table it is empty. */
    uint32_t no_block[3];
    /* The interpreter's registers. Its loop keeps some of them in local variables. */
    const uint8_t *pc;
    mote_value *sp;
    mote_value *slots;
    mote_value *operands; /* bottom of the operand stack */
    mote_value *link;
    mote_value *stack, *stack_end, *stack_peak;
    mote_value ret_val;
    mote_value receiver; /* object of the unbound method at the bottom of the operand stack; VALUE_NONE: none */
    mote_value globals;  /* block_values: the variables, then the literals of the image that have been used so far */
    uint32_t depth;
    int32_t budget; /* operations left in this turn */

    mote_translated *const *translated; /* by function; NULL when there are none */
    mote_value *class_prototypes;       /* of the translation's classes; 0 until the prototype exists */
    mote_value *known_natives;          /* of the builtin fields that the translation calls; 0: not known */
    /* Depths of activations, see translation.c. */
    uint32_t run_from;     /* of the activation that the innermost run began with: the run ends when it has returned */
    uint32_t run_room;     /* how many translated functions may nest above the run's interpreter */
    uint32_t nested_from;  /* of the lowest of the translated functions that are nested on the C stack */
    uint32_t nested_limit; /* below this depth, one of them may call the next on the C stack */
    uint32_t depth_limit;  /* below this depth, it may do so without checking other limits */

    mote_value exception; /* pending, or VALUE_NONE */
    int32_t panic;
    uint32_t num_roots;
    mote_value current; /* the running fiber */
    bool yielding;
    bool interprets;    /* deoptimized: the interpreter continues the activation on top, though it has a translation */
    bool length_stored; /* the program has stored a `length` in a builtin object */
    mote_image image;

    const mote_translation *translation;
    mote_value translation_values; /* block_values that class_prototypes and known_natives point into */

    /* The fields up to gc_stress survive loading another image; all others are reset. */
    const mote_host *host;
    uint32_t max_depth, guard;
    uint32_t random_state;
    bool gc_stress;

    mote_value attached;   /* a table: the maps of fields that functions and builtin objects have */
    mote_value prototypes; /* a table: of classes, by the constructors' numbers */
    mote_value specs;
    mote_value pins;
    mote_value fibers;
    mote_value interrupted; /* the preempted fiber, which continues before any other */
    mote_value roots[ROOTS];
    uint32_t next_fiber_id;
    uint32_t running_native;
    uint64_t now;

    const char *load_error;

#ifdef MOTE_PROFILE
    mote_profile *profile; /* by function; NULL: nothing is counted */
    uint8_t *ran;          /* by byte of the image */
#endif
    uint64_t operations;
    uint32_t natives, collections, longest_pause, peak_depth, peak_stack_words;
    uint32_t trace[TRACE_DEPTH], trace_length;

    mote_heap heap;
    uint8_t guesses[GUESSES];
    uint8_t sizes[SIZES];
    /*
     * Places in the code that read a field in order to call it, by the lower byte of their offset in the image: the
     * rest of the offset plus one; 0: none.
     */
    uint8_t callees[CALLEES];
    /*
     * A Bloom filter of the keys that maps other than prototypes ever had, see is_own_key: with any other key, only
     * prototypes are searched, not the object itself.
     */
    uint8_t own_keys[OWN_KEYS / 8];
    cache_entry cache[CACHE_ENTRIES];
};

/** Whether an exception or a panic is pending: a function that finds one returns at once. */
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

/** An index as programs pass it: negative ones count from the end, and those out of range are clamped. */
static inline uint32_t clamp_index(int32_t index, uint32_t length)
{
    if (index < 0) index += (int32_t)length;
    return index < 0 ? 0 : (uint32_t)index > length ? length : (uint32_t)index;
}

#endif
