/*
 * The Mote machine: runs images of the unmodified DeviceScript compiler 2.16.4.
 *
 * One machine lives in one arena that the host owns: `mote_vm_create` puts everything into it, its own state included,
 * and nothing outside of it is ever written. To dispose of a machine, drop its arena. A machine is used by one thread
 * at a time.
 *
 * Values are words. They stay valid until the next call that may allocate ("allocates" below), unless they are
 * arguments of the running native or pinned. Functions that may fail return MOTE_FAILED (0): an exception or a panic is
 * then pending and a native returns MOTE_FAILED at once.
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

/** "Never": no fiber waits for a time. */
#define MOTE_NEVER UINT64_MAX

/**
 * A native function. `args` has `count` values, at least the declared number (missing ones are undefined); they and
 * `receiver` stay alive during the call. Returns the result, or MOTE_FAILED after mote_throw or a failed call.
 */
typedef mote_value (*mote_native)(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);

/** A native as the host registers it: programs call it as `ds.NAME(...)`. */
typedef struct {
    const char *name;  /* kept by reference */
    mote_native call;  /* NULL ends a list */
    unsigned num_args; /* 0 to 8: missing arguments are filled up to it */
} mote_native_entry;

/** What a machine needs of its surroundings. Every function may be NULL. */
typedef struct {
    /** One console line without its newline. level: '>' '*' '!' '?' '#'. */
    void (*print)(void *context, char level, const char *line, size_t length);
    /** Fills with random bytes; false while the source is not good (the program gets an Error). */
    bool (*random)(void *context, uint8_t *target, size_t length);
    /** Microseconds of any clock, to time collections. */
    uint64_t (*micros)(void *context);
    void *context;
    const char *arch_id;   /* "native" and "wasm" make ds.isSimulator() true */
    const char *device_id; /* 16 hexadecimal digits */
    /** Natives, looked for before the machine's own; ended by an entry without call. */
    const mote_native_entry *natives;
    /**
     * Natives whose objects end with a value of the program: called in each collection when it is known what lives on.
     * May ask mote_is_alive, and nothing else of the machine.
     */
    void (*collected)(void *context, const mote_vm *vm);
    /** Natives of Buffer (first argument list entry `digest`) and Buffer.prototype (`encrypt`); same form. */
    const mote_native_entry *buffer_natives;
} mote_host;

/** Bytes: what the address of an arena is a multiple of. malloc of some 32-bit systems gives less. */
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
    uint32_t fixed_bytes;     /* of it the machine's own state */
    uint32_t used_bytes;      /* fixed, objects and garbage not yet collected */
    uint32_t live_bytes;      /* fixed and what the last collection left */
    uint32_t peak_live_bytes; /* the most that any collection left */
    uint32_t peak_used_bytes;
    uint32_t peak_depth;       /* nested calls */
    uint32_t peak_stack_bytes; /* of one fiber */
} mote_stats;

/** A machine in the arena, or NULL: mote_vm_create_error has the reason. */
mote_vm *mote_vm_create(const mote_config *config);
/** Why the arena cannot hold a machine, as part of a sentence for a log; NULL when it can. */
const char *mote_vm_create_error(const mote_config *config);

/**
 * Verifies an image and makes its entry point the first fiber; drops whatever ran before, panics included.
 * The image (4-byte aligned, kept by reference, read only) must outlive the machine's use of it.
 * Returns 0, or the panic code. `mote_vm_load_error` has the reason.
 */
int mote_vm_load(mote_vm *vm, const void *image, size_t length);

/** Drops the program and overwrites its memory, keys it may have held among them; another one may be loaded then. */
void mote_vm_erase(mote_vm *vm);

/**
 * A function of an image as C (host/translate), which goes on at `at`, bytes from the image's start, 0: at its begin.
 * False: it did not return to who called it.
 */
typedef bool mote_translated(mote_vm *vm, uint32_t at);

/** A field of one of the objects that every program has. */
typedef struct {
    uint8_t object; /* enum builtin_object */
    mote_value key;
} mote_builtin_field;

/** What a machine can run in place of the bytecode of one image. */
typedef struct {
    uint8_t sha256[32]; /* of the image */
    unsigned num_functions;
    mote_translated *const *functions;
    unsigned num_classes, num_natives;
    const uint16_t *classes; /* constructors by function number, ascending */
    const mote_builtin_field *natives;
    unsigned num_keys;
    const mote_value *keys; /* of the fields that new objects get */
} mote_translation;

/** After mote_vm_load. The caller vouches that the translation is one of that image, by its hash. */
void mote_vm_translate(mote_vm *vm, const mote_translation *translation);
const char *mote_vm_load_error(const mote_vm *vm);

#ifdef MOTE_PROFILE
/** What the interpreter did in one function: how often it was called, what it called, how many operations it ran. */
typedef struct {
    uint32_t calls, made, operations;
} mote_profile;

/** After mote_vm_load: counts from now on. `functions` has an entry for each one of the image, and stays the host's. */
void mote_vm_profile(mote_vm *vm, mote_profile *functions);
#endif

/**
 * Runs what is due at `now` (ms since start, never going back), a bounded number of turns; without a guard a fiber that
 * does not yield is interrupted now and then, and goes on with the next call. Returns when it wants to be called again:
 * at most `now` when more is due, MOTE_NEVER when only the host can wake a fiber. After a panic it runs nothing.
 */
uint64_t mote_vm_step(mote_vm *vm, uint64_t now);

/** MOTE_RUNNING or the panic code. */
int mote_vm_panic(const mote_vm *vm);
/** Number of fibers alive; a program without any has nothing left to do. */
unsigned mote_vm_fibers(const mote_vm *vm);
void mote_vm_stats(mote_vm *vm, mote_stats *stats);
/** The peaks and the longest pause begin anew. */
void mote_vm_reset_peaks(mote_vm *vm);
/** Collects garbage now. */
void mote_vm_collect(mote_vm *vm);
/** Code positions (bytes from the image's start) of the last exception or panic, innermost call first. Returns how
 * many. */
unsigned mote_vm_trace(const mote_vm *vm, uint32_t *positions, unsigned most);
/** The exception behind MOTE_PANIC_UNHANDLED as text, cut to `size` with its NUL. Returns its length. */
size_t mote_vm_exception(mote_vm *vm, char *text, size_t size);

/** The `context` of the host. */
void *mote_host_context(const mote_vm *vm);

/* Values in. */

bool mote_is_number(const mote_vm *vm, mote_value value);
bool mote_is_string(const mote_vm *vm, mote_value value);
bool mote_is_buffer(mote_vm *vm, mote_value value);
bool mote_is_array(mote_vm *vm, mote_value value);
bool mote_is_function(const mote_vm *vm, mote_value value);
/** A function of the program, so that mote_start can run it. */
bool mote_is_startable(mote_vm *vm, mote_value value);
int32_t mote_to_int(mote_vm *vm, mote_value value);
/** True, and the integer, when the value is a number that is one of 32 bits. */
bool mote_is_int(mote_vm *vm, mote_value value, int32_t *number);
double mote_to_double(mote_vm *vm, mote_value value);
bool mote_to_bool(mote_vm *vm, mote_value value);
/** UTF-8, NUL-terminated, or NULL when it is no string. */
const char *mote_string(mote_vm *vm, mote_value value, size_t *length);
/** NULL when it is no Buffer. Write only when mote_buffer_is_writable. */
uint8_t *mote_buffer(mote_vm *vm, mote_value value, size_t *length);
bool mote_buffer_is_writable(mote_vm *vm, mote_value value);
/** 0 when it is no array. */
size_t mote_array_length(mote_vm *vm, mote_value value);
mote_value mote_array_at(mote_vm *vm, mote_value value, size_t index);

/* Values out; all allocate. */

mote_value mote_number(mote_vm *vm, double number);
mote_value mote_int(mote_vm *vm, int32_t number);
mote_value mote_bool(bool truth);
/** Bytes that are no UTF-8 become U+FFFD. */
mote_value mote_new_string(mote_vm *vm, const char *text, size_t length);
/** Zeroed. */
mote_value mote_new_buffer(mote_vm *vm, size_t length);
/** The bytes behind `length`, which is not above the Buffer's, are gone from it, and zeroed. */
void mote_shorten_buffer(mote_vm *vm, mote_value buffer, size_t length);
mote_value mote_new_array(mote_vm *vm);
bool mote_array_push(mote_vm *vm, mote_value array, mote_value value);

/** Raises an exception; returns MOTE_FAILED. */
mote_value mote_throw(mote_vm *vm, enum mote_error kind, const char *message);

/* Keeping values, fibers. */

/** Keeps a value alive; returns its handle (from 1), or 0 when memory is out. */
unsigned mote_pin(mote_vm *vm, mote_value value);
mote_value mote_pinned(const mote_vm *vm, unsigned pin);
void mote_unpin(mote_vm *vm, unsigned pin);

/** An object with an identity: what mote_is_alive can tell the end of. */
bool mote_is_object(const mote_vm *vm, mote_value value);
/** Only in host->collected: whether an object is still reachable. */
bool mote_is_alive(const mote_vm *vm, mote_value object);

/** Only in a native: its place in the host's list. */
unsigned mote_running_native(const mote_vm *vm);
/**
 * Only in a native: suspends the calling fiber; `mote_resume` gives its call the result. Returns the pin of the fiber,
 * 0 when memory is out. Programs see the fiber as sleeping: only the host resumes it.
 */
unsigned mote_suspend(mote_vm *vm);
/** Resumes it with `value` and frees the pin. False when it is gone. */
bool mote_resume(mote_vm *vm, unsigned pin, mote_value value);
/** Runs `function` in a fiber of its own at the next step. False when it is no bytecode function or memory is out. */
bool mote_start(mote_vm *vm, mote_value function, const mote_value *args, unsigned count);
/** What the program has as `ds._socketOnEvent`; MOTE_UNDEFINED when it has nothing. */
mote_value mote_socket_handler(mote_vm *vm);

#ifdef __cplusplus
}
#endif
#endif
