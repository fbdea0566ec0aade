/* UDP natives over a port's sockets. */
#ifndef MOTE_UDP_H
#define MOTE_UDP_H

#include "mote_vm.h"

/** Starts the callbacks of sockets that have become readable. */
void mote_udp_poll(mote_vm *vm);
void mote_udp_close_all(mote_vm *vm);
/** Whether a sleeping port has to wake up when this slot becomes readable. */
bool mote_udp_is_awaited(unsigned slot);
/** Calls `call` for each datagram that the program takes. */
void mote_udp_when_taken(void (*call)(void));

#endif
