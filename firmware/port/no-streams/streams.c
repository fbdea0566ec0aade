/* TCP of port.h for ports without it. */
#include "port.h"

int32_t mote_port_tcp_connect(const socket_address *remote)
{
    (void)remote;
    return -IO_NETWORK_UNREACHABLE;
}

int32_t mote_port_tcp_connected(void)
{
    return -IO_NETWORK_UNREACHABLE;
}

int32_t mote_port_tcp_send(const uint8_t *bytes, size_t length)
{
    (void)bytes, (void)length;
    return -IO_NETWORK_UNREACHABLE;
}

int32_t mote_port_tcp_receive(uint8_t *target, size_t size)
{
    (void)target, (void)size;
    return -IO_NETWORK_UNREACHABLE;
}

void mote_port_tcp_close(void)
{
}
