/* TCP of port.h on lwIP's raw API. Received data stays in lwIP's buffers until the program takes it. */
#include "board.h"
#include "port.h"

#include <lwip/tcp.h>

static struct {
    struct tcp_pcb *pcb; /* NULL: none, or lwIP has freed it */
    struct pbuf *arrived;
    bool connected, ended;
    err_t failure;
} stream;

static int32_t code_of(err_t error)
{
    switch (error) {
    case ERR_OK: return 0;
    case ERR_MEM:
    case ERR_BUF: return -IO_NO_SPACE;
    case ERR_RTE: return -IO_NETWORK_UNREACHABLE;
    case ERR_TIMEOUT: return -IO_TIMED_OUT;
    case ERR_ABRT:
    case ERR_CLSD:
    case ERR_RST: return -IO_CONNECTION_CLOSED;
    default: return -IO_FAILED;
    }
}

/** lwIP has already freed the pcb. A reset in answer to the first segment means that nothing listens on the port. */
static void failed(void *context, err_t error)
{
    (void)context;
    stream.pcb = NULL;
    stream.failure = error;
}

static err_t connected(void *context, struct tcp_pcb *pcb, err_t error)
{
    (void)context, (void)pcb;
    stream.connected = error == ERR_OK;
    return ERR_OK;
}

static err_t arrived(void *context, struct tcp_pcb *pcb, struct pbuf *packet, err_t error)
{
    (void)context, (void)pcb, (void)error;
    if (packet == NULL) stream.ended = true;
    else if (stream.arrived == NULL) stream.arrived = packet;
    else pbuf_cat(stream.arrived, packet);
    return ERR_OK;
}

int32_t mote_port_tcp_connect(const socket_address *remote)
{
    ip_addr_t peer;
    if (!ipaddr_aton(remote->host, &peer)) return -IO_INVALID_ARGUMENT;
    stream.connected = stream.ended = false;
    stream.failure = ERR_OK;
    stream.pcb = tcp_new_ip_type(IP_GET_TYPE(&peer));
    if (stream.pcb == NULL) return -IO_NO_SPACE;
    tcp_recv(stream.pcb, arrived);
    tcp_err(stream.pcb, failed);
    err_t error = tcp_connect(stream.pcb, &peer, remote->port, connected);
    if (error != ERR_OK) mote_port_tcp_close();
    return code_of(error);
}

int32_t mote_port_tcp_connected(void)
{
    if (stream.failure == ERR_RST) return -IO_CONNECTION_REFUSED;
    if (stream.failure != ERR_OK) return stream.failure == ERR_ABRT ? -IO_TIMED_OUT : code_of(stream.failure);
    return stream.connected ? 1 : 0;
}

int32_t mote_port_tcp_send(const uint8_t *bytes, size_t length)
{
    if (stream.pcb == NULL) return code_of(stream.failure == ERR_OK ? ERR_CLSD : stream.failure);
    size_t room = tcp_sndbuf(stream.pcb), taken = length < room ? length : room;
    if (taken == 0) return 0;
    err_t error = tcp_write(stream.pcb, bytes, (u16_t)taken, TCP_WRITE_FLAG_COPY);
    if (error == ERR_MEM) return 0;
    if (error == ERR_OK) error = tcp_output(stream.pcb);
    return error == ERR_OK ? (int32_t)taken : code_of(error);
}

int32_t mote_port_tcp_receive(uint8_t *target, size_t size)
{
    if (stream.arrived == NULL) {
        if (stream.failure != ERR_OK) return code_of(stream.failure);
        return stream.ended ? 0 : -IO_WOULD_BLOCK;
    }
    u16_t length = pbuf_copy_partial(stream.arrived, target, (u16_t)(size > UINT16_MAX ? UINT16_MAX : size), 0);
    stream.arrived = pbuf_free_header(stream.arrived, length);
    if (stream.pcb != NULL) tcp_recved(stream.pcb, length);
    return length;
}

void mote_port_tcp_close(void)
{
    if (stream.arrived != NULL) pbuf_free(stream.arrived);
    stream.arrived = NULL;
    if (stream.pcb == NULL) return;
    tcp_recv(stream.pcb, NULL);
    tcp_err(stream.pcb, NULL);
    if (tcp_close(stream.pcb) != ERR_OK) tcp_abort(stream.pcb);
    stream.pcb = NULL;
}
