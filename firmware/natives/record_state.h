/* The packed state of records (natives.ts), shared by all record forms. */
#ifndef MOTE_RECORD_STATE_H
#define MOTE_RECORD_STATE_H

#include "arguments.h"

/** Offsets in the state. */
enum {
    STATE_BYTES = 32,
    STATE_FORM = 0,
    STATE_HANDLE = 1,
    STATE_EPOCH = 3,
    STATE_SEQUENCE = 5, /* of the next record sealed in place; other natives get the number as an argument */
    STATE_IV = 11,
    STATE_IV_BYTES = 23,
    STATE_EXPLICIT_BYTES = 24,
    STATE_ID_BYTES = 25,
    STATE_TYPE = 26,         /* type of the last record opened */
    STATE_RECORD_BYTES = 28, /* DTLS 1.3: length of the last record whose number was asked for, 2 bytes */
    STATE_ID = 32,
    FORM_DTLS_1_2 = 1,
    FORM_CONNECTION_ID = 2,
    FORM_DTLS_1_3 = 3,
    MOST_ID_BYTES = 255,
    MOST_MESSAGES = 64,
    MOST_MESSAGE_BYTES = 16384
};

/** The highest sequence number; it is never used. */
#define MOST_SEQUENCE 0xffffffffffffu

/** Written as a product, since the compiler makes a load and a slow exchange of bytes of a shift. */
static inline unsigned read_16(const uint8_t *at)
{
    return at[0] * 256u + at[1];
}

static inline void write_16(uint8_t *at, size_t number)
{
    at[0] = (uint8_t)(number >> 8);
    at[1] = (uint8_t)number;
}

/** A sequence number of 6 bytes. */
static inline uint64_t read_sequence(const uint8_t *at)
{
    return (uint64_t)read_16(at) << 32 | (uint64_t)read_16(at + 2) << 16 | read_16(at + 4);
}

static inline void write_sequence(uint8_t *at, uint64_t number)
{
    write_16(at, (size_t)(number >> 32));
    write_16(at + 2, (size_t)((uint32_t)number >> 16));
    write_16(at + 4, (size_t)(uint32_t)number);
}

/* For records of DTLS 1.3: the natives with these names, for a state of that form. */

mote_value mote_record_v13_seal(mote_vm *vm, const uint8_t *state, const mote_value *args);
mote_value mote_record_v13_sequence(mote_vm *vm, uint8_t *state, const mote_value *args);
mote_value mote_record_v13_open(mote_vm *vm, uint8_t *state, const mote_value *args);

#endif
