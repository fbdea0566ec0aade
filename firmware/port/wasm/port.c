/*
 * The machine as a WebAssembly module: one machine per instance. Host functions are imported from "mote"; times are
 * doubles, in ms, because JavaScript has no cheap 64-bit integers.
 */
#include "mote_vm.h"

#include <string.h>

#define IMPORT(name) __attribute__((import_module("mote"), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

IMPORT("print") extern void host_print(int level, const char *line, size_t length);
IMPORT("random") extern bool host_random(uint8_t *target, size_t length);
IMPORT("micros") extern double host_micros(void);
IMPORT("collected") extern void host_collected(void);
IMPORT("native")
extern mote_value host_native(bool of_buffer, unsigned index, mote_value receiver, const mote_value *args,
                              unsigned count);

enum { MOST_NATIVES = 128, DEVICE_ID = 17, PAGE = 65536 };

static mote_native_entry natives[MOST_NATIVES + 1], buffer_natives[MOST_NATIVES + 1];
static char device_id[DEVICE_ID];
static mote_vm *vm;
static mote_stats stats;
static size_t last_length;

static void print(void *context, char level, const char *line, size_t length)
{
    (void)context;
    host_print(level, line, length);
}

static bool random_bytes(void *context, uint8_t *target, size_t length)
{
    (void)context;
    return host_random(target, length);
}

static uint64_t micros(void *context)
{
    (void)context;
    return (uint64_t)host_micros();
}

static void collected(void *context, const mote_vm *machine)
{
    (void)context, (void)machine;
    host_collected();
}

static const mote_host host = {.print = print,
                               .random = random_bytes,
                               .micros = micros,
                               .collected = collected,
                               .arch_id = "wasm",
                               .device_id = device_id,
                               .natives = natives,
                               .buffer_natives = buffer_natives};

static mote_value call_native(mote_vm *machine, mote_value receiver, const mote_value *args, unsigned count)
{
    return host_native(false, mote_running_native(machine), receiver, args, count);
}

static mote_value call_buffer_native(mote_vm *machine, mote_value receiver, const mote_value *args, unsigned count)
{
    return host_native(true, mote_running_native(machine), receiver, args, count);
}

/**
 * Memory that is never freed, because an instance is dropped as a whole. 8-byte aligned; NULL if there is none left.
 */
EXPORT("allocate") void *allocate(size_t bytes)
{
    extern unsigned char __heap_base;
    static size_t next;
    if (next == 0) next = ((size_t)&__heap_base + 7) & ~(size_t)7;
    size_t start = next, end = start + ((bytes + 7) & ~(size_t)7);
    size_t have = __builtin_wasm_memory_size(0) * (size_t)PAGE;
    if (end > have && __builtin_wasm_memory_grow(0, (end - have + PAGE - 1) / PAGE) == (size_t)-1) return NULL;
    next = end;
    return (void *)start;
}

/** Before `create`: adds the native `ds.NAME`, or a method of Buffer. `name` is kept. */
EXPORT("add_native") void add_native(bool of_buffer, unsigned index, const char *name, unsigned num_args)
{
    if (index >= MOST_NATIVES) return;
    mote_native_entry *entries = of_buffer ? buffer_natives : natives;
    entries[index] = (mote_native_entry){name, of_buffer ? call_buffer_native : call_native, num_args};
}

EXPORT("set_device_id") void set_device_id(const char *id)
{
    for (size_t i = 0; i < DEVICE_ID - 1; i++) device_id[i] = id[i];
}

EXPORT("create") bool create(uint32_t arena_bytes, uint32_t max_depth, uint32_t guard, bool gc_stress)
{
    const mote_config config = {.arena = allocate(arena_bytes),
                                .arena_bytes = arena_bytes,
                                .max_depth = max_depth,
                                .guard = guard,
                                .gc_stress = gc_stress,
                                .host = &host};
    vm = config.arena == NULL ? NULL : mote_vm_create(&config);
    return vm != NULL;
}

EXPORT("load") int load(const void *image, size_t length)
{
    return mote_vm_load(vm, image, length);
}

#ifdef MOTE_TRANSLATED
/** After `load`: runs functions that this module has as C for the image with this hash. False: it has none. */
EXPORT("translate") bool translate(const uint8_t *sha256)
{
    extern const mote_translation *const mote_translations[];
    for (const mote_translation *const *one = mote_translations; *one != NULL; one++) {
        if (memcmp((*one)->sha256, sha256, sizeof(*one)->sha256) != 0) continue;
        mote_vm_translate(vm, *one);
        return true;
    }
    return false;
}
#endif

#ifdef MOTE_PROFILE
/**
 * After `load`: starts counting what the functions do, in words of mote_profile at the returned address, and notes
 * which of the image's bytes run, in as many bytes behind them.
 */
EXPORT("profile") mote_profile *profile(unsigned functions, unsigned image_bytes)
{
    static mote_profile *counts;
    if (counts == NULL) counts = allocate(functions * sizeof *counts + image_bytes);
    mote_vm_profile(vm, counts, (uint8_t *)(counts + functions));
    return counts;
}
#endif

EXPORT("erase") void erase(void)
{
    mote_vm_erase(vm);
}

EXPORT("load_error") const char *load_error(void)
{
    return mote_vm_load_error(vm);
}

/** Returns the next wake time in ms, or -1 for never. */
EXPORT("step") double step(double now)
{
    uint64_t wake = mote_vm_step(vm, (uint64_t)now);
    return wake == MOTE_NEVER ? -1 : (double)wake;
}

EXPORT("panic") int panic(void)
{
    return mote_vm_panic(vm);
}

EXPORT("fibers") unsigned fibers(void)
{
    return mote_vm_fibers(vm);
}

EXPORT("collect") void collect(void)
{
    mote_vm_collect(vm);
}

EXPORT("operations") double operations(void)
{
    mote_vm_stats(vm, &stats);
    return (double)stats.operations;
}

/** The other counters of mote_stats, as 32-bit words beginning with `natives`. */
EXPORT("counters") const uint32_t *counters(void)
{
    mote_vm_stats(vm, &stats);
    return &stats.natives;
}

EXPORT("trace") unsigned trace(uint32_t *positions, unsigned most)
{
    return mote_vm_trace(vm, positions, most);
}

EXPORT("exception") size_t exception(char *text, size_t size)
{
    return mote_vm_exception(vm, text, size);
}

/* Values. */

/** Length of the last result of string_of or buffer_of. */
EXPORT("last_length") size_t get_last_length(void)
{
    return last_length;
}

EXPORT("string_of") const char *string_of(mote_value value)
{
    return mote_string(vm, value, &last_length);
}

EXPORT("buffer_of") const uint8_t *buffer_of(mote_value value)
{
    return mote_buffer(vm, value, &last_length);
}

EXPORT("is_writable") bool is_writable(mote_value value)
{
    return mote_buffer_is_writable(vm, value);
}

EXPORT("is_number") bool is_number(mote_value value)
{
    return mote_is_number(vm, value);
}

EXPORT("is_array") bool is_array_value(mote_value value)
{
    return mote_is_array(vm, value);
}

EXPORT("is_function") bool is_function_value(mote_value value)
{
    return mote_is_startable(vm, value);
}

EXPORT("is_object") bool is_object_value(mote_value value)
{
    return mote_is_object(vm, value);
}

/** Only valid while `collected` runs. */
EXPORT("is_alive") bool is_alive(mote_value object)
{
    return mote_is_alive(vm, object);
}

EXPORT("number_of") double number_of(mote_value value)
{
    return mote_to_double(vm, value);
}

EXPORT("array_length") size_t array_length_of(mote_value value)
{
    return mote_array_length(vm, value);
}

EXPORT("array_at") mote_value array_at_index(mote_value value, size_t index)
{
    return mote_array_at(vm, value, index);
}

EXPORT("new_number") mote_value new_number(double number)
{
    return mote_number(vm, number);
}

EXPORT("new_string") mote_value new_string(const char *text, size_t length)
{
    return mote_new_string(vm, text, length);
}

EXPORT("new_buffer") mote_value new_buffer(size_t length)
{
    return mote_new_buffer(vm, length);
}

EXPORT("new_array") mote_value new_array(void)
{
    return mote_new_array(vm);
}

EXPORT("push") bool push(mote_value array, mote_value value)
{
    return mote_array_push(vm, array, value);
}

EXPORT("throw_error") mote_value throw_from_host(int kind, const char *message)
{
    return mote_throw(vm, (enum mote_error)kind, message);
}

EXPORT("pin") unsigned pin(mote_value value)
{
    return mote_pin(vm, value);
}

EXPORT("pinned") mote_value pinned(unsigned handle)
{
    return mote_pinned(vm, handle);
}

EXPORT("unpin") void unpin(unsigned handle)
{
    mote_unpin(vm, handle);
}

EXPORT("suspend") unsigned suspend(void)
{
    return mote_suspend(vm);
}

EXPORT("resume") bool resume_suspended(unsigned handle, mote_value value)
{
    return mote_resume(vm, handle, value);
}

EXPORT("start") bool start(mote_value function)
{
    return mote_start(vm, function, NULL, 0);
}

/** Runs ds._socketOnEvent if the program has it; `about` may be undefined. False: there is no memory for it. */
EXPORT("tell_socket") bool tell_socket(const char *event, size_t length, mote_value about)
{
    const mote_value handler = mote_socket_handler(vm);
    if (!mote_is_startable(vm, handler)) return true;
    unsigned held = mote_pin(vm, about);
    if (held == 0) return false;
    const mote_value args[] = {mote_new_string(vm, event, length), about};
    bool done = args[0] != MOTE_FAILED && mote_start(vm, handler, args, about == MOTE_UNDEFINED ? 1 : 2);
    mote_unpin(vm, held);
    return done;
}
