/*
 * The Mote machine: runs images of the unmodified DeviceScript compiler 2.16.4.
 *
 * One machine lives in one arena that the host owns: `mote_vm_create` puts everything into it, its own state included,
 * and nothing outside it is ever written. To dispose of a machine, drop its arena. Only one thread at a time may use a
 * machine.
 *
 * Values are words. They stay valid until the next call that may allocate ("allocates" below), unless they are
 * arguments of the running native or pinned. Functions that may fail return MOTE_FAILED (0): an exception or a panic is
 * then pending, and a native must return MOTE_FAILED at once.
 */
#ifndef MOTE_VM_H
#define MOTE_VM_H

#include "mote_abi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mote_vm mote_vm;
typedef uint32_t mote_value;

/** "Never": no fiber is waiting for a time. */
#define MOTE_NEVER UINT64_MAX

/**
 * A native function. `count` is the number of arguments given; `args` has at least the declared number, missing ones
 * being undefined. They and `receiver` stay alive during the call. Returns the result, or MOTE_FAILED after mote_throw
 * or a failed call.
 */
typedef mote_value (*mote_native)(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);

/** A native as the host registers it: programs call it as `ds.NAME(...)`. */
typedef struct {
    const char *name;  /* kept by reference */
    mote_native call;  /* NULL ends a list */
    unsigned num_args; /* 0 to 8; missing arguments are undefined */
} mote_native_entry;

/** What a machine needs from its host. Every function may be NULL. */
typedef struct {
    /** One console line without its newline. level: '>' '*' '!' '?' '#'. */
    void (*print)(void *context, char level, const char *line, size_t length);
    /** Fills `target` with random bytes. False while there is no good source: the program gets an Error. */
    bool (*random)(void *context, uint8_t *target, size_t length);
    /** Microseconds of any clock, used to time collections. */
    uint64_t (*micros)(void *context);
    void *context;
    const char *arch_id;   /* "native" and "wasm" make ds.isSimulator() true */
    const char *device_id; /* 16 hexadecimal digits */
    /**
     * The host's natives, which take precedence over the machine's own; terminated by an entry whose `call` is NULL.
     */
    const mote_native_entry *natives;
    /**
     * For natives with resources that belong to an object of the program: called in each collection, when marking is
     * complete. It may call mote_is_alive and no other function of the machine.
     */
    void (*collected)(void *context, const mote_vm *vm);
    /** Natives of Buffer (such as `digest`) and of Buffer.prototype (such as `encrypt`); terminated like `natives`. */
    const mote_native_entry *buffer_natives;
} mote_host;

/** Alignment of an arena in bytes. malloc guarantees less on some 32-bit systems. */
enum { MOTE_ARENA_ALIGNMENT = 8 };

typedef struct {
    void *arena;           /* aligned to MOTE_ARENA_ALIGNMENT, owned by the host */
    uint32_t arena_bytes;  /* up to 64 MB */
    uint32_t max_depth;    /* nested calls per fiber; 0: 100 */
    uint32_t guard;        /* operations a fiber may run without yielding; 0: no limit */
    bool gc_stress;        /* collect before every allocation */
    const mote_host *host; /* kept by reference */
} mote_config;

/** Counters since the image was loaded. */
typedef struct {
    uint64_t operations;
    uint32_t natives; /* native functions called */
    uint32_t collections;
    uint32_t longest_pause;   /* of a collection, in microseconds of host->micros */
    uint32_t arena_bytes;     /* all of the arena */
    uint32_t fixed_bytes;     /* the machine's own state */
    uint32_t used_bytes;      /* fixed, objects and garbage not yet collected */
    uint32_t live_bytes;      /* fixed and what the last collection left */
    uint32_t peak_live_bytes; /* the most that any collection left */
    uint32_t peak_used_bytes;
    uint32_t peak_depth;       /* nested calls */
    uint32_t peak_stack_bytes; /* of one fiber */
} mote_stats;

/** Creates a machine in the arena. NULL if that is impossible: mote_vm_create_error has the reason. */
mote_vm *mote_vm_create(const mote_config *config);
/** Why the arena cannot hold a machine, as part of a sentence for a log; NULL if it can. */
const char *mote_vm_create_error(const mote_config *config);

/**
 * Verifies an image and makes its entry point the first fiber. Whatever ran before is dropped, including its panic. The
 * image (4-byte aligned, kept by reference, never written) must stay valid as long as the machine uses it. Returns 0,
 * or the panic code; `mote_vm_load_error` then has the reason.
 */
int mote_vm_load(mote_vm *vm, const void *image, size_t length);

/** Drops the program and zeroes its memory, which may have held keys. Another program can be loaded afterwards. */
void mote_vm_erase(mote_vm *vm);

/**
 * A function of an image translated to C (host/translate). `at` is where it continues, in bytes from the image's start;
 * 0: at its beginning. Returns false if it did not return to its caller.
 */
typedef bool mote_translated(mote_vm *vm, uint32_t at);

/** A field of a builtin object. */
typedef struct {
    uint8_t object; /* enum builtin_object */
    mote_value key;
} mote_builtin_field;

/** The translation of an image: C functions that run in place of its bytecode. */
typedef struct {
    uint8_t sha256[32]; /* of the image */
    unsigned num_functions;
    mote_translated *const *functions;
    unsigned num_classes, num_natives;
    const uint16_t *classes; /* constructors by function number, ascending */
    const mote_builtin_field *natives;
    unsigned num_keys;
    const mote_value *keys; /* of the fields that translated code gives to new objects */
} mote_translation;

/** Call after mote_vm_load. The caller has made sure, by its hash, that the translation belongs to the loaded image. */
void mote_vm_translate(mote_vm *vm, const mote_translation *translation);
const char *mote_vm_load_error(const mote_vm *vm);

#ifdef MOTE_PROFILE
/**
 * Counters of one interpreted function: how often it was called, how many calls it made, how many operations it ran.
 */
typedef struct {
    uint32_t calls, made, operations;
} mote_profile;

/**
 * Call after mote_vm_load: starts counting. `functions` has an entry for each function of the image, and `ran` one for
 * each of its bytes, which becomes 1 when the operation there runs. Both remain the host's.
 */
void mote_vm_profile(mote_vm *vm, mote_profile *functions, uint8_t *ran);
#endif

/**
 * Runs the fibers that are due at `now` (milliseconds since start, never decreasing), for a bounded number of turns.
 * Without a guard, a fiber that does not yield is preempted from time to time and continues in the next call. Returns
 * the time of the next call: at most `now` if more fibers are due, MOTE_NEVER if only the host can wake one. After a
 * panic it runs nothing.
 */
uint64_t mote_vm_step(mote_vm *vm, uint64_t now);

/** MOTE_RUNNING or the panic code. */
int mote_vm_panic(const mote_vm *vm);
/** Number of live fibers; a program without any has nothing left to do. */
unsigned mote_vm_fibers(const mote_vm *vm);
void mote_vm_stats(mote_vm *vm, mote_stats *stats);
/** Resets the peaks and the longest pause. */
void mote_vm_reset_peaks(mote_vm *vm);
/** Collects garbage now. */
void mote_vm_collect(mote_vm *vm);
/**
 * Code positions (bytes from the image's start) of the last exception or panic, innermost call first. Returns how many.
 */
unsigned mote_vm_trace(const mote_vm *vm, uint32_t *positions, unsigned most);
/**
 * The uncaught exception of MOTE_PANIC_UNHANDLED as text, cut to `size` bytes including its NUL. Returns its length.
 */
size_t mote_vm_exception(mote_vm *vm, char *text, size_t size);

/** The `context` of the host. */
void *mote_host_context(const mote_vm *vm);

/* Reading values. */

bool mote_is_number(const mote_vm *vm, mote_value value);
bool mote_is_string(const mote_vm *vm, mote_value value);
bool mote_is_buffer(mote_vm *vm, mote_value value);
bool mote_is_array(mote_vm *vm, mote_value value);
bool mote_is_function(const mote_vm *vm, mote_value value);
/** Whether the value is a function of the program, which mote_start can run. */
bool mote_is_startable(mote_vm *vm, mote_value value);
int32_t mote_to_int(mote_vm *vm, mote_value value);
/** Whether the value is a number that is a 32-bit integer, which is then stored in `number`. */
bool mote_is_int(mote_vm *vm, mote_value value, int32_t *number);
double mote_to_double(mote_vm *vm, mote_value value);
bool mote_to_bool(mote_vm *vm, mote_value value);
/** UTF-8, terminated by NUL. NULL if the value is not a string. */
const char *mote_string(mote_vm *vm, mote_value value, size_t *length);
/** NULL if the value is not a Buffer. Write only if mote_buffer_is_writable. */
uint8_t *mote_buffer(mote_vm *vm, mote_value value, size_t *length);
bool mote_buffer_is_writable(mote_vm *vm, mote_value value);
/** 0 if the value is not an array. */
size_t mote_array_length(mote_vm *vm, mote_value value);
mote_value mote_array_at(mote_vm *vm, mote_value value, size_t index);

/* Creating values; all of these allocate. */

mote_value mote_number(mote_vm *vm, double number);
mote_value mote_int(mote_vm *vm, int32_t number);
mote_value mote_bool(bool truth);
/** Malformed UTF-8 becomes U+FFFD. */
mote_value mote_new_string(mote_vm *vm, const char *text, size_t length);
/** A zeroed Buffer. */
mote_value mote_new_buffer(mote_vm *vm, size_t length);
/** A Buffer of whatever bytes its memory had: the program may only get it once all of them have been written. */
mote_value mote_new_unset_buffer(mote_vm *vm, size_t length);
/** Truncates a Buffer of the heap to `length` bytes, at most its own length; the rest is zeroed. */
void mote_shorten_buffer(mote_vm *vm, mote_value buffer, size_t length);
mote_value mote_new_array(mote_vm *vm);
bool mote_array_push(mote_vm *vm, mote_value array, mote_value value);

/** Raises an exception; returns MOTE_FAILED. */
mote_value mote_throw(mote_vm *vm, enum mote_error kind, const char *message);

/* Pins and fibers. */

/** Pins a value, which keeps it alive until mote_unpin. Returns the pin (1 or more), or 0 if memory is out. */
unsigned mote_pin(mote_vm *vm, mote_value value);
mote_value mote_pinned(const mote_vm *vm, unsigned pin);
void mote_unpin(mote_vm *vm, unsigned pin);

/** Whether the value is an object with an identity, so that mote_is_alive can tell when its life ends. */
bool mote_is_object(const mote_vm *vm, mote_value value);
/** Only in host->collected: whether an object is still reachable. */
bool mote_is_alive(const mote_vm *vm, mote_value object);

/** Only in a native of the host: its index in its list, `natives` or `buffer_natives`. */
unsigned mote_running_native(const mote_vm *vm);
/**
 * Only in a native: suspends the calling fiber until `mote_resume` provides the result of the call. Returns the pin of
 * the fiber, or 0 if memory is out. To programs the fiber seems to sleep: only the host can resume it.
 */
unsigned mote_suspend(mote_vm *vm);
/** Resumes a suspended fiber with `value` and frees the pin. False if the fiber has ended. */
bool mote_resume(mote_vm *vm, unsigned pin, mote_value value);
/** Runs `function` in a new fiber at the next step. False if it is not a function of the program, or memory is out. */
bool mote_start(mote_vm *vm, mote_value function, const mote_value *args, unsigned count);
/** The program's `ds._socketOnEvent`; MOTE_UNDEFINED if it has none. */
mote_value mote_socket_handler(mote_vm *vm);

#ifdef __cplusplus
}
#endif
#endif
