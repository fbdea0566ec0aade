/* Creating a machine in its arena, loading images, pins, and what hosts read from a machine. */
#include "array.h"
#include "buffer.h"
#include "builtins.h"
#include "exception.h"
#include "fiber.h"
#include "heap.h"
#include "interpreter.h"
#include "number.h"
#include "object.h"
#include "property.h"
#include "state.h"
#include "utf8_string.h"

#include <string.h>

_Static_assert(sizeof(image_function) == 16, "functions are read where they lie in the image");

static const mote_host no_host;

/** In bytes. LEAST_HEAP is enough for the first fiber and a few objects. */
enum { LEAST_HEAP = 1024, MOST_ARENA = 64 << 20 };

const char *mote_vm_create_error(const mote_config *config)
{
    if (config->arena == NULL) return "no memory for the arena";
    if ((uintptr_t)config->arena % MOTE_ARENA_ALIGNMENT != 0) return "the arena is not 8-byte aligned";
    if (config->arena_bytes > MOST_ARENA) return "the arena is too large";
    return config->arena_bytes < sizeof(mote_vm) + LEAST_HEAP ? "the arena is too small" : NULL;
}

mote_vm *mote_vm_create(const mote_config *config)
{
    uint32_t bytes = config->arena_bytes & ~7u;
    if (mote_vm_create_error(config) != NULL) return NULL;
    mote_vm *vm = config->arena;
    memset(vm, 0, sizeof *vm);
    vm->host = config->host != NULL ? config->host : &no_host;
    vm->max_depth = config->max_depth == 0 ? 100 : config->max_depth > 0xffff ? 0xffff : config->max_depth;
    vm->guard = config->guard;
    vm->gc_stress = config->gc_stress;
    vm->panic = MOTE_PANIC_INVALID_IMAGE; /* until an image is loaded */
    vm->exception = VALUE_NONE;
    vm->heap.end = bytes;
    return vm;
}

/** Resets the machine to its initial state; the sequence of random numbers continues. */
static void reset(mote_vm *vm)
{
    uint32_t end = vm->heap.end;
    memset(vm, 0, offsetof(mote_vm, host));
    memset(&vm->attached, 0, sizeof *vm - offsetof(mote_vm, attached));
    vm->panic = MOTE_RUNNING;
    vm->exception = vm->receiver = VALUE_NONE;
    vm->ret_val = MOTE_UNDEFINED;
    mote_heap_init(vm, (uint32_t)((sizeof *vm + 7) & ~(size_t)7), end);
}

static int refuse(mote_vm *vm, const char *error)
{
    vm->load_error = error;
    mote_vm_stop(vm, MOTE_PANIC_INVALID_IMAGE);
    return vm->panic;
}

static bool verify_code(mote_vm *vm)
{
    mote_value scratch = mote_heap_new(vm, KIND_BUFFER, 4 + (mote_image_longest_function(&vm->image) + 7) / 8);
    if (scratch == MOTE_FAILED) return false;
    block_buffer *bits = at_offset(vm, scratch);
    vm->load_error = mote_image_verify(&vm->image, bits->data);
    mote_heap_free(vm, scratch);
    return vm->load_error == NULL;
}

static bool make_globals(mote_vm *vm)
{
    vm->globals = mote_heap_new(vm, KIND_VALUES, (vm->image.num_globals + vm->image.num_floats) * 4u);
    if (vm->globals == MOTE_FAILED) return false;
    uint32_t words = block_words(vm, vm->globals) - 1;
    for (uint32_t i = 0; i < words; i++) ((block_values *)at_offset(vm, vm->globals))->items[i] = MOTE_UNDEFINED;
    return true;
}

int mote_vm_load(mote_vm *vm, const void *image, size_t length)
{
    reset(vm);
    const char *error = mote_image_open(&vm->image, image, length);
    if (error != NULL) return refuse(vm, error);
    bool done = verify_code(vm) && make_globals(vm);
    if (vm->gc_stress) vm->heap.threshold = 0;
    if (!done) return refuse(vm, vm->load_error == NULL ? "the arena is too small for this image" : vm->load_error);
    if (mote_fiber_new(vm, immediate(TAG_FUNCTION, 0), NULL, 0) == MOTE_FAILED)
        return refuse(vm, "the arena is too small");
    return 0;
}

void mote_vm_erase(mote_vm *vm)
{
    reset(vm);
    memset(at_offset(vm, vm->heap.start), 0, vm->heap.end - vm->heap.start);
    mote_vm_stop(vm, MOTE_PANIC_INVALID_IMAGE);
}

const char *mote_vm_load_error(const mote_vm *vm)
{
    return vm->load_error;
}

#ifdef MOTE_PROFILE
void mote_vm_profile(mote_vm *vm, mote_profile *functions, uint8_t *ran)
{
    vm->profile = functions;
    vm->ran = ran;
}
#endif

int mote_vm_panic(const mote_vm *vm)
{
    return vm->panic;
}

void *mote_host_context(const mote_vm *vm)
{
    return vm->host->context;
}

void mote_vm_collect(mote_vm *vm)
{
    if (vm->panic == MOTE_RUNNING) mote_heap_collect(vm);
}

void mote_vm_stats(mote_vm *vm, mote_stats *stats)
{
    const mote_heap *heap = &vm->heap;
    mote_stack_note_peak(vm);
    uint32_t fixed = heap->start;
    *stats = (mote_stats){
        .operations = vm->operations,
        .natives = vm->natives,
        .collections = vm->collections,
        .longest_pause = vm->longest_pause,
        .arena_bytes = heap->end,
        .fixed_bytes = fixed,
        .used_bytes = fixed + heap->used_words * 4,
        .live_bytes = fixed + heap->live_words * 4,
        .peak_live_bytes = fixed + heap->peak_live_words * 4,
        .peak_used_bytes =
            fixed + (heap->peak_used_words > heap->used_words ? heap->peak_used_words : heap->used_words) * 4,
        .peak_depth = vm->peak_depth,
        .peak_stack_bytes = vm->peak_stack_words * 4,
    };
}

void mote_vm_reset_peaks(mote_vm *vm)
{
    vm->heap.peak_live_words = vm->heap.live_words;
    vm->heap.peak_used_words = vm->heap.used_words;
    vm->peak_depth = vm->peak_stack_words = vm->longest_pause = 0;
    vm->stack_peak = vm->stack;
}

unsigned mote_vm_trace(const mote_vm *vm, uint32_t *positions, unsigned most)
{
    unsigned count = vm->trace_length < most ? vm->trace_length : most;
    memcpy(positions, vm->trace, count * sizeof positions[0]);
    return count;
}

/** A text under construction, cut to `size` bytes including its NUL. */
typedef struct {
    char *text;
    size_t size, at;
} cut_text;

static void add_bytes(cut_text *to, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length && to->at + 1 < to->size; i++) to->text[to->at++] = bytes[i];
}

/** Allocates nothing: the machine has panicked. */
size_t mote_vm_exception(mote_vm *vm, char *text, size_t size)
{
    mote_value v = vm->exception;
    uint32_t length = 0;
    cut_text to = {text, size, 0};
    if (size == 0) return 0;
    if (has_kind(vm, v, KIND_MAP)) {
        static const char none[] = "(without a message)";
        const char *name = mote_error_class(vm, v, &length);
        add_bytes(&to, name, length);
        if (to.at > 0) add_bytes(&to, ": ", 2);
        v = mote_map_get(vm, v, builtin_value(S_message));
        if (v == VALUE_NONE) add_bytes(&to, none, sizeof none - 1);
    } else if (v != VALUE_NONE && !mote_is_string(vm, v)) {
        v = mote_type_name(vm, v);
    }
    if (mote_is_string(vm, v)) {
        const char *bytes = mote_string_text(vm, v, &length, NULL);
        add_bytes(&to, bytes, length);
    }
    text[to.at] = 0;
    return to.at;
}

/* Pins: an array of values; free entries are VALUE_NONE. */

unsigned mote_pin(mote_vm *vm, mote_value value)
{
    if (vm->pins == 0) {
        root_push(vm, value);
        vm->pins = mote_array_new(vm, 0);
        roots_drop(vm, 1);
        if (vm->pins == MOTE_FAILED) return 0;
    }
    uint32_t length = array_length(vm, vm->pins);
    for (uint32_t i = 0; i < length; i++) {
        if (array_items(vm, vm->pins)[i] != VALUE_NONE) continue;
        array_items(vm, vm->pins)[i] = value;
        return i + 1;
    }
    return mote_array_push(vm, vm->pins, value) ? length + 1 : 0;
}

mote_value mote_pinned(const mote_vm *vm, unsigned pin)
{
    if (vm->pins == 0 || pin == 0 || pin > array_length(vm, vm->pins)) return VALUE_NONE;
    return array_items(vm, vm->pins)[pin - 1];
}

void mote_unpin(mote_vm *vm, unsigned pin)
{
    if (vm->pins != 0 && pin > 0 && pin <= array_length(vm, vm->pins)) array_items(vm, vm->pins)[pin - 1] = VALUE_NONE;
}

/* Values for natives. */

bool mote_is_array(mote_vm *vm, mote_value value)
{
    return has_kind(vm, value, KIND_ARRAY);
}

const char *mote_string(mote_vm *vm, mote_value value, size_t *length)
{
    uint32_t bytes = 0;
    const char *text = mote_is_string(vm, value) ? mote_string_text(vm, value, &bytes, NULL) : NULL;
    *length = bytes;
    return text;
}

mote_value mote_bool(bool truth)
{
    return bool_value(truth);
}

mote_value mote_new_string(mote_vm *vm, const char *text, size_t length)
{
    if (length > 0xffffff) return mote_throw_error(vm, MOTE_RANGE_ERROR, "string too big");
    return mote_string_from_bytes(vm, (const uint8_t *)text, (uint32_t)length);
}
