/* Settings, randomness, clocks, log, sleep. */
#include "esp32c3.h"
#include "port.h"
#include "program_update.h"
#include "settings.h"

#include <esp_partition.h>
#include <esp_random.h>
#include <esp_sleep.h>
#include <esp_system.h>
#include <esp_wifi.h>
#include <freertos/FreeRTOS.h>
#include <freertos/task.h>
#include <stdio.h>
#include <time.h>

enum { PROGRAM_SUBTYPE = 0x40, SETTINGS_SUBTYPE = 0x41 };
/** 2024-01-01: an earlier time means that the clock was never set. */
#define EARLIEST_TIME 1704067200
/**
 * Pause before the radio stops: the first datagram after waking waits until the next hop's hardware address is
 * resolved, which takes until the access point's next beacon, sent every 102 ms.
 */
enum { LAST_DATAGRAM_MS = 150 };

static const char *settings;
static size_t settings_bytes;
static volatile bool good_random;

static const esp_partition_t *find(int subtype, const char *name)
{
    return esp_partition_find_first(ESP_PARTITION_TYPE_DATA, (esp_partition_subtype_t)subtype, name);
}

static const void *map(const esp_partition_t *found, size_t *size)
{
    const void *bytes;
    esp_partition_mmap_handle_t handle;
    if (found == NULL) return NULL;
    *size = found->size;
    return esp_partition_mmap(found, 0, found->size, ESP_PARTITION_MMAP_DATA, &bytes, &handle) == ESP_OK ? bytes : NULL;
}

static const esp_partition_t *find_program(unsigned slot)
{
    return find(PROGRAM_SUBTYPE, slot == 0 ? "program0" : "program1");
}

/** Clears a bit in place, without erasing. */
static void mark_program(unsigned slot)
{
    static const uint8_t mark = PROGRAM_HAS_LASTED;
    const esp_partition_t *found = find_program(slot);
    if (found == NULL || esp_partition_write(found, PROGRAM_MARK_AT, &mark, 1) != ESP_OK)
        puts("warning: the program cannot be marked as good");
}

/** Flash is erased in sectors. */
enum { SECTOR_BYTES = 4096 };

static bool erase_program(unsigned slot, size_t bytes)
{
    const esp_partition_t *found = find_program(slot);
    size_t sectors = (bytes + SECTOR_BYTES - 1) / SECTOR_BYTES;
    return found != NULL && esp_partition_erase_range(found, 0, sectors * SECTOR_BYTES) == ESP_OK;
}

static bool write_program(unsigned slot, size_t at, const uint8_t *bytes, size_t length)
{
    const esp_partition_t *found = find_program(slot);
    return found != NULL && esp_partition_write(found, at, bytes, length) == ESP_OK;
}

/** Does not read through the mapping, whose cache may not contain what was just written. */
static bool read_program(unsigned slot, size_t at, uint8_t *bytes, size_t length)
{
    const esp_partition_t *found = find_program(slot);
    return found != NULL && esp_partition_read(found, at, bytes, length) == ESP_OK;
}

void mote_programs_open(program_slot *slots)
{
    static program_flash device = {0, erase_program, write_program, read_program};
    for (unsigned i = 0; i < PROGRAM_SLOTS; i++) {
        slots[i].bytes = map(find_program(i), &slots[i].size);
        slots[i].mark = mark_program;
        if (slots[i].bytes == NULL) return;
        device.slot_bytes = slots[i].size;
    }
    mote_program_updatable(&device);
}

bool mote_settings_open(void)
{
    settings = map(find(SETTINGS_SUBTYPE, "settings"), &settings_bytes);
    return settings != NULL;
}

const char *mote_port_setting(const char *name, size_t *length)
{
    return mote_settings_find(settings, settings_bytes, name, length);
}

void mote_random_is_good(void)
{
    good_random = true;
}

bool mote_port_random(uint8_t *target, size_t length)
{
    if (!good_random) return false;
    esp_fill_random(target, length);
    return true;
}

uint64_t mote_port_wall_clock(void)
{
    time_t now = time(NULL);
    return now < EARLIEST_TIME ? 0 : (uint64_t)now;
}

void mote_port_log(int32_t level, const char *message, size_t length)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    printf("%s: %.*s\n", names[level], (int)length, message);
}

const char *mote_port_reboot_reason(void)
{
    switch (esp_reset_reason()) {
    case ESP_RST_POWERON: return "power-on";
    case ESP_RST_EXT:
    case ESP_RST_SW: return "reset";
    case ESP_RST_PANIC: return "panic";
    case ESP_RST_INT_WDT:
    case ESP_RST_TASK_WDT:
    case ESP_RST_WDT: return "watchdog";
    case ESP_RST_BROWNOUT: return "brown-out";
    case ESP_RST_DEEPSLEEP: return "deep-sleep";
    default: return "unknown";
    }
}

size_t mote_port_free_memory(void)
{
    return esp_get_free_heap_size();
}

void mote_port_deep_sleep(uint64_t ms)
{
    fflush(stdout);
    vTaskDelay(pdMS_TO_TICKS(LAST_DATAGRAM_MS));
    esp_wifi_stop(); /* otherwise the radio cannot power down */
    esp_deep_sleep(ms * 1000);
}
