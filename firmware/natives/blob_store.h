/*
 * Named blobs in flash: a log in one of two banks. A blob is there when its checksum is; when a bank is full, what is
 * alive moves to the other one, whose header is written last. A power cut at any byte leaves the old blob or the new.
 */
#ifndef MOTE_BLOB_STORE_H
#define MOTE_BLOB_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Two banks of `bank_bytes` (a multiple of 4, 256 to 65536). Erased flash reads 0xff; programming only clears bits. */
typedef struct {
    uint32_t bank_bytes;
    bool (*read)(unsigned bank, uint32_t offset, uint8_t *target, size_t length);
    bool (*program)(unsigned bank, uint32_t offset, const uint8_t *source, size_t length);
    bool (*erase)(unsigned bank);
} flash;

/** Finds the newest bank; formats when there is none. False when the flash does not answer. */
bool mote_blob_store_mount(const flash *device);

#endif
