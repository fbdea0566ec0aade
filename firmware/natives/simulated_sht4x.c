/*
 * A simulated I2C bus for ports without one: a Sensirion SHT4x at its address, in a climate that changes slowly.
 * Commands and answers: data sheet of the SHT4x, sections 4.4 to 4.6.
 */
#include "port.h"

enum { ADDRESS = 0x44, MEASURE_HIGH = 0xfd, MEASURE_MEDIUM = 0xf6, MEASURE_LOW = 0xe0, ANSWER_BYTES = 6 };

/** Sensirion's CRC-8: polynomial 0x31, initial value 0xff. */
static uint8_t checksum(const uint8_t *bytes)
{
    uint8_t sum = 0xff;
    for (unsigned i = 0; i < 2; i++) {
        sum ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) sum = (uint8_t)((sum & 0x80) != 0 ? sum << 1 ^ 0x31 : sum << 1);
    }
    return sum;
}

/** A value between 0 and 65535 that changes a little with each measurement. */
static uint16_t wander(uint16_t *value)
{
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    *value = (uint16_t)(*value + (state >> 24) - 128);
    return *value;
}

static void put(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
    at[2] = checksum(at);
}

int32_t mote_port_i2c_transfer(uint8_t address, const uint8_t *bytes, size_t length, uint8_t *target,
                               size_t read_length)
{
    static uint16_t temperature = 24341, humidity = 27525; /* 20 degrees, 46.5 % */
    static bool measured;
    if (address != ADDRESS) return I2C_NO_ACK_ADDRESS;
    if (length == 1) measured = bytes[0] == MEASURE_HIGH || bytes[0] == MEASURE_MEDIUM || bytes[0] == MEASURE_LOW;
    if (read_length == 0) return measured ? I2C_OK : I2C_NO_ACK_DATA;
    if (!measured || read_length != ANSWER_BYTES) return I2C_NO_ACK_DATA;
    measured = false;
    put(target, wander(&temperature));
    put(target + 3, wander(&humidity));
    return I2C_OK;
}
