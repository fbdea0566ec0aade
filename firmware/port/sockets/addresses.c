#include "addresses.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

int32_t mote_sockets_code(int error)
{
    switch (error) {
    case EAGAIN: return -IO_WOULD_BLOCK;
    case EADDRINUSE: return -IO_ADDRESS_IN_USE;
    case EACCES:
    case EPERM: return -IO_PERMISSION_DENIED;
    case EADDRNOTAVAIL: return -IO_NOT_FOUND;
    case ECONNREFUSED: return -IO_CONNECTION_REFUSED;
    case EMSGSIZE: return -IO_MESSAGE_TOO_LARGE;
    case EHOSTUNREACH: return -IO_HOST_UNREACHABLE;
    case ENETUNREACH: return -IO_NETWORK_UNREACHABLE;
    case ETIMEDOUT: return -IO_TIMED_OUT;
    case EPIPE:
    case ECONNABORTED:
    case ENOTCONN:
    case ECONNRESET: return -IO_CONNECTION_CLOSED;
    case ENOMEM:
    case ENOBUFS:
    case EMFILE:
    case ENFILE: return -IO_NO_SPACE;
    default: return -IO_FAILED;
    }
}

/** Parses an IPv4 address; the result is a mapped address if the family is IPv6. */
static bool parse_v4(const socket_address *from, int family, sockets_address *to, socklen_t *length)
{
    struct in_addr bytes;
    if (inet_pton(AF_INET, from->host, &bytes) != 1) return false;
    *to = (sockets_address){0};
    if (family == AF_INET6) {
        uint8_t *mapped = (uint8_t *)&to->v6.sin6_addr;
        to->v6.sin6_family = AF_INET6;
        to->v6.sin6_port = htons(from->port);
        mapped[10] = mapped[11] = 0xff;
        memcpy(mapped + 12, &bytes, sizeof bytes);
    } else {
        to->v4.sin_family = AF_INET;
        to->v4.sin_port = htons(from->port);
        to->v4.sin_addr = bytes;
    }
    *length = family == AF_INET6 ? sizeof to->v6 : sizeof to->v4;
    return true;
}

bool mote_sockets_parse(const socket_address *from, int family, sockets_address *to, socklen_t *length)
{
    struct addrinfo hints = {.ai_family = AF_INET6, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST}, *found;
    char port[8];
    if (strchr(from->host, ':') == NULL) return parse_v4(from, family, to, length);
    snprintf(port, sizeof port, "%u", (unsigned)from->port);
    if (family == AF_INET || getaddrinfo(from->host, port, &hints, &found) != 0) return false;
    bool fits = found->ai_addrlen <= sizeof *to;
    if (fits) memcpy(to, found->ai_addr, found->ai_addrlen);
    *length = found->ai_addrlen;
    freeaddrinfo(found);
    return fits;
}

void mote_sockets_print(const sockets_address *from, socket_address *to)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    const uint8_t *bytes = (const uint8_t *)&from->v6.sin6_addr;
    bool is_v6 = from->any.sa_family == AF_INET6;
    to->host[0] = 0;
    to->port = ntohs(is_v6 ? from->v6.sin6_port : from->v4.sin_port);
    if (!is_v6) {
        inet_ntop(AF_INET, &from->v4.sin_addr, to->host, ADDRESS_BYTES);
    } else if (memcmp(bytes, mapped, sizeof mapped) == 0) {
        inet_ntop(AF_INET, bytes + sizeof mapped, to->host, ADDRESS_BYTES);
    } else if (inet_ntop(AF_INET6, &from->v6.sin6_addr, to->host, ADDRESS_BYTES) != NULL) {
        size_t length = strlen(to->host);
        unsigned interface = from->v6.sin6_scope_id;
        if (interface != 0) snprintf(to->host + length, ADDRESS_BYTES - length, "%%%u", interface);
    }
}
