/* Readings to CBOR (RFC 8949) and back. */
#include "program.h"

enum { ROUNDS = 20, READINGS = 8, ROOM = 256 };
enum { UNSIGNED = 0, NEGATIVE = 1, BYTES = 2, ARRAY = 4 };

static uint8_t buffer[ROOM];
static int32_t length, place;
static int32_t major, argument;

static void write_head(int32_t type, int32_t value)
{
    if (value < 24) {
        buffer[length++] = (uint8_t)(type << 5 | value);
    } else if (value < 256) {
        buffer[length++] = (uint8_t)(type << 5 | 24);
        buffer[length++] = (uint8_t)value;
    } else if (value < 65536) {
        buffer[length++] = (uint8_t)(type << 5 | 25);
        buffer[length++] = (uint8_t)(value >> 8);
        buffer[length++] = (uint8_t)value;
    } else {
        buffer[length++] = (uint8_t)(type << 5 | 26);
        for (int32_t shift = 24; shift >= 0; shift -= 8) buffer[length++] = (uint8_t)(value >> shift);
    }
}

static void write_integer(int32_t value)
{
    if (value < 0) write_head(NEGATIVE, -1 - value);
    else write_head(UNSIGNED, value);
}

static void write_readings(int32_t round)
{
    length = 0;
    write_head(ARRAY, READINGS);
    for (int32_t i = 0; i < READINGS; i++) {
        write_head(ARRAY, 3);
        write_integer(i * 40 + round);
        write_integer(((i * 7919 + round * 104729) & 0x3ffff) - 0x20000);
        write_head(BYTES, i);
        for (int32_t k = 0; k < i; k++) buffer[length++] = (uint8_t)(k * 17 + round);
    }
}

static void read_head(void)
{
    int32_t first = buffer[place++];
    major = first >> 5;
    argument = first & 31;
    if (argument < 24) return;
    int32_t count = 1 << (argument - 24);
    argument = 0;
    for (int32_t i = 0; i < count; i++) argument = argument << 8 | buffer[place++];
}

static int32_t read_item(int32_t sum)
{
    read_head();
    switch (major) {
    case UNSIGNED: return add_to(sum, argument);
    case NEGATIVE: return add_to(sum, -1 - argument);
    case BYTES: {
        int32_t end = place + argument;
        while (place < end) sum = add_to(sum, buffer[place++]);
        return sum;
    }
    default: {
        int32_t count = argument;
        for (int32_t i = 0; i < count; i++) sum = read_item(sum);
        return sum;
    }
    }
}

int32_t bench_program(void)
{
    int32_t sum = 0;
    for (int32_t round = 0; round < ROUNDS; round++) {
        write_readings(round);
        place = 0;
        sum = add_to(read_item(sum), length);
    }
    return sum;
}
