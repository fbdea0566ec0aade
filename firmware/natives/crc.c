#include "crc.h"

uint32_t mote_crc32_of(uint32_t sum, const uint8_t *bytes, size_t length)
{
    sum = ~sum;
    for (size_t i = 0; i < length; i++) {
        sum ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) sum = sum >> 1 ^ (0xedb88320u & (0u - (sum & 1u)));
    }
    return ~sum;
}
