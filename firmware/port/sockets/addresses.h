/* Converts addresses and errors between BSD sockets and port.h. */
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

/** Minus the IO code for an errno. */
int32_t mote_sockets_code(int error);
/**
 * Parses a numeric host for `family` (AF_UNSPEC: any); IPv4 becomes a mapped address if that is IPv6. False: it is not
 * an address.
 */
bool mote_sockets_parse(const socket_address *from, int family, sockets_address *to, socklen_t *length);
/** Formats an address: IPv4-mapped ones as IPv4, link-local ones with the number of their interface. */
void mote_sockets_print(const sockets_address *from, socket_address *to);

#endif
