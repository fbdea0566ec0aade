/* A program that bench:engines runs in several engines; test/device/bench/engines has the same ones in TypeScript. */
#ifndef MOTE_BENCH_ENGINES_PROGRAM_H
#define MOTE_BENCH_ENGINES_PROGRAM_H

#include <stdint.h>

/** Does all of the work again. @returns a checksum of 24 bits */
int32_t bench_program(void);

/** Adds a value to the checksum, which stays a small integer in every engine. */
static inline int32_t add_to(int32_t sum, int32_t value)
{
    return (sum * 31 + value) & 0xffffff;
}

#endif
