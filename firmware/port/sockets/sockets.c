#include "sockets.h"
#include "addresses.h"
#include "tcp.h"

#include <netdb.h>
#include <string.h>
#include <sys/poll.h>

void mote_sockets_wait(uint32_t ms, int wake_fd)
{
    struct pollfd waiting[UDP_SLOTS + 2];
    nfds_t count = 0;
    unsigned awaits = mote_tcp_awaits();
    for (unsigned slot = 0; slot < UDP_SLOTS; slot++)
        if (mote_udp_fd(slot) >= 0) waiting[count++] = (struct pollfd){.fd = mote_udp_fd(slot), .events = POLLIN};
    if ((awaits & (TCP_AWAITS_DATA | TCP_AWAITS_ROOM)) != 0) {
        int events = ((awaits & TCP_AWAITS_DATA) != 0 ? POLLIN : 0) | ((awaits & TCP_AWAITS_ROOM) != 0 ? POLLOUT : 0);
        waiting[count++] = (struct pollfd){.fd = mote_tcp_fd(), .events = (short)events};
    }
    if (wake_fd >= 0) waiting[count++] = (struct pollfd){.fd = wake_fd, .events = POLLIN};
    if ((awaits & TCP_AWAITS_NOTHING) != 0) ms = 0;
    if ((awaits & TCP_AWAITS_MEMORY) != 0 && ms > TCP_PAUSE_MS) ms = TCP_PAUSE_MS;
    poll(waiting, count, ms > INT32_MAX ? -1 : (int)ms);
}

void mote_port_resolve(const char *host, char (*addresses)[ADDRESS_BYTES], unsigned most)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM}, *found;
    unsigned count = 0;
    addresses[0][0] = 0;
    if (getaddrinfo(host, NULL, &hints, &found) != 0) return;
    static const int families[] = {AF_INET, AF_INET6};
    for (unsigned i = 0; i < 2; i++)
        for (const struct addrinfo *one = found; one != NULL && count < most - 1; one = one->ai_next) {
            socket_address text;
            sockets_address at;
            if (one->ai_family != families[i] || one->ai_addrlen > sizeof at) continue;
            memcpy(&at, one->ai_addr, one->ai_addrlen);
            mote_sockets_print(&at, &text);
            strcpy(addresses[count++], text.host);
        }
    addresses[count][0] = 0;
    freeaddrinfo(found);
}
