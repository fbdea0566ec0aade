/* UDP and name resolution of port.h over BSD sockets: Linux, and lwIP's sockets on the board. */
#ifndef MOTE_UDP_SOCKETS_H
#define MOTE_UDP_SOCKETS_H

#include "port.h"

/** Sleeps until a datagram comes that the program waits for, `wake_fd` (or -1) is readable, or `ms` have passed. */
void mote_sockets_wait(uint32_t ms, int wake_fd);

#endif
