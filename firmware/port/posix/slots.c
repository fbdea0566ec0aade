/* Programs in files: slot files with the content of flash slots, or a single image. */
#include "posix.h"
#include "program_update.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** The size of a slot on the emulated board. */
enum { SLOT_BYTES = 256 * 1024 };

static uint8_t *programs[PROGRAM_SLOTS];

static uint8_t *read_bytes(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) return NULL;
    long size = ftell(file);
    rewind(file);
    uint8_t *bytes = size > 0 ? malloc((size_t)size) : NULL;
    if (bytes != NULL && fread(bytes, 1, (size_t)size, file) != (size_t)size) {
        free(bytes);
        bytes = NULL;
    }
    fclose(file);
    *length = (size_t)size;
    return bytes;
}

uint8_t *read_image(const char *path, size_t *length)
{
    return programs[0] = read_bytes(path, length);
}

static const char *slot_folder;

static void slot_path(unsigned slot, char *path, size_t size)
{
    snprintf(path, size, "%s/slot%u", slot_folder, slot);
}

/** Only if the file still contains the running program: mote flash may have replaced it. */
static void mark_slot(unsigned slot)
{
    static const char mark = PROGRAM_HAS_LASTED;
    char path[4096];
    uint8_t header[PROGRAM_HEADER_BYTES];
    slot_path(slot, path, sizeof path);
    int file = open(path, O_RDWR | O_CLOEXEC | O_DSYNC);
    if (file < 0) return;
    bool same = pread(file, header, sizeof header, 0) == (ssize_t)sizeof header &&
                memcmp(header, programs[slot], sizeof header) == 0;
    if (same && pwrite(file, &mark, 1, PROGRAM_MARK_AT) != 1)
        fputs("mote-device: the program cannot be marked as good\n", stderr);
    close(file);
}

/* A file behaves like flash: erased bytes are 0xff, and writing clears bits. The running program is a copy in memory.
 */

static bool erase_slot(unsigned slot, size_t bytes)
{
    uint8_t erased[4096];
    char path[4096];
    memset(erased, 0xff, sizeof erased);
    slot_path(slot, path, sizeof path);
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_DSYNC, S_IRUSR | S_IWUSR);
    bool done = file >= 0;
    for (size_t at = 0, take; done && at < bytes; at += take) {
        take = bytes - at < sizeof erased ? bytes - at : sizeof erased;
        done = pwrite(file, erased, take, (off_t)at) == (ssize_t)take;
    }
    if (file >= 0) close(file);
    return done;
}

/** Beyond the end of the file the flash is erased. */
static bool read_at(int file, size_t at, uint8_t *bytes, size_t length)
{
    memset(bytes, 0xff, length);
    return pread(file, bytes, length, (off_t)at) >= 0;
}

static bool read_slot(unsigned slot, size_t at, uint8_t *bytes, size_t length)
{
    char path[4096];
    slot_path(slot, path, sizeof path);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    bool done = file >= 0 && read_at(file, at, bytes, length);
    if (file >= 0) close(file);
    return done;
}

static bool write_slot(unsigned slot, size_t at, const uint8_t *bytes, size_t length)
{
    char path[4096];
    slot_path(slot, path, sizeof path);
    uint8_t *cells = malloc(length + 1);
    int file = open(path, O_RDWR | O_CLOEXEC | O_DSYNC);
    bool done = cells != NULL && file >= 0 && read_at(file, at, cells, length);
    for (size_t i = 0; done && i < length; i++) cells[i] &= bytes[i];
    done = done && pwrite(file, cells, length, (off_t)at) == (ssize_t)length;
    if (file >= 0) close(file);
    free(cells);
    return done;
}

void read_slots(const char *folder, program_slot *slots)
{
    static const program_flash device = {SLOT_BYTES, erase_slot, write_slot, read_slot};
    char path[4096];
    slot_folder = folder;
    mote_program_updatable(&device);
    for (unsigned i = 0; i < PROGRAM_SLOTS; i++) {
        slot_path(i, path, sizeof path);
        slots[i] = (program_slot){.mark = mark_slot};
        slots[i].bytes = programs[i] = read_bytes(path, &slots[i].size);
    }
}

void free_programs(void)
{
    for (unsigned i = 0; i < PROGRAM_SLOTS; i++) free(programs[i]);
}
