/*
 * Writes another program into the inactive slot: erases it, writes from front to back and the header last, so that an
 * incomplete program is never taken for a complete one. Progress can be determined after a power cut, because erased
 * flash reads 0xff. Whether a program is acceptable is not checked here but by the running program (src/update).
 */
#ifndef MOTE_PROGRAM_UPDATE_H
#define MOTE_PROGRAM_UPDATE_H

#include "program.h"

/** The flash of the slots. The functions return false if the flash failed. */
typedef struct {
    size_t slot_bytes;
    bool (*erase)(unsigned slot, size_t bytes);
    bool (*write)(unsigned slot, size_t at, const uint8_t *bytes, size_t length);
    bool (*read)(unsigned slot, size_t at, uint8_t *bytes, size_t length);
} program_flash;

/** Called by ports in which programs can write the slots. */
void mote_program_updatable(const program_flash *device);

/** Largest image in bytes; 0 if programs cannot be updated on this device. */
size_t mote_update_room(void);
/**
 * Erases room for an image of that length. Returns 0 or minus an IO code: PERMISSION_DENIED while the running program
 * is on trial, because the other slot is needed for a rollback.
 */
int32_t mote_update_erase(size_t length);
/**
 * Number of bytes of the image up to the last one that is not erased; -1 if the slot has a header, or the flash failed.
 */
int32_t mote_update_written(void);
/** Both return 0 or minus an IO code; `at` is relative to the beginning of the image. */
int32_t mote_update_write(size_t at, const uint8_t *bytes, size_t length);
int32_t mote_update_read(size_t at, uint8_t *bytes, size_t length);
/** Marks the image as complete, so that the next start tries it. Returns 0 or minus an IO code. */
int32_t mote_update_finish(size_t length, uint32_t number);

#endif
