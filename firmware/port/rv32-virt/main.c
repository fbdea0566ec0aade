/*
 * The firmware on QEMU's virt machine. The program is in a partition of its own, and settings as lines `name=value` in
 * another; the emulator's loader fills both. Settings of the board itself: arena (KB), depth, guard, stats (1); flash:
 * a file of the host that preserves saved blobs when the board is switched off; slots: the folder of the files from
 * which the loader took the programs, so that programs received over the air are preserved, too.
 */
#include "arch/cc.h"
#include "board.h"
#include "meter.h"
#include "natives.h"
#include "panic.h"
#include "port.h"
#include "program.h"
#include "settings.h"
#include "translation.h"

#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const uint8_t settings_partition[];

/* Settings */

const char *mote_port_setting(const char *name, size_t *length)
{
    return mote_settings_find((const char *)settings_partition, SIZE_MAX, name, length);
}

static uint32_t number_setting(const char *name, uint32_t usual)
{
    return (uint32_t)mote_setting_number(name, usual);
}

/* Random numbers from the host */

static int32_t random_source __attribute__((section(".noinit"))); /* stays open during deep sleep */

bool mote_port_random(uint8_t *target, size_t length)
{
    if (random_source < 0) random_source = host_open("/dev/urandom", HOST_READ);
    return random_source >= 0 && host_read(random_source, target, length) != 0;
}

unsigned board_random(void)
{
    unsigned number = 0;
    mote_port_random((uint8_t *)&number, sizeof number);
    return number;
}

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context, uint8_t *output,
                                             size_t size, size_t *length)
{
    (void)context;
    *length = size;
    return mote_port_random(output, size) ? PSA_SUCCESS : PSA_ERROR_INSUFFICIENT_ENTROPY;
}

/* Clocks, log */

static uint64_t micros(void *context)
{
    (void)context;
    return board_ticks() / TICKS_PER_US;
}

uint64_t mote_port_wall_clock(void)
{
    return host_unix_time();
}

void mote_port_log(int32_t level, const char *message, size_t length)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    printf("%s: %.*s\n", names[level], (int)length, message);
}

/* Not cleared at the start, because it is outside the part that start.S clears. */
enum { SLEPT = 0x5133b001 };
static uint32_t start_mark __attribute__((section(".noinit")));
static bool slept;

const char *mote_port_reboot_reason(void)
{
    return slept ? "deep-sleep" : "power-on";
}

void _start(void);

/** Sleeps, then restarts from the beginning. */
void mote_port_deep_sleep(uint64_t ms)
{
    network_drain();
    uint64_t until = board_ticks() + ms * TICKS_PER_MS;
    while (board_ticks() < until) board_sleep(until);
    start_mark = SLEPT;
    _start();
    __builtin_unreachable();
}

size_t mote_port_free_memory(void)
{
    return 0;
}

static void run(mote_vm *vm, bool on_trial)
{
    for (;;) {
        network_poll();
        mote_natives_poll(vm);
        uint64_t now = board_ticks() / TICKS_PER_MS;
        uint64_t wake = mote_vm_step(vm, now);
        if (mote_vm_panic(vm) != MOTE_RUNNING || (wake == MOTE_NEVER && !mote_natives_await())) return;
        if (mote_program_is_overdue(now, PROGRAM_TRIAL_MS)) {
            puts("error: the program has not confirmed itself in its time");
            return;
        }
        if (on_trial && wake > now && now >= PROGRAM_TRIAL_MS) { /* when idle: a program that hangs is not confirmed */
            mote_program_confirm_itself();
            on_trial = false;
        }
        /* lwIP's own timers have to run every 100 ms */
        uint64_t latest = board_ticks() + 100 * TICKS_PER_MS;
        uint64_t until = wake < latest / TICKS_PER_MS ? wake * TICKS_PER_MS : latest;
        if (wake > now) board_sleep(until);
    }
}

static void report(mote_vm *vm)
{
    mote_stats stats;
    mote_vm_stats(vm, &stats);
    printf("stats: instructions %lu, operations %llu, natives %lu, collections %lu, longest pause %lu us\n",
           (unsigned long)board_instructions(), (unsigned long long)stats.operations, (unsigned long)stats.natives,
           (unsigned long)stats.collections, (unsigned long)stats.longest_pause);
    printf("stats: arena %lu, peak live %lu, peak used %lu\n", (unsigned long)stats.arena_bytes,
           (unsigned long)stats.peak_live_bytes, (unsigned long)stats.peak_used_bytes);
    meter_report();
}

static mote_vm *start(const program_choice *program, void *arena, uint32_t bytes)
{
    static mote_host host = {.print = mote_natives_print,
                             .random = mote_natives_random,
                             .collected = mote_natives_collected,
                             .micros = micros,
                             .arch_id = "rv32-virt",
                             .natives = NULL,
                             .buffer_natives = mote_buffer_crypto_natives};
    host.natives = metered_natives();
    const mote_config config = {.arena = arena,
                                .arena_bytes = bytes,
                                .max_depth = number_setting("depth", 100),
                                .guard = number_setting("guard", 0),
                                .host = &host};
    mote_vm *vm = mote_vm_create(&config);
    if (vm == NULL) printf("error: %s\n", mote_vm_create_error(&config));
    else if (mote_vm_load(vm, program->image, program->length) != 0)
        printf("error: the program cannot be loaded: %s\n", mote_vm_load_error(vm));
    else mote_natives_translate(vm, program->image, program->length);
    return vm;
}

static void report_panic(mote_vm *vm)
{
    char text[PANIC_TEXT_BYTES];
    mote_panic_describe(vm, text, sizeof text);
    printf("error: %s\nPANIC %d\n", text, mote_vm_panic(vm));
}

int main(void)
{
    program_slot slots[PROGRAM_SLOTS];
    slept = start_mark == SLEPT;
    start_mark = 0;
    if (!slept) random_source = -1;
    if (psa_crypto_init() != PSA_SUCCESS || !flash_open(!slept) || network_init() != 0) {
        puts("error: the board does not start");
        return 2;
    }
    programs_open(!slept, slots);
    program_choice program = mote_program_choose(slots);
    if (program.image == NULL) {
        puts("error: no program in flash");
        return 2;
    }
    if (program.fallback != NULL) printf("warning: %s; the one before runs\n", program.fallback);
    uint32_t bytes = number_setting("arena", MOTE_ARENA_KB) * 1024;
    void *arena = aligned_alloc(MOTE_ARENA_ALIGNMENT, bytes);
    mote_vm *vm = start(&program, arena, bytes);
    if (vm == NULL || mote_vm_load_error(vm) != NULL) return 2;
    run(vm, program.on_trial);
    mote_natives_close(vm);
    if (number_setting("stats", 0) != 0) report(vm);
    bool panicked = mote_vm_panic(vm) > 0;
    if (panicked) report_panic(vm);
    mote_vm_erase(vm);
    return panicked ? 1 : 0;
}
