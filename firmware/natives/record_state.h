/* The packed state of records (natives.ts), and what its forms share. */
#ifndef MOTE_RECORD_STATE_H
#define MOTE_RECORD_STATE_H

#include "arguments.h"

/** Places in the state. */
enum {
    STATE_BYTES = 32,
    STATE_FORM = 0,
    STATE_HANDLE = 1,
    STATE_EPOCH = 3,
    STATE_SEQUENCE = 5, /* of what is sealed next where it lies; other natives are told numbers */
    STATE_IV = 11,
    STATE_IV_BYTES = 23,
    STATE_EXPLICIT_BYTES = 24,
    STATE_ID_BYTES = 25,
    STATE_TYPE = 26,         /* of the record opened last */
    STATE_RECORD_BYTES = 28, /* DTLS 1.3: 2, of the record whose number was asked for last */
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

static inline unsigned read_16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
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

/** A Buffer of the state's size; false, and thrown, when it is none. */
bool mote_state_argument(mote_vm *vm, mote_value value, uint8_t **state);
/** The message with that index, if it is one; false, and thrown, when it is not. */
bool mote_message_argument(mote_vm *vm, mote_value messages, size_t index, const uint8_t *state, byte_view *message);
/** How many messages there are; 0, and thrown, when it is no array of 1 to 64. */
size_t mote_messages_argument(mote_vm *vm, mote_value messages);
/** 0 to 2^48 - 1; false, and thrown, when it is none. */
bool mote_sequence_argument(mote_vm *vm, mote_value value, const char *name, uint64_t *number);
/** Bytes [offset, end) of a datagram, by three arguments; false, and thrown, when there are none such. */
bool mote_range_argument(mote_vm *vm, const mote_value *args, byte_view *range);
/** A sequence number as a value. */
mote_value mote_sequence_value(mote_vm *vm, uint64_t number);

/* Of records of DTLS 1.3: the natives of that name, for a state that has the form. */

mote_value mote_record_v13_seal(mote_vm *vm, const uint8_t *state, const mote_value *args);
mote_value mote_record_v13_sequence(mote_vm *vm, uint8_t *state, const mote_value *args);
mote_value mote_record_v13_open(mote_vm *vm, uint8_t *state, const mote_value *args);

#endif
