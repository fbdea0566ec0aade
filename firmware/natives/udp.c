#include "udp.h"
#include "arguments.h"
#include "port.h"

#include <stdlib.h>
#include <string.h>

enum { HIGHEST_DATAGRAM = 65507, HIGHEST_SOCKET = 0x3fffffff };

typedef struct {
    bool open, connected;
    bool announced; /* the callback was started, and something has not been read yet */
    uint16_t generation;
    unsigned callback;      /* pin; 0: none */
    socket_address *sender; /* of the last datagram received; allocated for open sockets */
} udp_socket;

static udp_socket sockets[UDP_SLOTS];
static void (*when_taken)(void);

static int32_t handle_of(unsigned slot)
{
    return (int32_t)(sockets[slot].generation * UDP_SLOTS + slot + 1);
}

static udp_socket *socket_argument(mote_vm *vm, mote_value value, unsigned *slot)
{
    int32_t handle;
    if (!mote_integer_argument(vm, value, "socket", 1, HIGHEST_SOCKET, &handle)) return NULL;
    *slot = ((unsigned)handle - 1) % UDP_SLOTS;
    if (sockets[*slot].open && handle_of(*slot) == handle) return &sockets[*slot];
    mote_throw_range(vm, "socket", "an open socket");
    return NULL;
}

static bool address_argument(mote_vm *vm, const mote_value *args, const char *host, const char *port,
                             socket_address *address)
{
    int32_t number;
    if (!mote_short_text_argument(vm, args[0], host, address->host, ADDRESS_BYTES) ||
        !mote_integer_argument(vm, args[1], port, 0, 65535, &number))
        return false;
    address->port = (uint16_t)number;
    return true;
}

mote_value mote_native_udp_open(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    socket_address local, remote;
    unsigned slot = 0;
    if (!address_argument(vm, args, "localHost", "localPort", &local) ||
        !address_argument(vm, args + 2, "remoteHost", "remotePort", &remote))
        return MOTE_FAILED;
    while (slot < UDP_SLOTS && sockets[slot].open) slot++;
    if (slot == UDP_SLOTS) return mote_int(vm, -IO_NO_SPACE);
    socket_address *sender = calloc(1, sizeof *sender);
    int32_t result = sender == NULL ? -IO_NO_SPACE : mote_port_udp_open(slot, &local, &remote);
    if (result < 0) {
        free(sender);
        return mote_int(vm, result);
    }
    uint16_t generation = (uint16_t)(sockets[slot].generation + 1);
    bool connected = remote.host[0] != 0;
    sockets[slot] = (udp_socket){.open = true, .connected = connected, .generation = generation, .sender = sender};
    return mote_int(vm, handle_of(slot));
}

mote_value mote_native_udp_port(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    unsigned slot;
    return socket_argument(vm, args[0], &slot) == NULL ? MOTE_FAILED : mote_int(vm, mote_port_udp_local_port(slot));
}

mote_value mote_native_udp_send(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    unsigned slot;
    byte_view datagram;
    socket_address to;
    udp_socket *self = socket_argument(vm, args[0], &slot);
    if (self == NULL || !mote_buffer_argument(vm, args[1], "datagram", &datagram) ||
        !address_argument(vm, args + 2, "host", "port", &to))
        return MOTE_FAILED;
    if (datagram.length > HIGHEST_DATAGRAM) return mote_int(vm, -IO_MESSAGE_TOO_LARGE);
    if (!self->connected && (to.host[0] == 0 || to.port == 0)) return mote_int(vm, -IO_INVALID_ARGUMENT);
    return mote_int(vm, mote_port_udp_send(slot, datagram.data, datagram.length, self->connected ? NULL : &to));
}

mote_value mote_native_udp_receive(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    unsigned slot;
    uint8_t *target;
    size_t size;
    udp_socket *self = socket_argument(vm, args[0], &slot);
    if (self == NULL || !mote_target_argument(vm, args[1], "target", &target, &size)) return MOTE_FAILED;
    int32_t length = mote_port_udp_receive(slot, target, size, self->sender);
    if (length >= 0 && when_taken != NULL) when_taken();
    if (!mote_port_udp_readable(slot)) self->announced = false;
    return mote_int(vm, length);
}

mote_value mote_native_udp_sender(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    unsigned slot;
    udp_socket *self = socket_argument(vm, args[0], &slot);
    return self == NULL ? MOTE_FAILED : mote_new_string(vm, self->sender->host, strlen(self->sender->host));
}

mote_value mote_native_udp_sender_port(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    unsigned slot;
    udp_socket *self = socket_argument(vm, args[0], &slot);
    return self == NULL ? MOTE_FAILED : mote_int(vm, self->sender->port);
}

mote_value mote_native_udp_on_readable(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    unsigned slot;
    udp_socket *self = socket_argument(vm, args[0], &slot);
    if (self == NULL) return MOTE_FAILED;
    if (!mote_is_startable(vm, args[1])) return mote_throw_type(vm, "callback", "a function of the program");
    unsigned callback = mote_pin(vm, args[1]);
    if (callback == 0) return MOTE_FAILED;
    if (self->callback != 0) mote_unpin(vm, self->callback);
    self->callback = callback;
    self->announced = false;
    return MOTE_UNDEFINED;
}

mote_value mote_native_udp_is_readable(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    unsigned slot;
    return socket_argument(vm, args[0], &slot) == NULL ? MOTE_FAILED : mote_bool(mote_port_udp_readable(slot));
}

static void close_socket(mote_vm *vm, unsigned slot)
{
    mote_port_udp_close(slot);
    if (sockets[slot].callback != 0) mote_unpin(vm, sockets[slot].callback);
    sockets[slot].callback = 0;
    free(sockets[slot].sender);
    sockets[slot].sender = NULL;
    sockets[slot].open = false;
}

mote_value mote_native_udp_close(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    unsigned slot;
    if (socket_argument(vm, args[0], &slot) == NULL) return MOTE_FAILED;
    close_socket(vm, slot);
    return MOTE_UNDEFINED;
}

bool mote_udp_is_awaited(unsigned slot)
{
    return sockets[slot].open && sockets[slot].callback != 0 && !sockets[slot].announced;
}

void mote_udp_when_taken(void (*call)(void))
{
    when_taken = call;
}

void mote_udp_poll(mote_vm *vm)
{
    for (unsigned slot = 0; slot < UDP_SLOTS; slot++) {
        udp_socket *self = &sockets[slot];
        if (!self->open || self->callback == 0) continue;
        if (!mote_port_udp_readable(slot)) self->announced = false; /* read, or reported by a send */
        else if (!self->announced) /* no memory for a fiber: tries again at the next step */
            self->announced = mote_start(vm, mote_pinned(vm, self->callback), NULL, 0);
    }
}

void mote_udp_close_all(mote_vm *vm)
{
    for (unsigned slot = 0; slot < UDP_SLOTS; slot++)
        if (sockets[slot].open) close_socket(vm, slot);
}
