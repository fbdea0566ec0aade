/*
 * libFuzzer target: a program of test/fuzz over inputs. The program runs until it asks for an input (`_fuzzNext`); the
 * machine and its live blocks then are a state. Each execution restores one, hands over the input and runs until the
 * program asks for the next. Nothing of an execution is left for the one after it.
 *
 * Options (libFuzzer ignores arguments that begin with two dashes): --image=FILE, --target=NAME, --crypto=real,
 * --compare (each input in translated and interpreted code: what the program notes must be equal), --lenient (a program
 * may run out of memory, depth or time: its objects have been changed), --interpret (no translation), --seeds=FOLDER
 * (write the program's own seeds and end), --verbose (the program's console).
 */
#include "harness.h"
#include "natives.h"
#include "panic.h"
#include "state.h"
#include "translation.h"

#include <psa/crypto.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ARENA = 112 * 1024,
    GUARD = 3000000, /* operations of one execution; the most expensive valid one takes some ten thousand */
    STEPS = 200,
    MOST_STATES = 16,
    MOST_NATIVES = 128,
    NEAR = 512, /* pieces of memory that are closer than this many bytes are restored together */
    MOST_PIECES = ARENA / NEAR + 2,
    MOST_INPUT = 8192
};

extern const mote_translation *const mote_translations[];

typedef struct {
    uint32_t start, end;
} piece;

/** A machine that waits for its input. */
typedef struct {
    uint8_t *arena;
    piece *pieces; /* of the arena, without free blocks, whose contents do not matter */
    unsigned num_pieces;
    unsigned fiber;
    uint64_t now;
} state;

static struct {
    const char *image, *target, *crypto, *seeds;
    bool compare, lenient, interpret, verbose;
} options = {.crypto = "stand-in"};

static uint64_t arena_words[ARENA / sizeof(uint64_t)];
static state states[2][MOST_STATES]; /* translated, interpreted */
static unsigned num_states = 1, preparing, seeds_written;
static mote_native_entry natives[MOST_NATIVES];
static uint8_t *image;
static size_t image_length;

/* The running execution. */
static unsigned waiting; /* pin of the fiber that asks for an input; 0: none does */
static uint64_t now;     /* virtual, ms */
static uint64_t notes;
static jmp_buf switched_off;

const char *fuzz_setting(const char *name)
{
    static char number[8];
    if (strcmp(name, "target") == 0) return options.target;
    if (strcmp(name, "crypto") == 0) return options.crypto;
    if (strcmp(name, "state") != 0) return NULL;
    snprintf(number, sizeof number, "%u", preparing);
    return number;
}

void fuzz_switched_off(void)
{
    longjmp(switched_off, 1);
}

/* The program's natives: test/fuzz/natives.ts. */

static mote_value native_next(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    num_states = (unsigned)mote_to_int(vm, args[0]);
    if (num_states == 0 || num_states > MOST_STATES) return mote_throw(vm, MOTE_RANGE_ERROR, "states: 1 to 16");
    waiting = mote_suspend(vm);
    return waiting == 0 ? MOTE_FAILED : MOTE_UNDEFINED;
}

static mote_value native_note(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    size_t length;
    const uint8_t *bytes = mote_buffer(vm, args[0], &length);
    if (bytes == NULL) bytes = (const uint8_t *)mote_string(vm, args[0], &length);
    if (bytes == NULL) return mote_throw(vm, MOTE_TYPE_ERROR, "note: a Buffer or string");
    notes = (notes ^ length) * 0x100000001b3u;
    for (size_t i = 0; i < length; i++) notes = (notes ^ bytes[i]) * 0x100000001b3u;
    if (options.verbose && mote_is_string(vm, args[0])) fprintf(stderr, "note: %.*s\n", (int)length, bytes);
    return MOTE_UNDEFINED;
}

static mote_value native_seed(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    char path[512];
    size_t length;
    const uint8_t *bytes = mote_buffer(vm, args[0], &length);
    if (options.seeds == NULL || bytes == NULL) return MOTE_UNDEFINED;
    snprintf(path, sizeof path, "%s/seed-%u-%u", options.seeds, preparing, seeds_written++);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, length, file) != length || fclose(file) != 0) {
        perror(path);
        exit(2);
    }
    return MOTE_UNDEFINED;
}

static const mote_native_entry own[] = {
    {"_fuzzNext", native_next, 1}, {"_fuzzNote", native_note, 1}, {"_fuzzSeed", native_seed, 1}, {0}};

static void list_natives(void)
{
    unsigned count = 0;
    for (const mote_native_entry *entry = mote_natives; entry->call != NULL; entry++) natives[count++] = *entry;
    for (const mote_native_entry *entry = own; entry->call != NULL; entry++) natives[count++] = *entry;
}

static void print(void *context, char level, const char *line, size_t length)
{
    (void)context;
    if (options.verbose) fprintf(stderr, "%c %.*s\n", level, (int)length, line);
}

/* Running. */

static mote_vm *machine(void)
{
    static const mote_host host = {.print = print,
                                   .random = mote_natives_random,
                                   .collected = mote_natives_collected,
                                   .arch_id = "native",
                                   .natives = natives,
                                   .buffer_natives = mote_buffer_crypto_natives};
    const mote_config config = {
        .arena = arena_words, .arena_bytes = ARENA, .guard = options.lenient ? GUARD / 10 : GUARD, .host = &host};
    return mote_vm_create(&config);
}

/** libFuzzer saves the input and counts it as a crash. */
static _Noreturn void find(mote_vm *vm, const char *what)
{
    char text[PANIC_TEXT_BYTES] = "";
    if (mote_vm_panic(vm) > 0) mote_panic_describe(vm, text, sizeof text);
    fprintf(stderr, "fuzz %s: %s; panic %d; %s\n", options.target, what, mote_vm_panic(vm), text);
    abort();
}

/** Runs the program until it asks for an input, or cannot continue. */
static void run(mote_vm *vm)
{
    waiting = 0;
    for (unsigned i = 0; i < STEPS && waiting == 0 && mote_vm_panic(vm) == MOTE_RUNNING; i++) {
        mote_natives_poll(vm);
        uint64_t wake = mote_vm_step(vm, now);
        if (wake == MOTE_NEVER && !mote_natives_await()) return;
        if (wake != MOTE_NEVER && wake > now) now = wake;
    }
}

static void keep(state *made, uint32_t start, uint32_t end)
{
    piece *last = &made->pieces[made->num_pieces - 1];
    if (made->num_pieces > 0 && start - last->end < NEAR) last->end = end;
    else made->pieces[made->num_pieces++] = (piece){start, end};
}

/** To be called right after a collection, when free blocks are as long as possible. */
static void keep_state(state *made, const mote_vm *vm)
{
    made->arena = malloc(ARENA);
    made->pieces = malloc(MOST_PIECES * sizeof *made->pieces);
    if (made->arena == NULL || made->pieces == NULL) abort();
    memcpy(made->arena, arena_words, ARENA);
    keep(made, 0, vm->heap.start);
    for (uint32_t at = vm->heap.start, end; at < vm->heap.end; at = end) {
        end = at + block_words(vm, at) * 4;
        /* Of a free block, keep its header and the link to the next one. */
        keep(made, at, kind_of(vm, at) == KIND_FREE ? at + 8 : end);
    }
}

static void restore(const state *from)
{
    uint8_t *arena = (uint8_t *)arena_words;
    for (const piece *one = from->pieces; one < from->pieces + from->num_pieces; one++)
        memcpy(arena + one->start, from->arena + one->start, one->end - one->start);
}

static void prepare(unsigned number, bool interpreted)
{
    mote_vm *vm = machine();
    preparing = number;
    if (vm == NULL || mote_vm_load(vm, image, image_length) != 0) {
        fprintf(stderr, "fuzz: %s\n", vm == NULL ? "no machine" : mote_vm_load_error(vm));
        exit(2);
    }
    if (!interpreted) mote_natives_translate(vm, image, image_length);
    fuzz_port_reset();
    now = 0;
    run(vm);
    if (waiting == 0) find(vm, "the program does not reach its state");
    mote_vm_collect(vm);
    state *made = &states[interpreted][number];
    *made = (state){.fiber = waiting, .now = now};
    keep_state(made, vm);
}

/** Whether a program whose objects have been changed may end like this. */
static bool is_excused(int panic)
{
    return options.lenient && (panic == MOTE_PANIC_OUT_OF_MEMORY || panic == MOTE_PANIC_DEPTH ||
                               panic == MOTE_PANIC_GUARD || panic == MOTE_PANIC_RESTART);
}

/** False if the program ended for a reason that is not a finding. */
static bool execute(const state *from, const uint8_t *data, size_t size)
{
    bool whole = true;
    mote_vm *vm = (mote_vm *)arena_words;
    size_t length;
    restore(from);
    fuzz_port_reset();
    now = from->now;
    notes = 0;
    mote_value input = mote_new_buffer(vm, size);
    if (input == MOTE_FAILED) find(vm, "no room for the input");
    memcpy(mote_buffer(vm, input, &length), data, size);
    mote_resume(vm, from->fiber, input);
    if (setjmp(switched_off) == 0) {
        run(vm);
        whole = !is_excused(mote_vm_panic(vm));
        if (whole && mote_vm_panic(vm) != MOTE_RUNNING) find(vm, "the program panicked");
        if (whole && waiting == 0) find(vm, "the program waits for ever");
    }
    mote_natives_close(vm);
    mote_natives_poll(vm);
    return whole;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > MOST_INPUT) return 0;
    unsigned number = data[0] % num_states;
    bool whole = execute(&states[options.interpret][number], data + 1, size - 1);
    if (!options.compare || !whole) return 0;
    uint64_t translated = notes;
    if (!execute(&states[1][number], data + 1, size - 1)) return 0;
    if (notes != translated) find((mote_vm *)arena_words, "translated and interpreted code differ");
    return 0;
}

/* Starting. */

static void read_image(void)
{
    FILE *file = fopen(options.image, "rb");
    if (file == NULL) {
        perror(options.image);
        exit(2);
    }
    image = aligned_alloc(16, 256 * 1024);
    if (image == NULL) abort();
    image_length = fread(image, 1, 256 * 1024, file);
    fclose(file);
}

static bool option_is(const char *argument, const char *name, const char **value)
{
    size_t length = strlen(name);
    if (strncmp(argument, name, length) != 0) return false;
    *value = argument + length;
    return true;
}

static void read_options(int argc, char **argv)
{
    const char *value;
    for (int i = 1; i < argc; i++) {
        if (option_is(argv[i], "--image=", &value)) options.image = value;
        else if (option_is(argv[i], "--target=", &value)) options.target = value;
        else if (option_is(argv[i], "--crypto=", &value)) options.crypto = value;
        else if (option_is(argv[i], "--seeds=", &value)) options.seeds = value;
        else if (option_is(argv[i], "--compare", &value)) options.compare = true;
        else if (option_is(argv[i], "--lenient", &value)) options.lenient = true;
        else if (option_is(argv[i], "--interpret", &value)) options.interpret = true;
        else if (option_is(argv[i], "--verbose", &value)) options.verbose = true;
    }
    if (options.image != NULL && options.target != NULL) return;
    fputs("fuzz: --image=FILE and --target=NAME are needed; npm run fuzz gives them\n", stderr);
    exit(2);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    read_options(*argc, *argv);
    if (psa_crypto_init() != PSA_SUCCESS) abort();
    list_natives();
    read_image();
    fuzz_mutate_datagrams(strcmp(options.target, "client") == 0 || strcmp(options.target, "server") == 0);
    for (unsigned i = 0; i < num_states; i++) {
        if (!options.interpret) prepare(i, false);
        if (options.interpret || options.compare) prepare(i, true);
    }
    if (options.seeds != NULL) exit(0);
    return 0;
}
