/* One of three programs that bench:engines runs in several engines; test/device/bench/engines has them in TypeScript.
 */
#ifndef MOTE_BENCH_ENGINES_PROGRAM_H
#define MOTE_BENCH_ENGINES_PROGRAM_H

#include <stdint.h>

/** Does the whole work anew. @returns a checksum of 24 bits */
int32_t bench_program(void);

/** What programs make of all that they compute: it stays a small number in every engine. */
static inline int32_t add_to(int32_t sum, int32_t value)
{
    return (sum * 31 + value) & 0xffffff;
}

#endif
