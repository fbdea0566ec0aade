/* Streams of @devicescript/net over a port's TCP. */
#ifndef MOTE_TCP_H
#define MOTE_TCP_H

#include "mote_vm.h"

/** What a port that sleeps wakes up for, as bits. */
enum {
    TCP_AWAITS_DATA = 1,  /* bytes, or the peer's end */
    TCP_AWAITS_ROOM = 2,  /* for bytes to send, or the end of connecting */
    TCP_AWAITS_MEMORY = 4 /* of the program: it looks again after TCP_PAUSE_MS */
};
enum { TCP_PAUSE_MS = 20 };

/** Tells the program what became of its stream, and sends and reads what can be. */
void mote_tcp_poll(mote_vm *vm);
unsigned mote_tcp_awaits(void);
void mote_tcp_close(mote_vm *vm);

#endif
