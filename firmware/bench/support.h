/*
 * Shared by all measurements on the emulated core: accounts, instructions and native heap by side, one random source
 * with a fixed seed, and the depth of the stack.
 */
#ifndef MOTE_BENCH_SUPPORT_H
#define MOTE_BENCH_SUPPORT_H

#include <stddef.h>
#include <stdint.h>

/** Accounts that instructions are charged to. */
typedef enum {
    NOBODY,
    HANDSHAKE_CLIENT,
    HANDSHAKE_SERVER,
    SEND_CLIENT,
    RECEIVE_SERVER,
    SEND_SERVER,
    RECEIVE_CLIENT,
    RESUMED_CLIENT,
    RESUMED_SERVER,
    WAKE,
    ACCOUNTS,
    /** What a turn takes in which nothing happens: the next turn is charged that much less. */
    EMPTY = ACCOUNTS
} account;

enum { CLIENT = 0, SERVER = 1, SHARED = 2, SIDES = 3 };

/** Numbers of handshakes, resumed handshakes, records in each direction, and wakes that the figures are means of. */
enum { HANDSHAKES = 50, RESUMPTIONS = 20, RECORDS = 1000, RECORD_BYTES = 64, WAKES = 50 };

/** From here on instructions and heap are charged to `next`. Returns the previous account. */
account bench_turn(account next);
/** The same after an empty turn, so that `next` is not charged for the measurement itself. */
void bench_begin(account next);
uint64_t bench_instructions(account of);
/** The name under which an account's figure is printed. */
const char *bench_account_name(account of);

/** Bytes of the native heap, without the allocator's headers. */
typedef struct {
    int32_t now, peak;
} bench_heap;
extern bench_heap bench_heaps[SIDES];
void bench_reset_heap_peaks(void);

/** Draws from the stream of the current side: CTR_DRBG with a fixed seed. Returns 0 on success, as mbedTLS expects. */
int bench_random(void *context, unsigned char *output, size_t length);
/** Restarts all streams. */
void bench_random_start(void);

/** The first paints the free part of the stack; the second returns the depth reached since then, in bytes. */
void bench_paint_stack(void);
uint32_t bench_stack_depth(void);

/** Prints `name: value` for the host to read. */
void bench_print(const char *name, uint64_t value);

#endif
