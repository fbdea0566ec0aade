/*
 * Named blobs in flash: a log in one of two banks. A blob exists once its checksum is written. When a bank is full, its
 * live blobs are copied to the other bank, whose header is written last. So a power cut at any byte leaves the old blob
 * or the new one.
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

/** Finds the newest bank, or formats the flash if there is none. Returns false if the flash fails. */
bool mote_blob_store_mount(const flash *device);

#endif
