/* What the files of the program fuzzer share. */
#ifndef MOTE_FUZZ_HARNESS_H
#define MOTE_FUZZ_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** For mote_port_setting: `target`, `state` and `crypto`, as the program asks for them. NULL: none of that name. */
const char *fuzz_setting(const char *name);
/** For mote_port_deep_sleep: the program asks to be switched off, which ends the execution. */
_Noreturn void fuzz_switched_off(void);

/** port.c: randomness, storage and sockets as they were at the start. */
void fuzz_port_reset(void);

/** mutator.c: whether the inputs of this target are events with DTLS datagrams (test/fuzz/events.ts). */
void fuzz_mutate_datagrams(bool enabled);

#endif
