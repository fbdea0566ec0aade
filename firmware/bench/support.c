#include "support.h"
#include "board.h"

#include <mbedtls/ctr_drbg.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bench_heap bench_heaps[SIDES];

static account current;
static uint32_t since;
static uint32_t empty;
static uint64_t counts[ACCOUNTS];

/* Marks for profile_plugin.c: calling one tells it what to count for. They do nothing else. */

__attribute__((noinline)) static void bench_marks_handshake(void)
{
    __asm__ volatile("");
}

__attribute__((noinline)) static void bench_marks_record(void)
{
    __asm__ volatile("nop");
}

__attribute__((noinline)) static void bench_marks_off(void)
{
    __asm__ volatile("nop\nnop");
}

static void mark(account next)
{
    switch (next) {
    case NOBODY:
    case EMPTY: bench_marks_off(); break;
    case HANDSHAKE_CLIENT:
    case HANDSHAKE_SERVER: bench_marks_handshake(); break;
    default: bench_marks_record(); break;
    }
}

account bench_turn(account next)
{
    uint32_t now = board_instructions();
    account before = current;
    if (before == EMPTY) {
        empty = now - since;
    } else {
        counts[before] += now - since - empty;
        empty = 0;
    }
    current = next;
    mark(next);
    since = board_instructions();
    return before;
}

void bench_begin(account next)
{
    bench_turn(EMPTY);
    bench_turn(next);
}

uint64_t bench_instructions(account of)
{
    return counts[of];
}

const char *bench_account_name(account of)
{
    static const char *const names[ACCOUNTS] = {
        "nobody",      "handshake_client", "handshake_server", "send_client",    "receive_server",
        "send_server", "receive_client",   "resumed_client",   "resumed_server", "wake"};
    return names[of];
}

/* The linker redirects every allocation here (--wrap). A header before each block holds its size and side. */

typedef struct {
    uint32_t bytes;
    int32_t side;
} header;

void *__real_malloc(size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void __wrap_free(void *block);

static int32_t side_of(account of)
{
    switch (of) {
    case NOBODY:
    case EMPTY: return SHARED;
    case HANDSHAKE_CLIENT:
    case SEND_CLIENT:
    case RECEIVE_CLIENT:
    case RESUMED_CLIENT:
    case WAKE: return CLIENT;
    default: return SERVER;
    }
}

void *__wrap_malloc(size_t size)
{
    header *block = __real_malloc(size + sizeof *block);
    if (block == NULL) return NULL;
    *block = (header){(uint32_t)size, side_of(current)};
    bench_heap *heap = &bench_heaps[block->side];
    heap->now += (int32_t)size;
    if (heap->now > heap->peak) heap->peak = heap->now;
    return block + 1;
}

void *__wrap_calloc(size_t count, size_t size)
{
    void *block = __wrap_malloc(count * size);
    return block == NULL ? NULL : memset(block, 0, count * size);
}

void __wrap_free(void *block)
{
    if (block == NULL) return;
    header *before = (header *)block - 1;
    bench_heaps[before->side].now -= (int32_t)before->bytes;
    __real_free(before);
}

void bench_reset_heap_peaks(void)
{
    for (unsigned i = 0; i < SIDES; i++) bench_heaps[i].peak = bench_heaps[i].now;
}

/** One stream for each side, so that a side draws the same numbers whether or not the other one exists. */
static mbedtls_ctr_drbg_context streams[SIDES];

static int seed(void *context, unsigned char *output, size_t length)
{
    uint32_t x = 12345 + *(const uint32_t *)context;
    for (size_t i = 0; i < length; i++) output[i] = (unsigned char)((x = x * 1664525u + 1013904223u) >> 24);
    return 0;
}

void bench_random_start(void)
{
    for (uint32_t side = 0; side < SIDES; side++) {
        mbedtls_ctr_drbg_free(&streams[side]);
        mbedtls_ctr_drbg_init(&streams[side]);
        if (mbedtls_ctr_drbg_seed(&streams[side], seed, &side, NULL, 0) != 0) exit(3);
    }
}

int bench_random(void *context, unsigned char *output, size_t length)
{
    (void)context;
    return mbedtls_ctr_drbg_random(&streams[side_of(current)], output, length);
}

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context, uint8_t *output,
                                             size_t size, size_t *length)
{
    (void)context;
    *length = size;
    return bench_random(NULL, output, size) == 0 ? PSA_SUCCESS : PSA_ERROR_GENERIC_ERROR;
}

/* The stack grows down from __stack to __stack_low. */

extern uint32_t __stack_low[];
enum { PAINT = 0x5ac35ac3 };
static uint32_t *painted_to;

__attribute__((noinline)) void bench_paint_stack(void)
{
    uintptr_t here;
    __asm__ volatile("mv %0, sp" : "=r"(here));
    painted_to = (uint32_t *)(here - 64);
    for (volatile uint32_t *at = __stack_low; at < painted_to; at++) *at = PAINT;
}

__attribute__((noinline)) uint32_t bench_stack_depth(void)
{
    const volatile uint32_t *at = __stack_low;
    while (at < painted_to && *at == PAINT) at++;
    return (uint32_t)((uintptr_t)painted_to - (uintptr_t)at);
}

void bench_print(const char *name, uint64_t value)
{
    printf("%s: %llu\n", name, (unsigned long long)value);
}
