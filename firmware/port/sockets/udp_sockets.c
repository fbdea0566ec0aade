#include "udp_sockets.h"
#include "udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>

#include <stdio.h>
#include <string.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Linux tells the whole length of a datagram that was cut; lwIP only that it was. */
#ifdef __linux__
#define WHOLE_LENGTH MSG_TRUNC
#else
#define WHOLE_LENGTH 0
#endif

typedef struct {
    int fd; /* 0: closed; standard input is never a socket here */
    int family;
    bool refused; /* a send met the error of an earlier datagram */
} udp_fd;

static udp_fd sockets[UDP_SLOTS];

static int32_t code_of(int error)
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
    case ENOMEM:
    case ENOBUFS:
    case EMFILE:
    case ENFILE: return -IO_NO_SPACE;
    default: return -IO_FAILED;
    }
}

typedef union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} address;

/** IPv4 in four decimal parts; as a mapped address where the family is IPv6. */
static bool parse_v4(const udp_address *from, int family, address *to, socklen_t *length)
{
    struct in_addr bytes;
    if (inet_pton(AF_INET, from->host, &bytes) != 1) return false;
    *to = (address){0};
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

/** A numeric host in `family` (AF_UNSPEC: any). */
static bool parse(const udp_address *from, int family, address *to, socklen_t *length)
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

/** IPv4 that came to a socket of IPv6 as what it is; addresses of a link with the number of their interface. */
static void print_address(const address *from, udp_address *to)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    const uint8_t *bytes = (const uint8_t *)&from->v6.sin6_addr;
    bool is_v6 = from->any.sa_family == AF_INET6;
    to->host[0] = 0;
    to->port = ntohs(is_v6 ? from->v6.sin6_port : from->v4.sin_port);
    if (!is_v6) {
        inet_ntop(AF_INET, &from->v4.sin_addr, to->host, UDP_HOST_BYTES);
    } else if (memcmp(bytes, mapped, sizeof mapped) == 0) {
        inet_ntop(AF_INET, bytes + sizeof mapped, to->host, UDP_HOST_BYTES);
    } else if (inet_ntop(AF_INET6, &from->v6.sin6_addr, to->host, UDP_HOST_BYTES) != NULL) {
        size_t length = strlen(to->host);
        unsigned interface = from->v6.sin6_scope_id;
        if (interface != 0) snprintf(to->host + length, UDP_HOST_BYTES - length, "%%%u", interface);
    }
}

static int32_t bind_any(udp_fd *self, uint16_t port)
{
    const int off = 0;
    address local = {.v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)}};
    self->family = AF_INET6;
    self->fd = socket(AF_INET6, SOCK_DGRAM, 0);
    bool both = self->fd > 0 && setsockopt(self->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0;
    if (both && bind(self->fd, &local.any, sizeof local.v6) == 0) return 0;
    if (both && errno != EADDRNOTAVAIL && errno != EAFNOSUPPORT) return code_of(errno);
    if (self->fd > 0) close(self->fd); /* a host without IPv6 */
    local = (address){.v4 = {.sin_family = AF_INET, .sin_port = htons(port)}};
    self->family = AF_INET;
    self->fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (self->fd <= 0) return code_of(errno);
    return bind(self->fd, &local.any, sizeof local.v4) == 0 ? 0 : code_of(errno);
}

static int32_t bind_to(udp_fd *self, const udp_address *local, const udp_address *remote)
{
    address at;
    socklen_t length;
    const udp_address any = {.port = local->port};
    if (local->host[0] == 0 && remote->host[0] == 0) return bind_any(self, any.port);
    if (!parse(local->host[0] != 0 ? local : remote, AF_UNSPEC, &at, &length)) return -IO_INVALID_ARGUMENT;
    self->family = at.any.sa_family;
    self->fd = socket(self->family, SOCK_DGRAM, 0);
    if (self->fd <= 0) return code_of(errno);
    if (local->host[0] == 0) {
        at = (address){.any = {.sa_family = (sa_family_t)self->family}};
        if (self->family == AF_INET6) at.v6.sin6_port = htons(local->port);
        else at.v4.sin_port = htons(local->port);
    }
    return bind(self->fd, &at.any, length) == 0 ? 0 : code_of(errno);
}

static int32_t connect_to(const udp_fd *self, const udp_address *remote)
{
    address to;
    socklen_t length;
    if (remote->host[0] == 0) return 0;
    if (remote->port == 0 || !parse(remote, self->family, &to, &length)) return -IO_INVALID_ARGUMENT;
    return connect(self->fd, &to.any, length) == 0 ? 0 : code_of(errno);
}

int32_t mote_port_udp_open(unsigned slot, const udp_address *local, const udp_address *remote)
{
    udp_fd *self = &sockets[slot];
    int32_t result = bind_to(self, local, remote);
    if (result == 0) result = connect_to(self, remote);
    if (result == 0 && fcntl(self->fd, F_SETFL, O_NONBLOCK) != 0) result = code_of(errno);
    if (result < 0) mote_port_udp_close(slot);
    return result;
}

uint16_t mote_port_udp_local_port(unsigned slot)
{
    address local;
    socklen_t length = sizeof local;
    udp_address text;
    if (getsockname(sockets[slot].fd, &local.any, &length) != 0) return 0;
    print_address(&local, &text);
    return text.port;
}

int32_t mote_port_udp_send(unsigned slot, const uint8_t *datagram, size_t length, const udp_address *to)
{
    address remote;
    socklen_t size = 0;
    if (to != NULL && !parse(to, sockets[slot].family, &remote, &size)) return -IO_INVALID_ARGUMENT;
    const struct sockaddr *target = to == NULL ? NULL : &remote.any;
    ssize_t sent = sendto(sockets[slot].fd, datagram, length, 0, target, size);
    if (sent < 0 && errno == ECONNREFUSED) { /* of an earlier datagram: told when somebody receives, this one goes */
        sockets[slot].refused = true;
        sent = sendto(sockets[slot].fd, datagram, length, 0, target, size);
    }
    return sent < 0 ? code_of(errno) : (int32_t)sent;
}

int32_t mote_port_udp_receive(unsigned slot, uint8_t *target, size_t size, udp_address *from)
{
    address sender;
    struct iovec part = {.iov_base = target, .iov_len = size};
    struct msghdr message = {.msg_name = &sender, .msg_namelen = sizeof sender, .msg_iov = &part, .msg_iovlen = 1};
    ssize_t length = recvmsg(sockets[slot].fd, &message, WHOLE_LENGTH);
    if (length < 0 && errno == EAGAIN && sockets[slot].refused) errno = ECONNREFUSED;
    if (length < 0) sockets[slot].refused = false;
    if (length < 0) return code_of(errno);
    print_address(&sender, from);
    bool cut = (message.msg_flags & MSG_TRUNC) != 0 && (size_t)length <= size;
    return (int32_t)length + (cut ? 1 : 0);
}

bool mote_port_udp_readable(unsigned slot)
{
    struct pollfd one = {.fd = sockets[slot].fd, .events = POLLIN};
    return sockets[slot].refused || poll(&one, 1, 0) > 0;
}

void mote_port_udp_close(unsigned slot)
{
    if (sockets[slot].fd > 0) close(sockets[slot].fd);
    sockets[slot] = (udp_fd){0};
}

void mote_sockets_wait(uint32_t ms, int wake_fd)
{
    struct pollfd waiting[UDP_SLOTS + 1];
    nfds_t count = 0;
    for (unsigned slot = 0; slot < UDP_SLOTS; slot++)
        if (mote_udp_is_awaited(slot)) waiting[count++] = (struct pollfd){.fd = sockets[slot].fd, .events = POLLIN};
    if (wake_fd >= 0) waiting[count++] = (struct pollfd){.fd = wake_fd, .events = POLLIN};
    poll(waiting, count, ms > INT32_MAX ? -1 : (int)ms);
}

void mote_port_resolve(const char *host, char (*addresses)[UDP_HOST_BYTES], unsigned most)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM}, *found;
    unsigned count = 0;
    addresses[0][0] = 0;
    if (getaddrinfo(host, NULL, &hints, &found) != 0) return;
    static const int families[] = {AF_INET, AF_INET6};
    for (unsigned i = 0; i < 2; i++)
        for (const struct addrinfo *one = found; one != NULL && count < most - 1; one = one->ai_next) {
            udp_address text;
            address at;
            if (one->ai_family != families[i] || one->ai_addrlen > sizeof at) continue;
            memcpy(&at, one->ai_addr, one->ai_addrlen);
            print_address(&at, &text);
            strcpy(addresses[count++], text.host);
        }
    addresses[count][0] = 0;
    freeaddrinfo(found);
}
