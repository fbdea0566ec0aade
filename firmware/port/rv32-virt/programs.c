/* The program slots: memory that the emulator's loader has filled from files, backed by these files. */
#include "board.h"
#include "program_update.h"
#include "settings.h"

#include <stdio.h>
#include <string.h>

extern uint8_t program_partition[];
extern const char program_partition_bytes[];

enum { FOLDER_BYTES = 256, ERASED = 0xff };

/* Preserved by deep sleep; -1: no file. */
static int32_t files[PROGRAM_SLOTS] __attribute__((section(".noinit")));
static program_flash device;

static uint8_t *cells_of(unsigned slot)
{
    return program_partition + slot * device.slot_bytes;
}

/** @return whether there is a path; without the setting, updates are lost when the board is switched off */
static bool file_path(unsigned slot, char *path, size_t size)
{
    char folder[FOLDER_BYTES];
    return mote_setting_text("slots", folder, sizeof folder) && snprintf(path, size, "%s/slot%u", folder, slot) > 0;
}

static bool store(unsigned slot, size_t at, size_t length)
{
    char path[FOLDER_BYTES + 8];
    if (!file_path(slot, path, sizeof path)) return true;
    if (files[slot] < 0) files[slot] = host_open(path, HOST_CHANGE);
    return files[slot] >= 0 && host_write_at(files[slot], (uint32_t)at, cells_of(slot) + at, length) != 0;
}

static bool erase(unsigned slot, size_t bytes)
{
    char path[FOLDER_BYTES + 8];
    (void)bytes;
    memset(cells_of(slot), ERASED, device.slot_bytes);
    if (file_path(slot, path, sizeof path) && files[slot] < 0) files[slot] = host_open(path, HOST_CHANGE);
    if (file_path(slot, path, sizeof path) && files[slot] < 0) files[slot] = host_open(path, HOST_CREATE);
    return store(slot, 0, device.slot_bytes);
}

static bool write_cells(unsigned slot, size_t at, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) cells_of(slot)[at + i] &= bytes[i];
    return store(slot, at, length);
}

static bool read_cells(unsigned slot, size_t at, uint8_t *bytes, size_t length)
{
    memcpy(bytes, cells_of(slot) + at, length);
    return true;
}

static void mark(unsigned slot)
{
    cells_of(slot)[PROGRAM_MARK_AT] = PROGRAM_HAS_LASTED;
    if (!store(slot, 0, PROGRAM_HEADER_BYTES)) puts("warning: the program cannot be marked as good");
}

void programs_open(bool powered_on, program_slot *slots)
{
    device = (program_flash){(size_t)program_partition_bytes / PROGRAM_SLOTS, erase, write_cells, read_cells};
    for (unsigned i = 0; i < PROGRAM_SLOTS; i++) {
        if (powered_on) files[i] = -1;
        slots[i] = (program_slot){cells_of(i), device.slot_bytes, mark};
    }
    mote_program_updatable(&device);
}
