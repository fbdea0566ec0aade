/* UDP and name resolution of port.h on lwIP's raw API, over the virtio driver. The board is 10.0.2.15 and fec0::15. */
#include "board.h"
#include "port.h"

#include <ctype.h>
#include <lwip/dns.h>
#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/sys.h>
#include <lwip/timeouts.h>
#include <lwip/udp.h>
#include <netif/ethernet.h>
#include <string.h>

enum { FRAME_BYTES = 1526, MOST_WAITING = 4, RESOLVE_MS = 10000, MOST_IPV4 = 1472, MOST_IPV6 = 1452 };
enum { DRAIN_MS = 1000, TYPE_AT = 12, IPV4_PROTOCOL_AT = 23, IPV6_PROTOCOL_AT = 20 };

typedef struct {
    struct udp_pcb *pcb;
    struct pbuf *waiting[MOST_WAITING];
    socket_address senders[MOST_WAITING];
    unsigned count;
} udp_slot;

static struct netif interface;
static uint8_t frame[FRAME_BYTES];
static udp_slot slots[UDP_SLOTS];
/* Datagrams that lwIP has queued because it does not know the next hop's hardware address yet. */
static unsigned pending;

u32_t sys_now(void)
{
    return (u32_t)(board_ticks() / TICKS_PER_MS);
}

static bool has_datagram(const uint8_t *bytes)
{
    unsigned type = (unsigned)bytes[TYPE_AT] << 8 | bytes[TYPE_AT + 1];
    if (type == ETHTYPE_IP) return bytes[IPV4_PROTOCOL_AT] == IP_PROTO_UDP;
    return type == ETHTYPE_IPV6 && bytes[IPV6_PROTOCOL_AT] == IP_PROTO_UDP;
}

static err_t send_frame(struct netif *self, struct pbuf *packet)
{
    (void)self;
    u16_t length = pbuf_copy_partial(packet, frame, sizeof frame, 0);
    if (has_datagram(frame) && pending > 0) pending--;
    return vnet_send(frame, length) == 0 ? ERR_OK : ERR_IF;
}

static err_t init_interface(struct netif *self)
{
    self->name[0] = 'v';
    self->name[1] = 'n';
    self->mtu = 1500;
    self->hwaddr_len = 6;
    self->output = etharp_output;
    self->output_ip6 = ethip6_output;
    self->linkoutput = send_frame;
    self->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_LINK_UP;
    return ERR_OK;
}

/** The address is fixed, without router solicitation, because QEMU's network is always the same. */
static void add_ipv6_address(void)
{
    ip6_addr_t own;
    IP6_ADDR(&own, PP_HTONL(0xfec00000), 0, 0, PP_HTONL(0x15));
    netif_create_ip6_linklocal_address(&interface, 1);
    netif_ip6_addr_set(&interface, 1, &own);
    for (s8_t i = 0; i < 2; i++) netif_ip6_addr_set_state(&interface, i, IP6_ADDR_PREFERRED);
}

int network_init(void)
{
    ip4_addr_t own, mask, gateway;
    ip_addr_t names;
    uint8_t mac[6];
    if (vnet_init(mac) != 0) return -1;
    memcpy(interface.hwaddr, mac, sizeof mac);
    lwip_init();
    IP4_ADDR(&own, 10, 0, 2, 15);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&gateway, 10, 0, 2, 2);
    if (netif_add(&interface, &own, &mask, &gateway, NULL, init_interface, ethernet_input) == NULL) return -1;
    netif_set_default(&interface);
    netif_set_up(&interface);
    add_ipv6_address();
    IP_ADDR4(&names, 10, 0, 2, 3);
    dns_setserver(0, &names);
    return 0;
}

void network_poll(void)
{
    for (size_t length = vnet_receive(frame, sizeof frame); length > 0; length = vnet_receive(frame, sizeof frame)) {
        struct pbuf *packet = pbuf_alloc(PBUF_RAW, (u16_t)length, PBUF_POOL);
        if (packet == NULL) continue; /* dropped, as by a full radio */
        pbuf_take(packet, frame, (u16_t)length);
        if (interface.input(packet, &interface) != ERR_OK) pbuf_free(packet);
    }
    sys_check_timeouts();
}

void network_drain(void)
{
    uint32_t start = sys_now();
    while ((pending > 0 || !vnet_is_idle()) && sys_now() - start < DRAIN_MS) network_poll();
}

static int32_t code_of(err_t error)
{
    switch (error) {
    case ERR_OK: return 0;
    case ERR_USE: return -IO_ADDRESS_IN_USE;
    case ERR_RTE: return -IO_NETWORK_UNREACHABLE;
    case ERR_MEM:
    case ERR_BUF: return -IO_NO_SPACE;
    case ERR_VAL:
    case ERR_ARG: return -IO_INVALID_ARGUMENT;
    default: return -IO_FAILED;
    }
}

/** Lowercase, as usual. */
static void write_address(const ip_addr_t *address, char *text)
{
    ipaddr_ntoa_r(address, text, ADDRESS_BYTES);
    for (; *text != 0; text++) *text = (char)tolower((unsigned char)*text);
}

static void received(void *context, struct udp_pcb *pcb, struct pbuf *packet, const ip_addr_t *address, u16_t port)
{
    (void)pcb;
    udp_slot *self = context;
    if (self->count == MOST_WAITING) {
        pbuf_free(packet);
        return;
    }
    socket_address *sender = &self->senders[self->count];
    self->waiting[self->count++] = packet;
    write_address(address, sender->host);
    sender->port = port;
}

int32_t mote_port_udp_open(unsigned slot, const socket_address *local, const socket_address *remote)
{
    udp_slot *self = &slots[slot];
    ip_addr_t own = *IP_ANY_TYPE, peer;
    if (local->host[0] != 0 && !ipaddr_aton(local->host, &own)) return -IO_INVALID_ARGUMENT;
    if (remote->host[0] != 0 && (!ipaddr_aton(remote->host, &peer) || remote->port == 0)) return -IO_INVALID_ARGUMENT;
    self->pcb = udp_new_ip_type(IPADDR_TYPE_ANY);
    if (self->pcb == NULL) return -IO_NO_SPACE;
    err_t error = udp_bind(self->pcb, &own, local->port);
    if (error == ERR_OK && remote->host[0] != 0) error = udp_connect(self->pcb, &peer, remote->port);
    udp_recv(self->pcb, received, self);
    if (error != ERR_OK) mote_port_udp_close(slot);
    return code_of(error);
}

uint16_t mote_port_udp_local_port(unsigned slot)
{
    return slots[slot].pcb->local_port;
}

int32_t mote_port_udp_send(unsigned slot, const uint8_t *datagram, size_t length, const socket_address *to)
{
    ip_addr_t peer;
    if (to == NULL) peer = slots[slot].pcb->remote_ip;
    else if (!ipaddr_aton(to->host, &peer)) return -IO_INVALID_ARGUMENT;
    if (length > (IP_IS_V6(&peer) ? MOST_IPV6 : MOST_IPV4)) return -IO_MESSAGE_TOO_LARGE;
    struct pbuf *packet = pbuf_alloc(PBUF_TRANSPORT, (u16_t)length, PBUF_RAM);
    if (packet == NULL) return -IO_NO_SPACE;
    pbuf_take(packet, datagram, (u16_t)length);
    pending++;
    err_t error = to == NULL ? udp_send(slots[slot].pcb, packet) : udp_sendto(slots[slot].pcb, packet, &peer, to->port);
    pbuf_free(packet);
    if (error != ERR_OK && pending > 0) pending--;
    return error == ERR_OK ? (int32_t)length : code_of(error);
}

int32_t mote_port_udp_receive(unsigned slot, uint8_t *target, size_t size, socket_address *from)
{
    udp_slot *self = &slots[slot];
    if (self->count == 0) return -IO_WOULD_BLOCK;
    struct pbuf *packet = self->waiting[0];
    *from = self->senders[0];
    self->count--;
    memmove(self->waiting, self->waiting + 1, self->count * sizeof self->waiting[0]);
    memmove(self->senders, self->senders + 1, self->count * sizeof self->senders[0]);
    int32_t length = packet->tot_len;
    pbuf_copy_partial(packet, target, (u16_t)(size > UINT16_MAX ? UINT16_MAX : size), 0);
    pbuf_free(packet);
    return length;
}

bool mote_port_udp_readable(unsigned slot)
{
    return slots[slot].count > 0;
}

void mote_port_udp_close(unsigned slot)
{
    udp_slot *self = &slots[slot];
    while (self->count > 0) pbuf_free(self->waiting[--self->count]);
    if (self->pcb != NULL) udp_remove(self->pcb);
    self->pcb = NULL;
}

/* Name resolution: the script's fiber waits, and so does the whole board. */

typedef struct {
    bool done, known;
    ip_addr_t address;
} answer;

static void found(const char *name, const ip_addr_t *address, void *context)
{
    (void)name;
    answer *into = context;
    into->done = true;
    into->known = address != NULL;
    if (address != NULL) into->address = *address;
}

void mote_port_resolve(const char *host, char (*addresses)[ADDRESS_BYTES], unsigned most)
{
    (void)most;
    static answer into; /* static, because it has to outlive a late callback */
    into.done = false;
    addresses[0][0] = addresses[1][0] = 0;
    err_t error = dns_gethostbyname(host, &into.address, found, &into);
    if (error == ERR_OK) into.done = into.known = true;
    uint32_t start = sys_now();
    while (error == ERR_INPROGRESS && !into.done && sys_now() - start < RESOLVE_MS) network_poll();
    if (into.done && into.known) write_address(&into.address, addresses[0]);
}
