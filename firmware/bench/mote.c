/*
 * Measures Mote over a link in memory, with the same library, flags and random source as anchor.c. A program of the
 * machine (test/device/bench/handshakes.ts, credentials.ts) says through natives whose turn it is. The setting `mode`
 * chooses what is measured: speed, or the memory of one connection, with a collection before every allocation. The
 * setting `shift` puts that many bytes before the program's first block, for another layout of the arena. With
 * `meter` 1, what natives take is counted too, which costs 40 instructions a call that other figures must not contain.
 */
#include "board.h"
#include "kinds.h"
#include "meter.h"
#include "natives.h"
#include "port.h"
#include "settings.h"
#include "support.h"
#include "translation.h"
#include "work.h"

#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const uint8_t program_partition[], settings_partition[];

enum { ARENA_BYTES = 48 * 1024, MOST_NATIVES = 96, IMAGE = 16 };

static uint8_t arena[ARENA_BYTES] __attribute__((aligned(8)));
static mote_native_entry natives[MOST_NATIVES];
static const mote_native_entry *counted;
static uint64_t in_natives[ACCOUNTS + 1];
static account turn;

/* What natives cost, by account. */

static mote_value metered(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    unsigned index = mote_running_native(vm);
    uint32_t start = board_instructions();
    mote_value result = counted[index].call(vm, receiver, args, count);
    in_natives[turn] += board_instructions() - start;
    return result;
}

/* The program's natives */

static mote_value bench_turn_native(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    turn = (account)mote_to_int(vm, args[0]);
    bench_turn(turn);
    return MOTE_UNDEFINED;
}

static mote_value bench_seed_native(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)vm, (void)receiver, (void)args, (void)count;
    bench_random_start();
    return MOTE_UNDEFINED;
}

static mote_value bench_report_native(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    size_t length;
    const char *name = mote_string(vm, args[0], &length);
    bench_print(name == NULL ? "?" : name, (uint64_t)mote_to_double(vm, args[1]));
    return MOTE_UNDEFINED;
}

static mote_value bench_datagram_native(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    size_t length;
    const uint8_t *data = mote_buffer(vm, args[0], &length);
    printf("datagram: ");
    for (size_t i = 0; i < length; i++) printf("%02x", data[i]);
    printf("\n");
    return MOTE_UNDEFINED;
}

/** Bytes alive in the arena after a collection. */
static mote_value bench_alive_native(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)args, (void)count;
    mote_stats stats;
    mote_vm_collect(vm);
    mote_vm_stats(vm, &stats);
    return mote_int(vm, (int32_t)stats.live_bytes);
}

static mote_value bench_reset_native(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)args, (void)count;
    mote_vm_collect(vm);
    mote_vm_reset_peaks(vm);
    bench_reset_heap_peaks();
    bench_kinds_reset();
    mote_vm_collect(vm);
    return MOTE_UNDEFINED;
}

/** The most bytes alive since the reset. This is exact, since every allocation is preceded by a collection. */
static mote_value bench_peak_native(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)args, (void)count;
    mote_stats stats;
    mote_vm_stats(vm, &stats);
    return mote_int(vm, (int32_t)stats.peak_live_bytes);
}

static mote_value bench_heap_native(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t now = 0, peak = 0;
    for (unsigned i = 0; i < SIDES; i++) {
        now += bench_heaps[i].now;
        peak += bench_heaps[i].peak;
    }
    return mote_int(vm, mote_to_bool(vm, args[0]) ? peak : now);
}

static mote_value bench_instructions_native(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)args, (void)count;
    return mote_int(vm, (int32_t)board_instructions());
}

/** Prints what was alive at that peak, by kind of block, under the given name. */
static mote_value bench_kinds_native(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    size_t length;
    const char *name = mote_string(vm, args[0], &length);
    bench_kinds_print(name == NULL ? "?" : name);
    return MOTE_UNDEFINED;
}

static const mote_native_entry own[] = {
    {"_benchTurn", bench_turn_native, 1},
    {"_benchSeed", bench_seed_native, 0},
    {"_benchReport", bench_report_native, 2},
    {"_benchDatagram", bench_datagram_native, 1},
    {"_benchAlive", bench_alive_native, 0},
    {"_benchReset", bench_reset_native, 0},
    {"_benchPeak", bench_peak_native, 0},
    {"_benchKinds", bench_kinds_native, 1},
    {"_benchHeap", bench_heap_native, 1},
    {"_benchInstructions", bench_instructions_native, 0},
    {0},
};

/** The natives of every port come first, since they find their names by index. */
static void list_natives(bool meters)
{
    unsigned count = 0;
    if (meters) counted = metered_natives();
    for (const mote_native_entry *entry = mote_natives; entry->call != NULL; entry++) {
        natives[count] = *entry;
        if (meters) natives[count].call = metered;
        count++;
    }
    for (const mote_native_entry *entry = own; entry->call != NULL; entry++) natives[count++] = *entry;
}

/* What a port has to supply; there is no network, storage or clock. */

bool mote_port_random(uint8_t *target, size_t length)
{
    return bench_random(NULL, target, length) == 0;
}

const char *mote_port_setting(const char *name, size_t *length)
{
    return mote_settings_find((const char *)settings_partition, SIZE_MAX, name, length);
}

uint64_t mote_port_wall_clock(void)
{
    return 0;
}

void mote_port_log(int32_t level, const char *message, size_t length)
{
    printf("log %d: %.*s\n", (int)level, (int)length, message);
}

const char *mote_port_reboot_reason(void)
{
    return "power-on";
}

size_t mote_port_free_memory(void)
{
    return 0;
}

void mote_port_deep_sleep(uint64_t ms)
{
    (void)ms;
    exit(2);
}

int32_t mote_port_udp_open(unsigned slot, const socket_address *local, const socket_address *remote)
{
    (void)slot, (void)local, (void)remote;
    return -IO_NOT_SUPPORTED;
}

uint16_t mote_port_udp_local_port(unsigned slot)
{
    (void)slot;
    return 0;
}

int32_t mote_port_udp_send(unsigned slot, const uint8_t *datagram, size_t length, const socket_address *to)
{
    (void)slot, (void)datagram, (void)length, (void)to;
    return -IO_NOT_SUPPORTED;
}

int32_t mote_port_udp_receive(unsigned slot, uint8_t *target, size_t size, socket_address *from)
{
    (void)slot, (void)target, (void)size, (void)from;
    return -IO_NOT_SUPPORTED;
}

bool mote_port_udp_readable(unsigned slot)
{
    (void)slot;
    return false;
}

void mote_port_udp_close(unsigned slot)
{
    (void)slot;
}

void mote_port_resolve(const char *host, char (*addresses)[ADDRESS_BYTES], unsigned most)
{
    (void)host, (void)most;
    addresses[0][0] = 0;
}

static bool measures_memory;

static void collected(void *context, const mote_vm *vm)
{
    if (measures_memory) bench_kinds_note(vm);
    mote_natives_collected(context, vm);
}

static uint64_t instructions_as_micros(void *context)
{
    (void)context;
    return board_instructions();
}

int main(void)
{
    static const mote_host host = {.print = mote_natives_print,
                                   .random = mote_natives_random,
                                   .collected = collected,
                                   .micros = instructions_as_micros,
                                   .arch_id = "rv32-bench",
                                   .natives = natives};
    char mode[16];
    measures_memory = mote_setting_text("mode", mode, sizeof mode) && strcmp(mode, "client") == 0;
    const mote_config config = {
        .arena = arena, .arena_bytes = ARENA_BYTES, .max_depth = 100, .gc_stress = measures_memory, .host = &host};
    uint32_t length;
    memcpy(&length, program_partition + 4, 4);
    bench_random_start();
    list_natives(mote_setting_number("meter", 0) != 0);
    mote_vm *vm = psa_crypto_init() == PSA_SUCCESS ? mote_vm_create(&config) : NULL;
    if (vm == NULL || mote_vm_load(vm, program_partition + IMAGE, length) != 0) {
        puts("error: the program cannot be loaded");
        return 2;
    }
    mote_natives_translate(vm, program_partition + IMAGE, length);
    (void)mote_new_buffer(vm, (size_t)mote_setting_number("shift", 0)); /* soon garbage, but blocks do not move */
    bench_paint_stack();
    for (uint64_t now = 0, wake = 0; mote_vm_panic(vm) == MOTE_RUNNING && wake != MOTE_NEVER; now = wake) {
        mote_natives_poll(vm);
        wake = mote_vm_step(vm, now);
        /* port/simple has done the work at once: its fiber continues at the next step. */
        if (mote_work_is_under_way()) wake = now;
    }
    bench_turn(NOBODY);
    if (mote_vm_panic(vm) != 0) {
        char text[160];
        mote_vm_exception(vm, text, sizeof text);
        printf("error: panic %d %s\n", mote_vm_panic(vm), text);
        return 1;
    }
    mote_stats stats;
    mote_vm_stats(vm, &stats);
    bench_print("stack", bench_stack_depth());
    bench_print("operations", stats.operations);
    bench_print("collections", stats.collections);
    bench_print("gc_pause_max", stats.longest_pause);
    bench_print("arena_fixed", stats.fixed_bytes);
    for (unsigned i = 1; i < ACCOUNTS; i++) {
        bench_print(bench_account_name((account)i), bench_instructions((account)i));
        printf("natives_");
        bench_print(bench_account_name((account)i), in_natives[i]);
    }
    meter_report();
    puts("done");
    return 0;
}
