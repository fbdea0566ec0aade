/* Shared by the two halves of the mutator: text buffers, records, messages. */
#ifndef MOTE_FUZZ_MUTATIONS_H
#define MOTE_FUZZ_MUTATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MOST_BYTES = 8192, MOST_RECORDS = 32, MESSAGE_HEADER = 12 };

/** Bytes that grow and shrink in place. */
typedef struct {
    uint8_t bytes[MOST_BYTES];
    size_t length;
} text;

/** Bytes [start, end) of something. */
typedef struct {
    size_t start, end;
} range;

/** A record of a datagram, and its plaintext: [body, body_end). */
typedef struct {
    size_t start, body, end;
    size_t body_end;
} record;

/* mutator.c */

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/** A random number below `below`, or 0. */
uint32_t draw(uint32_t below);
/** Big-endian integers of up to four bytes. */
uint32_t get(const uint8_t *at, unsigned width);
void put(uint8_t *at, uint32_t value, unsigned width);
/** Replaces bytes of a datagram and adjusts the event's length. False if there is no room; nothing is changed then. */
bool change(text *in, range event, size_t at, size_t removed, const uint8_t *from, size_t length);

/* messages.c */

/** Finds the handshake messages of a record, at most MOST_RECORDS; returns how many. */
unsigned find_messages(const text *in, const record *of, range *messages);
void mutate_message(text *in, range event, const record *of, range message);

#endif
