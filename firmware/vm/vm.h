/* The inside of the machine: its state, the shapes of heap blocks, and what each file offers the others. */
#ifndef MOTE_INTERNAL_VM_H
#define MOTE_INTERNAL_VM_H

#include "builtins.h"
#include "image.h"
#include "mote_vm.h"
#include "value.h"

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

enum {
    MARK_STACK = 48,
    CACHE_ENTRIES = 128,
    GUESSES = 512,
    CALLEES = 128,
    SIZES = 64,
    OWN_KEYS = 1024,
    TRACE_DEPTH = 16,
    SMALL_LISTS = 32,
    ROOTS = 32,
    MOST_NESTED = 16
};

/* Blocks. The header has kind (bits 0-3), flags (4-7) and size in words, header included (8-31). */

enum kind {
    KIND_FREE,
    KIND_DOUBLE,
    KIND_STRING,
    KIND_BUFFER,
    KIND_JUMP,
    KIND_STACK, /* marked by its fiber */
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
/** A map that others have as their prototype: storing into it empties the lookup cache. */
#define FLAG_PROTOTYPE FLAG_A
/** A table with keys that are heap strings, so that words alone do not decide. */
#define FLAG_TEXT_KEYS FLAG_A

typedef struct {
    uint32_t header;
    uint32_t low, high;
} block_double;

typedef struct {
    uint32_t header;
    uint32_t bytes, characters;
    char text[];
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
    mote_value items; /* block_values, or 0 when nothing was ever stored */
} block_array;

typedef struct {
    uint32_t header;
    mote_value prototype; /* undefined: Object.prototype */
    mote_value table;     /* 0 when empty */
} block_map;

/** Pairs of key and value in order of insertion; large ones end with a hash index (object.c). */
typedef struct {
    uint32_t header;
    uint16_t count, capacity;
    mote_value pairs[];
} block_table;

typedef struct {
    uint32_t header;
    mote_value parent; /* block_frame or undefined */
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

/** A jump on its way through finally blocks; never leaves its function. */
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
    uint32_t wake_low, wake_high; /* ms, one up; 0: no wake time */
    uint32_t sp, link;            /* indexes into the stack */
    uint32_t pc;
    uint16_t depth;
    uint8_t suspended, hosted, dead; /* hosted: waits for mote_resume */
} block_fiber;

typedef struct {
    mote_value holder, key, found;
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

struct mote_vm {
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
    const mote_translation *translation;
    mote_value translation_values; /* block_values, see translation.c */
    mote_value *class_prototypes;  /* there: of the translation's classes, 0 as long as there is none */
    mote_value *known_natives;     /* there: of the builtin fields that the translation calls, 0: not known */
    uint32_t nested_from;          /* depth from which on translated functions are on the host's stack */
    uint32_t depth_limit;          /* depth below which one may call the next without a look at other limits */

    mote_value exception; /* pending, or VALUE_NONE */
    int32_t panic;
    bool yielding;
    bool length_stored; /* the program gave a builtin object a `length` of its own */

    const mote_host *host;
    mote_image image;
    mote_value captured; /* block_buffer: one bit per function */
    mote_value attached; /* block_table: maps of functions and builtin objects */
    mote_value prototypes;
    mote_value specs;
    mote_value pins;
    mote_value fibers, current;
    mote_value interrupted; /* fiber that goes on first: the host got a turn in the middle of its work */
    mote_value roots[ROOTS];
    uint32_t num_roots;
    uint32_t next_fiber_id;
    uint32_t running_native;
    uint64_t now;

    uint32_t max_depth, guard;
    bool gc_stress;
    const char *load_error;

    uint64_t operations;
    uint32_t natives, collections, longest_pause, peak_depth, peak_stack_words;
    uint32_t trace[TRACE_DEPTH], trace_length;
    uint32_t random_state;

    cache_entry cache[CACHE_ENTRIES];
    uint8_t guesses[GUESSES];
    uint8_t sizes[SIZES];
    /* Places, as bytes from the start of the image, that read a field in order to call it; 0: none. */
    uint16_t callees[CALLEES];
    /* By key, see is_own_key: whether any map but prototypes ever had it, so that methods are not looked for in
     * objects. */
    uint8_t own_keys[OWN_KEYS / 8];
    mote_heap heap;
};

/** An index from a program: negative ones count from the end; what is outside goes to the nearer end. */
static inline uint32_t clamp_index(int32_t index, uint32_t length)
{
    if (index < 0) index += (int32_t)length;
    return index < 0 ? 0 : (uint32_t)index > length ? length : (uint32_t)index;
}

/* Natives by number (natives.c). Those that run when a field is read have a bit of their own. */
enum {
    NATIVE_ACCESSOR = 0x2000,
    NATIVE_HOST = 0x4000,
    NATIVE_HOST_BUFFER = 0x8000,
    NATIVE_BYTES = 0xc000,
    NATIVE_BYTE_FUNCTIONS = 0xc100
};

static inline bool is_accessor(mote_value v)
{
    mote_value bits = immediate(TAG_NATIVE, NATIVE_ACCESSOR);
    return (v & (0x1fu | (NATIVE_BYTES | NATIVE_ACCESSOR) << 5)) == bits;
}

/* Blocks and values. */

static inline void *at_offset(const mote_vm *vm, uint32_t offset)
{
    return (uint8_t *)(uintptr_t)vm + offset;
}

static inline uint32_t header_of(const mote_vm *vm, mote_value block)
{
    return *(uint32_t *)at_offset(vm, block);
}

static inline uint32_t block_words(const mote_vm *vm, mote_value block)
{
    return header_of(vm, block) >> 8;
}

static inline bool has_kind(const mote_vm *vm, mote_value v, enum kind kind)
{
    return is_heap(v) && v != 0 && (header_of(vm, v) & 15u) == (uint32_t)kind;
}

static inline enum kind kind_of(const mote_vm *vm, mote_value block)
{
    return (enum kind)(header_of(vm, block) & 15u);
}

void mote_vm_stop(mote_vm *vm, int code);

/* heap.c */
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

/* number.c */
mote_value mote_uint_value(mote_vm *vm, uint32_t number);
int32_t mote_double_to_int32(double number);
/** `end` (may be NULL) gets where the number ends. `text` ends with NUL. */
double mote_text_to_double(const char *text, const char **end);
/** Digits as programs see them; returns the length. `text` has at least NUMBER_TEXT bytes. */
enum { NUMBER_TEXT = 48 };
uint32_t mote_number_text(double number, int digits, char *text);
double mote_number_log10(double number);

/* string.c */
const char *mote_string_text(const mote_vm *vm, mote_value v, uint32_t *bytes, uint32_t *characters);
/** `bytes` of valid UTF-8, copied from `text`, which may lie in a rooted block. NULL: not filled. */
mote_value mote_string_new(mote_vm *vm, const char *text, uint32_t bytes);
mote_value mote_string_from_bytes(mote_vm *vm, const uint8_t *data, uint32_t length);
bool mote_string_equals(const mote_vm *vm, mote_value a, mote_value b);
mote_value mote_string_at(mote_vm *vm, mote_value string, uint32_t character);
uint32_t mote_utf8_count(const char *text, uint32_t bytes);
uint32_t mote_utf8_decode(const char *text, uint32_t *code_point);
uint32_t mote_utf8_encode(uint32_t code_point, char *text);
static inline mote_value builtin_value(enum builtin_string string)
{
    return immediate(TAG_STRING, STRING_INDEX(STRING_BUILTIN, (uint32_t)string));
}

/* object.c: tables and maps */

/** Tables of so many pairs and more are dictionaries, and have an index. */
enum { HASHED = 40 };

mote_value mote_map_new(mote_vm *vm, mote_value prototype);
mote_value mote_table_find(const mote_vm *vm, mote_value table, mote_value key);
/** Stores into the table that *slot refers to, growing it; *slot lies in a rooted block or in the machine. */
bool mote_table_set(mote_vm *vm, mote_value owner, mote_value *slot, mote_value key, mote_value value);
uint32_t mote_table_trim(const mote_vm *vm, mote_value table);
bool mote_table_delete(mote_vm *vm, mote_value table, mote_value key);
bool mote_map_set(mote_vm *vm, mote_value map, mote_value key, mote_value value);
mote_value mote_map_get(mote_vm *vm, mote_value map, mote_value key);
/** Like mote_map_set, of a key that a map which is no prototype does not have. */
bool mote_map_add(mote_vm *vm, mote_value map, mote_value key, mote_value value);
/** Like mote_map_set, of the first of so many fields: the map gets room for all. `key` is a string of the image. */
bool mote_map_begin(mote_vm *vm, mote_value map, mote_value key, mote_value value, uint32_t fields);

/* field.c */

/**
 * `object.key` at sp[-1], `key` a string of the image, with vm->pc behind the operation. A method about to be called
 * stays unbound: the machine keeps its receiver.
 */
mote_value mote_field_get(mote_vm *vm, mote_value object, mote_value key);
/** The same, never bound; accessors have run already. */
mote_value mote_field_find(mote_vm *vm, mote_value object, mote_value key);
/** `object[key] = value`. */
bool mote_field_set(mote_vm *vm, mote_value object, mote_value key, mote_value value);

/* property.c */
/** A field of a prototype or builtin object, through the cache; VALUE_NONE: it has none. */
mote_value mote_lookup(mote_vm *vm, mote_value holder, mote_value key);
/** A field of a builtin object, not bound. */
mote_value mote_builtin_get(mote_vm *vm, uint32_t object, mote_value key);
mote_value mote_property_get(mote_vm *vm, mote_value object, mote_value key, bool bind);
/** Like mote_property_get, without binding; for method calls. Accessors have run already. */
mote_value mote_property_get_unbound(mote_vm *vm, mote_value object, mote_value key);
bool mote_property_set(mote_vm *vm, mote_value object, mote_value key, mote_value value);
mote_value mote_index_get(mote_vm *vm, mote_value object, mote_value key);
bool mote_index_set(mote_vm *vm, mote_value object, mote_value key, mote_value value);
bool mote_index_delete(mote_vm *vm, mote_value object, mote_value key, bool *existed);
mote_value mote_bind_function(mote_vm *vm, mote_value function, mote_value receiver);
mote_value mote_code_of(const mote_vm *vm, mote_value function);
/** C.prototype; 0 and a TypeError when `function` is no constructor. */
mote_value mote_prototype_of_ctor(mote_vm *vm, mote_value function);
bool mote_instance_of(mote_vm *vm, mote_value object, mote_value ctor, bool *result);
bool mote_values_equal(mote_vm *vm, mote_value a, mote_value b);
mote_value mote_type_name(const mote_vm *vm, mote_value v);
/** The map of own fields that a program stored, created when `create`; 0 when there is none. */
mote_value mote_attached_map(mote_vm *vm, mote_value owner, bool create);
void mote_cache_clear(mote_vm *vm);
mote_value mote_key_value(mote_vm *vm, mote_value key);

/* array.c, buffer.c */
mote_value mote_array_new(mote_vm *vm, uint32_t length);
bool mote_array_resize(mote_vm *vm, mote_value array, uint32_t length);
static inline mote_value *array_items(const mote_vm *vm, mote_value array)
{
    return ((block_values *)at_offset(vm, ((block_array *)at_offset(vm, array))->items))->items;
}
static inline uint32_t array_length(const mote_vm *vm, mote_value array)
{
    return ((block_array *)at_offset(vm, array))->length;
}
mote_value mote_buffer_new(mote_vm *vm, uint32_t length);
/** What Buffer.prototype has beside DeviceScript's (bytes.c). */
extern const mote_native_entry mote_byte_natives[];
/** The same for Buffer. */
extern const mote_native_entry mote_byte_functions[];
/** Bytes of a Buffer, writable or in the image; NULL when it is none. */
uint8_t *mote_buffer_data(const mote_vm *vm, mote_value v, uint32_t *length);
mote_value mote_buffer_load(mote_vm *vm, mote_value buffer, mote_value format, mote_value offset);
bool mote_buffer_store(mote_vm *vm, mote_value buffer, mote_value format, mote_value offset, mote_value value);

/* text.c: texts that grow, ToString, inspect, format */
typedef struct {
    mote_vm *vm;
    uint32_t root;   /* index of the root that holds the block */
    uint32_t length; /* bytes so far */
    uint32_t limit;  /* the rest is left out */
    bool failed;
} text_builder;
bool mote_text_begin(text_builder *text, mote_vm *vm, uint32_t limit);
void mote_text_add(text_builder *text, const char *bytes, uint32_t length);
void mote_text_add_literal(text_builder *text, const char *literal);
void mote_text_add_number(text_builder *text, double number, int digits);
const char *mote_text_bytes(const text_builder *text);
/** The string built; releases the root. 0 when something failed. */
mote_value mote_text_end(text_builder *text);
void mote_text_drop(text_builder *text);
void mote_text_add_value(text_builder *text, mote_value v);
mote_value mote_to_string(mote_vm *vm, mote_value v);
mote_value mote_format_values(mote_vm *vm, const mote_value *args, unsigned count);

/* json.c */
enum { STYLE_JSON, STYLE_INSPECT };
/** Adds a value as JSON or as inspect shows it. False when an exception is pending. */
bool mote_serialize(text_builder *text, mote_value v, int style, uint32_t indent);

/* error.c */
mote_value mote_throw_error(mote_vm *vm, enum mote_error kind, const char *format, ...);
/** TypeError "expecting WHAT; got VALUE". */
mote_value mote_throw_expecting(mote_vm *vm, const char *what, mote_value got);
void mote_raise(mote_vm *vm, mote_value exception);
/** Name of an exception's class; allocates nothing. */
const char *mote_error_class(mote_vm *vm, mote_value exception, uint32_t *length);

/* natives.c */
const native_entry *mote_native_of(uint32_t index);
/** The native or constant `key` of a builtin object, VALUE_NONE when it has none. */
mote_value mote_native_lookup(mote_vm *vm, uint32_t object, mote_value key);
/** X.prototype of a builtin X, or 0. */
uint32_t mote_builtin_prototype(uint32_t object);
/** The map with all pins of the device, which is made when a program first looks at GPIO. */
mote_value mote_pins_expose(mote_vm *vm);
/** A native of the host by its name, for those of the machine that only it can do; VALUE_NONE when it has none. */
mote_value mote_native_call_host(mote_vm *vm, const char *name, const mote_value *args, unsigned count);
mote_value mote_native_call(mote_vm *vm, uint32_t index, mote_value receiver, mote_value *args, unsigned count);
const char *mote_native_name(const mote_vm *vm, uint32_t index, uint32_t *length);
mote_value mote_accessor_run(mote_vm *vm, uint32_t index, mote_value receiver);

/* operations.c */
mote_value mote_operate_binary(mote_vm *vm, uint8_t op, mote_value x, mote_value y);
mote_value mote_operate_unary(mote_vm *vm, uint8_t op, mote_value x);
/** The operations that only look at their operands, and never fail. */
mote_value mote_examine(mote_vm *vm, uint8_t op, mote_value x, mote_value y);
mote_value mote_check_ctor(mote_vm *vm, mote_value v);
/** bind(function, this): for `super(...)`. */
mote_value mote_bind_value(mote_vm *vm, mote_value function, mote_value receiver);
bool mote_literal(mote_vm *vm, uint32_t index, mote_value *result);
/** Without Jacdac, service specifications are empty maps that take what the program stores. */
mote_value mote_spec_map(mote_vm *vm, uint32_t spec);
mote_value mote_alloc_array(mote_vm *vm, mote_value size);
mote_value mote_alloc_buffer(mote_vm *vm, mote_value size);
void mote_throw_value(mote_vm *vm, mote_value v);
/** A function with the slots of the running activation, which are in a frame. */
mote_value mote_closure_new(mote_vm *vm, uint32_t function);
/** The frame that holds a closure variable, NULL when the program is invalid. */
block_frame *mote_closure_frame(mote_vm *vm, mote_value levels, uint32_t slot);

/* call.c */
static inline bool has_failed(const mote_vm *vm)
{
    return vm->exception != VALUE_NONE || vm->panic != MOTE_RUNNING;
}
/** Enters a call: `base` is the function, its `count` arguments follow. */
void mote_call_enter(mote_vm *vm, mote_value *base, unsigned count, mote_value receiver);
void mote_call_array(mote_vm *vm, mote_value function, mote_value array);
/**
 * Enters a function of the image: base[0] is the receiver, UNDEFINED when there is none, and operands keep it alive.
 * False: an exception or panic is pending.
 */
bool mote_call_enter_function(mote_vm *vm, mote_value *base, uint32_t index, unsigned count, mote_value env);
/** Calls a native; its result is in vm->ret_val, unless an exception or panic is pending. */
void mote_call_enter_native(mote_vm *vm, mote_value *base, uint32_t index, unsigned count);
/** Puts a new object of the constructor `index` to base[0]. */
bool mote_call_make_object(mote_vm *vm, mote_value *base, uint32_t index, mote_value env);
/** Leaves the running activation with `result`. */
void mote_call_return(mote_vm *vm, mote_value result);
/** Sets the registers from the link words. */
void mote_frame_restore(mote_vm *vm, mote_value *link);
static inline const image_function *function_at(const mote_vm *vm, uint32_t index)
{
    return &vm->image.functions[index];
}
const image_function *mote_running_function(const mote_vm *vm);

/* unwind.c */
void mote_unwind_exception(mote_vm *vm);
void mote_unwind_jump(mote_vm *vm, uint32_t target, uint32_t levels);
/** Goes on with a saved jump or exception at the end of a finally block. */
void mote_unwind_again(mote_vm *vm, mote_value saved);
bool mote_try_enter(mote_vm *vm, uint32_t handler);
bool mote_try_leave(mote_vm *vm);
bool mote_try_is_top(const mote_vm *vm, uint32_t handler);

/* interpreter.c */
/** Runs until the fiber yields or is interrupted, the machine panics, or a translated function is to run. */
void mote_interpreter_run(mote_vm *vm);

/* translation.c */
/** Runs the fiber until it yields or is interrupted, or the machine panics. */
void mote_machine_run(mote_vm *vm);
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
    uint32_t nested = vm->nested_from + MOST_NESTED;
    vm->depth_limit = nested < vm->peak_depth ? nested : vm->peak_depth;
}
/** The translation of the function that runs; NULL when it has none. */
static inline mote_translated *running_translation(const mote_vm *vm)
{
    return vm->translated == NULL ? NULL : vm->translated[(uint32_t)small_int(vm->link[0]) & 0xffff];
}

/* fiber.c */
mote_value mote_fiber_new(mote_vm *vm, mote_value function, const mote_value *args, unsigned count);
bool mote_stack_grow(mote_vm *vm, uint32_t words);
/** vm->peak_stack_words knows what vm->stack_peak has seen. */
void mote_stack_note_peak(mote_vm *vm);
/** Room for `words` more behind vm->sp; the stack may move. */
static inline bool stack_reserve(mote_vm *vm, uint32_t words)
{
    return (uint32_t)(vm->stack_end - vm->sp) >= words || mote_stack_grow(vm, words);
}
void mote_fiber_save(mote_vm *vm);
void mote_fiber_end(mote_vm *vm);
void mote_fiber_sleep(mote_vm *vm, mote_value milliseconds, bool suspended);

#endif
