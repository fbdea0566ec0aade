/* Shared by the files of the program fuzzer. */
#ifndef MOTE_FUZZ_HARNESS_H
#define MOTE_FUZZ_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * For mote_port_setting: the settings `target`, `state` and `crypto` that the program asks for. NULL: no such setting.
 */
const char *fuzz_setting(const char *name);
/** For mote_port_deep_sleep: the program asks to be switched off, which ends the execution. */
_Noreturn void fuzz_switched_off(void);

/** port.c: resets randomness, storage and sockets to their initial state. */
void fuzz_port_reset(void);

/** mutator.c: whether the inputs of this target are events with DTLS datagrams (test/fuzz/events.ts). */
void fuzz_mutate_datagrams(bool enabled);

#endif
