/* Simulated flash for blob_store.c, in a file or in memory. */
#include "blob_store.h"
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BANK_BYTES = 32768 };

static int file = -1;
static uint8_t *cells; /* both banks */

static bool store(uint32_t at, size_t length)
{
    return file < 0 || pwrite(file, cells + at, length, (off_t)at) == (ssize_t)length;
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

/** A file whose creation was interrupted counts as erased flash. */
static bool is_blank(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] != 0xff) return false;
    return true;
}

bool open_flash(const char *path)
{
    static const flash device = {BANK_BYTES, read_cells, program, erase};
    cells = malloc(2 * BANK_BYTES);
    if (cells == NULL) return false;
    memset(cells, 0xff, 2 * BANK_BYTES);
    if (path != NULL) {
        file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_DSYNC, S_IRUSR | S_IWUSR); /* O_DSYNC: stored on return */
        if (file < 0) return false;
        ssize_t length = pread(file, cells, 2 * BANK_BYTES, 0);
        if (length == 0 && !store(0, 2 * BANK_BYTES)) return false;
        bool unfinished = length > 0 && length < 2 * BANK_BYTES && is_blank(cells, (size_t)length);
        if (unfinished && !store(0, 2 * BANK_BYTES)) return false;
        if (length != 0 && length != 2 * BANK_BYTES && !unfinished) {
            errno = EINVAL; /* a file of another kind */
            return false;
        }
    }
    return mote_blob_store_mount(&device);
}
