/* CRC-32 as in zlib; the initial value is 0. */
#ifndef MOTE_CRC_H
#define MOTE_CRC_H

#include <stddef.h>
#include <stdint.h>

uint32_t mote_crc32_of(uint32_t sum, const uint8_t *bytes, size_t length);

#endif
