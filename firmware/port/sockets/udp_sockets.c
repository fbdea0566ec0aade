/* UDP of port.h. */
#include "addresses.h"
#include "sockets.h"
#include "udp.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/poll.h>
#include <unistd.h>

/* Linux reports the full length of a truncated datagram; lwIP only that it was truncated. */
#ifdef __linux__
#define WHOLE_LENGTH MSG_TRUNC
#else
#define WHOLE_LENGTH 0
#endif

typedef struct {
    int fd; /* 0: closed; standard input is never a socket here */
    int family;
    bool refused; /* a send got the error of an earlier datagram */
} udp_fd;

static udp_fd sockets[UDP_SLOTS];

static int32_t bind_any(udp_fd *self, uint16_t port)
{
    const int off = 0;
    sockets_address local = {.v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)}};
    self->family = AF_INET6;
    self->fd = socket(AF_INET6, SOCK_DGRAM, 0);
    bool both = self->fd > 0 && setsockopt(self->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0;
    if (both && bind(self->fd, &local.any, sizeof local.v6) == 0) return 0;
    if (both && errno != EADDRNOTAVAIL && errno != EAFNOSUPPORT) return mote_sockets_code(errno);
    if (self->fd > 0) close(self->fd); /* a host without IPv6 */
    local = (sockets_address){.v4 = {.sin_family = AF_INET, .sin_port = htons(port)}};
    self->family = AF_INET;
    self->fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (self->fd <= 0) return mote_sockets_code(errno);
    return bind(self->fd, &local.any, sizeof local.v4) == 0 ? 0 : mote_sockets_code(errno);
}

static int32_t bind_to(udp_fd *self, const socket_address *local, const socket_address *remote)
{
    sockets_address at;
    socklen_t length;
    const socket_address any = {.port = local->port};
    if (local->host[0] == 0 && remote->host[0] == 0) return bind_any(self, any.port);
    if (!mote_sockets_parse(local->host[0] != 0 ? local : remote, AF_UNSPEC, &at, &length)) return -IO_INVALID_ARGUMENT;
    self->family = at.any.sa_family;
    self->fd = socket(self->family, SOCK_DGRAM, 0);
    if (self->fd <= 0) return mote_sockets_code(errno);
    if (local->host[0] == 0) {
        at = (sockets_address){.any = {.sa_family = (sa_family_t)self->family}};
        if (self->family == AF_INET6) at.v6.sin6_port = htons(local->port);
        else at.v4.sin_port = htons(local->port);
    }
    return bind(self->fd, &at.any, length) == 0 ? 0 : mote_sockets_code(errno);
}

static int32_t connect_to(const udp_fd *self, const socket_address *remote)
{
    sockets_address to;
    socklen_t length;
    if (remote->host[0] == 0) return 0;
    if (remote->port == 0 || !mote_sockets_parse(remote, self->family, &to, &length)) return -IO_INVALID_ARGUMENT;
    return connect(self->fd, &to.any, length) == 0 ? 0 : mote_sockets_code(errno);
}

int32_t mote_port_udp_open(unsigned slot, const socket_address *local, const socket_address *remote)
{
    udp_fd *self = &sockets[slot];
    int32_t result = bind_to(self, local, remote);
    if (result == 0) result = connect_to(self, remote);
    if (result == 0 && fcntl(self->fd, F_SETFL, O_NONBLOCK) != 0) result = mote_sockets_code(errno);
    if (result < 0) mote_port_udp_close(slot);
    return result;
}

uint16_t mote_port_udp_local_port(unsigned slot)
{
    sockets_address local;
    socklen_t length = sizeof local;
    socket_address text;
    if (getsockname(sockets[slot].fd, &local.any, &length) != 0) return 0;
    mote_sockets_print(&local, &text);
    return text.port;
}

int32_t mote_port_udp_send(unsigned slot, const uint8_t *datagram, size_t length, const socket_address *to)
{
    sockets_address remote;
    socklen_t size = 0;
    if (to != NULL && !mote_sockets_parse(to, sockets[slot].family, &remote, &size)) return -IO_INVALID_ARGUMENT;
    const struct sockaddr *target = to == NULL ? NULL : &remote.any;
    ssize_t sent = sendto(sockets[slot].fd, datagram, length, 0, target, size);
    if (sent < 0 && errno == ECONNREFUSED) { /* of an earlier datagram; the next receive reports it */
        sockets[slot].refused = true;
        sent = sendto(sockets[slot].fd, datagram, length, 0, target, size);
    }
    return sent < 0 ? mote_sockets_code(errno) : (int32_t)sent;
}

int32_t mote_port_udp_receive(unsigned slot, uint8_t *target, size_t size, socket_address *from)
{
    sockets_address sender;
    struct iovec part = {.iov_base = target, .iov_len = size};
    struct msghdr message = {.msg_name = &sender, .msg_namelen = sizeof sender, .msg_iov = &part, .msg_iovlen = 1};
    ssize_t length = recvmsg(sockets[slot].fd, &message, WHOLE_LENGTH);
    if (length < 0 && errno == EAGAIN && sockets[slot].refused) errno = ECONNREFUSED;
    if (length < 0) sockets[slot].refused = false;
    if (length < 0) return mote_sockets_code(errno);
    mote_sockets_print(&sender, from);
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

int mote_udp_fd(unsigned slot)
{
    return mote_udp_is_awaited(slot) ? sockets[slot].fd : -1;
}
