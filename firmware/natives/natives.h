/* The native functions that all ports share: the C side of src/platform/runtime/natives.ts. */
#ifndef MOTE_NATIVES_H
#define MOTE_NATIVES_H

#include "mote_vm.h"

/** For mote_host.buffer_natives. The port has called psa_crypto_init. */
extern const mote_native_entry mote_buffer_crypto_natives[];
/** For mote_host.natives. */
extern const mote_native_entry mote_natives[];

/** For mote_host.print: one line on standard output. */
void mote_natives_print(void *context, char level, const char *line, size_t length);
/** For mote_host.random: the port's random source. */
bool mote_natives_random(void *context, uint8_t *target, size_t length);

/** For mote_host.collected. */
void mote_natives_collected(void *context, const mote_vm *vm);

/** Wakes fibers whose datagrams have arrived or whose work is done. A port calls it before each step. */
void mote_natives_poll(mote_vm *vm);
/** Whether anything but time can wake a fiber: a socket that the program listens to, or work under way. */
bool mote_natives_await(void);
/**
 * Calls `alive` when the program makes progress although the machine does not become idle, because more datagrams
 * arrive than it can take. Otherwise peers could make the watchdog restart the device.
 */
void mote_natives_watch(void (*alive)(void));
/** Closes sockets and handles and erases keys: the program has ended, and another may be loaded. */
void mote_natives_close(mote_vm *vm);

#endif
