/* Addresses and errors of BSD sockets as port.h has them. */
#ifndef MOTE_ADDRESSES_H
#define MOTE_ADDRESSES_H

#include "port.h"

#include <netinet/in.h>
#include <sys/socket.h>

typedef union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} sockets_address;

/** Minus the IO code of an errno. */
int32_t mote_sockets_code(int error);
/** A numeric host in `family` (AF_UNSPEC: any); IPv4 as a mapped address where that is IPv6. False: it is none. */
bool mote_sockets_parse(const socket_address *from, int family, sockets_address *to, socklen_t *length);
/** IPv4 that came to a socket of IPv6 as what it is; addresses of a link with the number of their interface. */
void mote_sockets_print(const sockets_address *from, socket_address *to);

#endif
