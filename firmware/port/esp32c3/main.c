/*
 * The firmware on an ESP32-C3: starts radio and storage, chooses the program and runs it. However the program ends, the
 * board restarts; a program that keeps crashing is rolled back to the previous one (program.h).
 */
#include "configuration.h"
#include "esp32c3.h"
#include "natives.h"
#include "panic.h"
#include "port.h"
#include "program.h"
#include "sockets.h"
#include "translation.h"

#include <esp_heap_caps.h>
#include <esp_pm.h>
#include <esp_system.h>
#include <esp_task_wdt.h>
#include <esp_timer.h>
#include <freertos/FreeRTOS.h>
#include <freertos/task.h>
#include <psa/crypto.h>
#include <stdio.h>

/** Longest sleep at a time, so that the watchdog is fed, and the pause after a crash. */
enum { LONGEST_SLEEP_MS = 5000, PAUSE_AFTER_CRASH_MS = 3000 };
/**
 * How long a program's start waits for an address: DHCP takes seconds, and a program can also measure without network.
 */
enum { LONGEST_NETWORK_WAIT_S = 30 };

static uint64_t micros(void *context)
{
    (void)context;
    return (uint64_t)esp_timer_get_time();
}

static void feed_watchdog(void)
{
    esp_task_wdt_reset();
}

/** The machine is idle, a sign of life. A program that hangs never gets here, and the watchdog ends it. */
static void rest(program_choice *program, uint64_t now)
{
    feed_watchdog();
    if (!program->on_trial || now < PROGRAM_TRIAL_MS) return;
    mote_program_confirm_itself();
    program->on_trial = false;
}

static void run(mote_vm *vm, program_choice *program, int wake_fd)
{
    for (;;) {
        mote_natives_poll(vm);
        uint64_t now = micros(NULL) / 1000, wake = mote_vm_step(vm, now);
        if (mote_vm_panic(vm) != MOTE_RUNNING || (wake == MOTE_NEVER && !mote_natives_await())) return;
        if (mote_program_is_overdue(now, PROGRAM_TRIAL_MS)) {
            puts("error: the program has not confirmed itself in its time");
            return;
        }
        if (wake > now) rest(program, now);
        /* Each turn pauses for a tick, so that the idle task runs and its watchdog is fed, whatever peers send. */
        vTaskDelay(1);
        if (wake <= now) continue;
        mote_sockets_wait(wake - now > LONGEST_SLEEP_MS ? LONGEST_SLEEP_MS : (uint32_t)(wake - now), wake_fd);
    }
}

static void report_panic(mote_vm *vm)
{
    char text[PANIC_TEXT_BYTES];
    mote_panic_describe(vm, text, sizeof text);
    printf("error: %s\nPANIC %d\n", text, mote_vm_panic(vm));
}

static void start(program_choice *program, int wake_fd)
{
    static const mote_host host = {.print = mote_natives_print,
                                   .random = mote_natives_random,
                                   .collected = mote_natives_collected,
                                   .micros = micros,
                                   .arch_id = CONFIG_IDF_TARGET,
                                   .natives = mote_natives,
                                   .buffer_natives = mote_buffer_crypto_natives};
    /* The chip's malloc only aligns to 4 bytes. */
    const uint32_t bytes = MOTE_ARENA_KB * 1024u;
    const mote_config config = {.arena = heap_caps_aligned_alloc(MOTE_ARENA_ALIGNMENT, bytes, MALLOC_CAP_8BIT),
                                .arena_bytes = bytes,
                                .max_depth = 100,
                                .host = &host};
    mote_vm *vm = mote_vm_create(&config);
    if (vm == NULL) {
        printf("error: %s: `arena` in devs.config.json says how large it is\n", mote_vm_create_error(&config));
        return;
    }
    if (mote_vm_load(vm, program->image, program->length) != 0) {
        printf("error: the program cannot be loaded: %s\n", mote_vm_load_error(vm));
        return;
    }
    mote_natives_translate(vm, program->image, program->length);
    mote_natives_watch(feed_watchdog);
    run(vm, program, wake_fd);
    mote_natives_close(vm);
    if (mote_vm_panic(vm) > 0) report_panic(vm);
    mote_vm_erase(vm); /* the memory keeps its contents through a restart */
}

static void sleep_lightly(void)
{
    const esp_pm_config_t power = {.max_freq_mhz = 160, .min_freq_mhz = 40, .light_sleep_enable = true};
    if (esp_pm_configure(&power) != ESP_OK) puts("warning: no light sleep");
}

static bool start_services(void)
{
    if (!mote_storage_open()) puts("error: storage does not open");
    else if (!mote_settings_open()) puts("error: no partition for settings");
    else if (!mote_wifi_start()) puts("error: Wi-Fi does not start: check wifi in devs.config.json");
    else if (psa_crypto_init() != PSA_SUCCESS) puts("error: cryptography does not start");
    else return true;
    return false;
}

/** Datagrams sent before there is an address are lost. */
static void await_network(void)
{
    for (int second = 0; second < LONGEST_NETWORK_WAIT_S; second++) {
        feed_watchdog();
        if (mote_network_wait(1000)) return;
    }
    puts("warning: no network address yet: the program starts without");
}

void app_main(void);

void app_main(void)
{
    program_slot slots[PROGRAM_SLOTS] = {0};
    mote_programs_open(slots);
    esp_task_wdt_add(NULL);
    if (start_services()) {
        sleep_lightly();
        program_choice program = mote_program_choose(slots);
        if (program.fallback != NULL) printf("warning: %s; the one before runs\n", program.fallback);
        if (program.image == NULL) puts("error: no program in flash: mote flash puts one there");
        else {
            await_network();
            start(&program, mote_worker_start());
        }
    }
    esp_task_wdt_reset();
    mote_sockets_wait(PAUSE_AFTER_CRASH_MS, -1);
    esp_restart();
}
