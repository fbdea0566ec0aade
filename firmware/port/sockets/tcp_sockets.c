/* TCP of port.h. */
#include "addresses.h"
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/poll.h>
#include <unistd.h>

/* Writing to a closed stream must be an error of the call, not a signal. */
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

static int stream = -1;

int mote_tcp_fd(void)
{
    return stream;
}

int32_t mote_port_tcp_connect(const socket_address *remote)
{
    sockets_address to;
    socklen_t length;
    if (!mote_sockets_parse(remote, AF_UNSPEC, &to, &length)) return -IO_INVALID_ARGUMENT;
    stream = socket(to.any.sa_family, SOCK_STREAM, 0);
    if (stream < 0) return mote_sockets_code(errno);
    bool begun = fcntl(stream, F_SETFL, O_NONBLOCK) == 0 && connect(stream, &to.any, length) == 0;
    if (begun || errno == EINPROGRESS) return 0;
    int32_t code = mote_sockets_code(errno);
    mote_port_tcp_close();
    return code;
}

int32_t mote_port_tcp_connected(void)
{
    struct pollfd one = {.fd = stream, .events = POLLOUT};
    int error = 0;
    socklen_t length = sizeof error;
    if (poll(&one, 1, 0) <= 0) return 0;
    if (getsockopt(stream, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
    return error == 0 ? 1 : mote_sockets_code(error);
}

int32_t mote_port_tcp_send(const uint8_t *bytes, size_t length)
{
    if (length == 0) return 0;
    ssize_t sent = send(stream, bytes, length, MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN ? 0 : mote_sockets_code(errno);
    return (int32_t)sent;
}

int32_t mote_port_tcp_receive(uint8_t *target, size_t size)
{
    ssize_t length = recv(stream, target, size, 0);
    return length < 0 ? mote_sockets_code(errno) : (int32_t)length;
}

void mote_port_tcp_close(void)
{
    if (stream >= 0) close(stream);
    stream = -1;
}
