/* mote-device IMAGE: runs a program on Linux. Console and log go to stdout; a panic is the last line and exit code 1.
 */
#include "natives.h"
#include "panic.h"
#include "port.h"
#include "posix.h"
#include "program.h"
#include "sockets.h"
#include "translation.h"

#include <errno.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    const char *image, *storage, *slots;
    uint32_t heap_kb, depth, guard;
    bool gc_stress, virtual_time, stats, plain;
    uint32_t trial_ms, watchdog_ms;
    int wake_fd;
} settings;

static const char usage[] =
    "usage: mote-device [options] IMAGE, or mote-device [options] --slots FOLDER\n"
    "  --heap KB        arena of the program, 4 to 65536\n"
    "  --depth N        nested calls, 1 to 65535 (100)\n"
    "  --guard N        operations without yielding; 0: no limit (131071)\n"
    "  --gc-stress      collect garbage before every allocation\n"
    "  --virtual-time   sleep in no time; for programs without a network\n"
    "  --setting N=V    a setting of the device (host, port, identity, key, ...)\n"
    "  --settings FILE  settings, one N=V in each line: keys belong there, not into a command line\n"
    "  --storage FILE   what the program saves lasts in this file (else only while it runs)\n"
    "  --slots FOLDER   programs as a board has them in flash, in slot0 and slot1: the newest that lasts runs\n"
    "  --trial MS       how long a new one has to last (60000); ten times that for one\n"
    "                   that came over the air to confirm itself\n"
    "  --watchdog MS    end a program that does not come to rest for so long; 0: never (0)\n"
    "  --plain          console lines only, and PANIC n at the end\n"
    "  --stats          print counters at the end, to stderr\n";

static uint64_t micros(void *context)
{
    (void)context;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

bool mote_port_random(uint8_t *target, size_t length)
{
    while (length > 0) {
        ssize_t got = getrandom(target, length, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        target += got;
        length -= (size_t)got;
    }
    return true;
}

uint64_t mote_port_wall_clock(void)
{
    return (uint64_t)time(NULL);
}

void mote_port_log(int32_t level, const char *message, size_t length)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    printf("%s: %.*s\n", names[level], (int)length, message);
}

static char **arguments;

const char *mote_port_reboot_reason(void)
{
    const char *reason = getenv("MOTE_REBOOT_REASON");
    return reason == NULL ? "power-on" : reason;
}

/** The process sleeps, then executes itself anew. */
void mote_port_deep_sleep(uint64_t ms)
{
    struct timespec left = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    fflush(stdout);
    start_watchdog(0);
    while (nanosleep(&left, &left) != 0 && errno == EINTR) continue;
    setenv("MOTE_REBOOT_REASON", "deep-sleep", 1);
    execv("/proc/self/exe", arguments);
    exit(2);
}

size_t mote_port_free_memory(void)
{
    return 0;
}

static uint32_t watchdog_ms;
static uint64_t started; /* ms */

static void feed_watchdog(void)
{
    start_watchdog(watchdog_ms);
}

/** The machine is idle, a sign of life. A program that hangs never gets here, so it is never confirmed. */
static void rest(const settings *options, program_choice *program, uint64_t now)
{
    if (watchdog_ms != 0) start_watchdog(0);
    if (!program->on_trial || now < options->trial_ms) return;
    mote_program_confirm_itself();
    program->on_trial = false;
}

static void run(mote_vm *vm, const settings *options, program_choice *program)
{
    uint64_t start = started = micros(NULL) / 1000, now = 0;
    bool rested = true;
    watchdog_ms = options->watchdog_ms;
    if (watchdog_ms != 0) mote_natives_watch(feed_watchdog);
    for (;;) {
        if (rested && watchdog_ms != 0) feed_watchdog();
        mote_natives_poll(vm);
        uint64_t wake = mote_vm_step(vm, now);
        if (mote_vm_panic(vm) != MOTE_RUNNING || (wake == MOTE_NEVER && !mote_natives_await())) return;
        if (mote_program_is_overdue(now, options->trial_ms)) return;
        rested = wake > now;
        if (rested) rest(options, program, now);
        if (options->virtual_time) {
            if (wake != MOTE_NEVER && wake > now) now = wake;
            continue;
        }
        uint64_t deadline = mote_program_deadline(options->trial_ms);
        if (wake > deadline) wake = deadline; /* to confirm the program, or restart it */
        now = micros(NULL) / 1000 - start;
        if (wake > now)
            mote_sockets_wait(wake - now > UINT32_MAX ? UINT32_MAX : (uint32_t)(wake - now), options->wake_fd);
        now = micros(NULL) / 1000 - start;
    }
}

static void print_stats(mote_vm *vm)
{
    mote_stats stats;
    mote_vm_stats(vm, &stats);
    fprintf(stderr, "operations %llu, natives %u, collections %u, longest pause %u us\n",
            (unsigned long long)stats.operations, stats.natives, stats.collections, stats.longest_pause);
    fprintf(stderr, "arena %u, fixed %u, peak live %u, depth %u, stack %u bytes\n", stats.arena_bytes,
            stats.fixed_bytes, stats.peak_live_bytes, stats.peak_depth, stats.peak_stack_bytes);
}

/** Prints the exception and positions in the image, to be translated with the debug file. */
static void report_panic(mote_vm *vm)
{
    char text[PANIC_TEXT_BYTES];
    mote_panic_describe(vm, text, sizeof text);
    fprintf(stderr, "mote-device: %s\n", text);
}

static bool number_option(const char *text, uint32_t least, uint32_t most, uint32_t *value)
{
    char *end;
    errno = 0;
    unsigned long number = text == NULL ? 0 : strtoul(text, &end, 10);
    if (text == NULL || errno != 0 || *end != 0 || end == text || number < least || number > most) return false;
    *value = (uint32_t)number;
    return true;
}

static bool complain(const char *option, const char *wanted)
{
    fprintf(stderr, "mote-device: %s: %s; --help tells more\n", option, wanted);
    return false;
}

/** Options with a value. `value` is NULL if it is missing. */
static bool parse_value(const char *name, const char *value, settings *options)
{
    static const char bad_number[] = "a number in its range is needed";
    static const char bad_setting[] = "NAME=VALUE is needed, at most 64 of them";
    bool fits = true;
    if (value == NULL) return complain(name, "a value is needed");
    if (strcmp(name, "--heap") == 0) fits = number_option(value, 4, 65536, &options->heap_kb);
    else if (strcmp(name, "--depth") == 0) fits = number_option(value, 1, 65535, &options->depth);
    else if (strcmp(name, "--guard") == 0) fits = number_option(value, 0, INT32_MAX, &options->guard);
    else if (strcmp(name, "--trial") == 0) fits = number_option(value, 0, INT32_MAX, &options->trial_ms);
    else if (strcmp(name, "--watchdog") == 0) fits = number_option(value, 0, INT32_MAX, &options->watchdog_ms);
    else if (strcmp(name, "--slots") == 0) options->slots = value;
    else if (strcmp(name, "--storage") == 0) options->storage = value;
    else if (strcmp(name, "--setting") == 0) return add_setting(value) || complain(name, bad_setting);
    else if (strcmp(name, "--settings") == 0)
        return read_settings(value) || complain(name, errno == EINVAL ? bad_setting : strerror(errno));
    return fits || complain(name, bad_number);
}

static bool parse_flag(const char *name, settings *options)
{
    if (strcmp(name, "--gc-stress") == 0) options->gc_stress = true;
    else if (strcmp(name, "--virtual-time") == 0) options->virtual_time = true;
    else if (strcmp(name, "--stats") == 0) options->stats = true;
    else if (strcmp(name, "--plain") == 0) options->plain = true;
    else return false;
    return true;
}

static bool has_value(const char *name)
{
    static const char *const names[] = {"--heap",  "--depth",   "--guard",   "--trial",   "--watchdog",
                                        "--slots", "--storage", "--setting", "--settings"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

static bool parse(int argc, char **argv, settings *options)
{
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        if (has_value(name)) {
            if (!parse_value(name, i + 1 < argc ? argv[++i] : NULL, options)) return false;
        } else if (name[0] != '-' && options->image == NULL) {
            options->image = name;
        } else if (!parse_flag(name, options)) {
            return complain(name[0] == '-' ? name : "IMAGE", name[0] == '-' ? "no such option" : "only one");
        }
    }
    if ((options->image != NULL) != (options->slots != NULL)) return true;
    return complain("IMAGE", "a program is needed, or --slots");
}

/** The program given on the command line, or the newest good one in the slots. */
static program_choice choose(const settings *options)
{
    program_choice choice = {0};
    program_slot slots[PROGRAM_SLOTS];
    if (options->slots == NULL) {
        choice.image = read_image(options->image, &choice.length);
        return choice;
    }
    read_slots(options->slots, slots);
    return mote_program_choose(slots);
}

int main(int argc, char **argv)
{
    static const mote_host host = {.print = mote_natives_print,
                                   .random = mote_natives_random,
                                   .collected = mote_natives_collected,
                                   .micros = micros,
                                   .arch_id = "native",
                                   .natives = mote_natives,
                                   .buffer_natives = mote_buffer_crypto_natives};
    settings options = {.heap_kb = MOTE_ARENA_KB, .depth = 100, .guard = 131071, .trial_ms = PROGRAM_TRIAL_MS};
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (!parse(argc, argv, &options)) return 2;
    if (psa_crypto_init() != PSA_SUCCESS) {
        fputs("mote-device: the crypto library does not start\n", stderr);
        return 2;
    }
    arguments = argv;
    setvbuf(stdout, NULL, _IOLBF, 0);
    options.wake_fd = open_worker();
    start_tls();
    if (!open_flash(options.storage)) {
        fprintf(stderr, "mote-device: cannot use %s as storage: %s\n", options.storage,
                errno == EINVAL ? "it is no file of mote-device" : strerror(errno));
        return 2;
    }
    program_choice program = choose(&options);
    if (program.image == NULL) {
        fprintf(stderr, "mote-device: no program in %s\n", options.slots != NULL ? options.slots : options.image);
        return 2;
    }
    if (program.fallback != NULL) printf("warning: %s; the one before runs\n", program.fallback);
    void *arena = aligned_alloc(MOTE_ARENA_ALIGNMENT, options.heap_kb * 1024u);
    const mote_config config = {.arena = arena,
                                .arena_bytes = options.heap_kb * 1024u,
                                .max_depth = options.depth,
                                .guard = options.guard,
                                .gc_stress = options.gc_stress,
                                .host = &host};
    mote_vm *vm = mote_vm_create(&config);
    if (vm == NULL) {
        fprintf(stderr, "mote-device: --heap %u: %s\n", (unsigned)options.heap_kb, mote_vm_create_error(&config));
        return 2;
    }
    if (mote_vm_load(vm, program.image, program.length) == 0) {
        mote_natives_translate(vm, program.image, program.length);
        run(vm, &options, &program);
    } else
        fprintf(stderr, "mote-device: %s: %s\n", options.image != NULL ? options.image : options.slots,
                mote_vm_load_error(vm));
    int panic = mote_vm_panic(vm);
    bool overdue = mote_program_is_overdue(micros(NULL) / 1000 - started, options.trial_ms);
    mote_natives_close(vm);
    if (options.stats) print_stats(vm);
    if (panic > 0 && !options.plain && mote_vm_load_error(vm) == NULL) report_panic(vm);
    if (panic > 0) printf("PANIC %d\n", panic);
    if (overdue) puts("error: the program has not confirmed itself in its time");
    mote_vm_erase(vm);
    free(arena);
    free_programs();
    return panic > 0 || overdue ? 1 : 0;
}
