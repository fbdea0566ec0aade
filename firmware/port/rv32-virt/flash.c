/* Flash for blob_store.c: two banks in memory that deep sleep preserves, backed by a file of the host. */
#include "blob_store.h"
#include "board.h"
#include "port.h"

#include <string.h>

enum { BANK_BYTES = 4096 };

static uint8_t cells[2 * BANK_BYTES] __attribute__((section(".noinit")));
static int32_t file __attribute__((section(".noinit"))); /* -1: none */

static bool store(uint32_t at, size_t length)
{
    return file < 0 || host_write_at(file, at, cells + at, length) != 0;
}

static bool read_cells(unsigned bank, uint32_t offset, uint8_t *target, size_t length)
{
    memcpy(target, cells + bank * BANK_BYTES + offset, length);
    return true;
}

static bool program(unsigned bank, uint32_t offset, const uint8_t *source, size_t length)
{
    uint32_t at = bank * BANK_BYTES + offset;
    for (size_t i = 0; i < length; i++) cells[at + i] &= source[i];
    return store(at, length);
}

static bool erase(unsigned bank)
{
    memset(cells + bank * BANK_BYTES, 0xff, BANK_BYTES);
    return store(bank * BANK_BYTES, BANK_BYTES);
}

/** Loads the file; if it is missing or incomplete, the flash is erased. */
static bool load(const char *path)
{
    file = host_open(path, HOST_CHANGE);
    if (file >= 0 && host_read(file, cells, sizeof cells) != 0) return true;
    memset(cells, 0xff, sizeof cells);
    if (file < 0) file = host_open(path, HOST_CREATE);
    return file >= 0 && store(0, sizeof cells);
}

/** Without the setting `flash`, the flash is erased whenever the board is powered on. */
static bool power_on(void)
{
    char path[256];
    size_t length = 0;
    const char *setting = mote_port_setting("flash", &length);
    file = -1;
    memset(cells, 0xff, sizeof cells);
    if (setting == NULL) return true;
    if (length >= sizeof path) return false;
    memcpy(path, setting, length);
    path[length] = 0;
    return load(path);
}

bool flash_open(bool powered_on)
{
    static const flash device = {BANK_BYTES, read_cells, program, erase};
    return (!powered_on || power_on()) && mote_blob_store_mount(&device);
}
