/* Programs in files: a slot each, as flash has them, or an image alone. */
#include "posix.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/** Only while the file is the program that runs: mote flash may have put another one there. */
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

void read_slots(const char *folder, program_slot *slots)
{
    char path[4096];
    slot_folder = folder;
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
