/* UDP, TCP and name resolution of port.h over BSD sockets: on Linux, and with lwIP's sockets on the board. */
#ifndef MOTE_SOCKETS_H
#define MOTE_SOCKETS_H

#include "port.h"

/** Sleeps until something happens that the program waits for, `wake_fd` (or -1) is readable, or `ms` have passed. */
void mote_sockets_wait(uint32_t ms, int wake_fd);
/** -1 if the program does not wait for its datagrams. */
int mote_udp_fd(unsigned slot);
/** -1 if there is no stream. */
int mote_tcp_fd(void);

#endif
