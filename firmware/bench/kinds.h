/* Blocks of the arena by kind, for measurements of memory. */
#ifndef MOTE_BENCH_KINDS_H
#define MOTE_BENCH_KINDS_H

#include "mote_vm.h"

/** Counts the marked blocks by kind. To be called as host->collected. */
void bench_kinds_note(const mote_vm *vm);
/** Starts looking for the peak. */
void bench_kinds_reset(void);
/** Prints the bytes of each kind at the peak, as `name_kind: bytes`. */
void bench_kinds_print(const char *name);

#endif
