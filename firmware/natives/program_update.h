/*
 * Another program into the slot that does not run: erased, written from front to back, and its header last, so that an
 * unfinished program is never one. What has been written is found again after a power cut: erased flash reads 0xff.
 * Whether the program is the right one is not decided here but by the program that runs (src/update).
 */
#ifndef MOTE_PROGRAM_UPDATE_H
#define MOTE_PROGRAM_UPDATE_H

#include "program.h"

/** The flash of the slots. The functions return false when it did not do what it was told. */
typedef struct {
    size_t slot_bytes;
    bool (*erase)(unsigned slot, size_t bytes);
    bool (*write)(unsigned slot, size_t at, const uint8_t *bytes, size_t length);
    bool (*read)(unsigned slot, size_t at, uint8_t *bytes, size_t length);
} program_flash;

/** For ports: the slots can be written by programs. */
void mote_program_updatable(const program_flash *device);

/** Bytes that an image may have; 0 when programs cannot be updated here. */
size_t mote_update_room(void);
/**
 * Makes room for an image of that length. Returns 0 or minus an IO code: PERMISSION_DENIED while the running program is
 * on trial, since what is erased is what would run instead of it.
 */
int32_t mote_update_erase(size_t length);
/** Bytes of the image up to the last one that is not erased; -1 when the slot has a header, or the flash no answer. */
int32_t mote_update_written(void);
/** Both return 0 or minus an IO code; `at` counts from the beginning of the image. */
int32_t mote_update_write(size_t at, const uint8_t *bytes, size_t length);
int32_t mote_update_read(size_t at, uint8_t *bytes, size_t length);
/** The image is there: the next start tries it. Returns 0 or minus an IO code. */
int32_t mote_update_finish(size_t length, uint32_t number);

#endif
