/* UDP natives over a port's sockets. */
#ifndef MOTE_UDP_H
#define MOTE_UDP_H

#include "mote_vm.h"

/** Starts the callbacks of sockets that have become readable. */
void mote_udp_poll(mote_vm *vm);
void mote_udp_close_all(mote_vm *vm);
/** Whether a port that sleeps must wake up when this slot becomes readable. */
bool mote_udp_is_awaited(unsigned slot);
/** Calls this for each datagram that the program takes. */
void mote_udp_when_taken(void (*call)(void));

mote_value mote_native_udp_open(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_udp_port(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_udp_send(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_udp_receive(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_udp_sender(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_udp_sender_port(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_udp_on_readable(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_udp_is_readable(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_udp_close(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);

#endif
