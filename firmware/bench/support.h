/*
 * What both measurements on the emulated core share: whose turn it is, instructions and native heap by side, one random
 * source of a fixed seed, and the depth of the stack.
 */
#ifndef MOTE_BENCH_SUPPORT_H
#define MOTE_BENCH_SUPPORT_H

#include <stddef.h>
#include <stdint.h>

/** What instructions are counted for. */
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
    ACCOUNTS
} account;

enum { CLIENT = 0, SERVER = 1, SHARED = 2, SIDES = 3 };

/** How many handshakes, resumed ones, records in each direction and wakes the figures are means of. */
enum { HANDSHAKES = 50, RESUMPTIONS = 20, RECORDS = 1000, RECORD_BYTES = 64, WAKES = 50 };

/** From here on instructions and heap belong to `next`. Returns whose turn it was. */
account bench_turn(account next);
uint64_t bench_instructions(account of);
/** The name under which its figure is printed. */
const char *bench_account_name(account of);

/** Bytes of the native heap, headers of the allocator not counted. */
typedef struct {
    int32_t now, peak;
} bench_heap;
extern bench_heap bench_heaps[SIDES];
void bench_reset_heap_peaks(void);

/** Of the side whose turn it is: CTR_DRBG over a fixed seed. 0 on success, as mbedTLS has it. */
int bench_random(void *context, unsigned char *output, size_t length);
/** Every stream begins anew. */
void bench_random_start(void);

/** Paints the free stack; the depth since then in bytes. */
void bench_paint_stack(void);
uint32_t bench_stack_depth(void);

/** `name: value`, as the host reads it. */
void bench_print(const char *name, uint64_t value);

#endif
