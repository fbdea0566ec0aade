/* What the blocks of the arena are, by kind, for the measurements of memory. */
#ifndef MOTE_BENCH_KINDS_H
#define MOTE_BENCH_KINDS_H

#include "mote_vm.h"

/** Every block by kind, as the collection that has just marked them sees them. For host->collected. */
void bench_kinds_note(const mote_vm *vm);
/** From here on the most bytes are looked for. */
void bench_kinds_reset(void);
/** Prints the kinds at the time when there were the most bytes, as `name_kind: bytes`. */
void bench_kinds_print(const char *name);

#endif
