/* Streams of @devicescript/net over a port's TCP. */
#ifndef MOTE_TCP_H
#define MOTE_TCP_H

#include "mote_vm.h"

#include <stddef.h>

/** Bits for what a sleeping port has to wake up for. */
enum {
    TCP_AWAITS_DATA = 1,   /* received bytes, or the peer's end */
    TCP_AWAITS_ROOM = 2,   /* room for bytes to send, or the end of connecting */
    TCP_AWAITS_MEMORY = 4, /* memory of the program: check again after TCP_PAUSE_MS */
    TCP_AWAITS_NOTHING = 8 /* bytes are available that no socket reports */
};
enum { TCP_PAUSE_MS = 20 };

/** Reports the stream's events to the program, and sends and receives what is possible. */
void mote_tcp_poll(mote_vm *vm);
unsigned mote_tcp_awaits(void);
void mote_tcp_close(mote_vm *vm);

/** TLS over the one stream of port.h. None of these functions blocks; results are those of port.h's TCP. */
typedef struct {
    /** Prepares for a peer that has to prove that it is `host`, a name or an address. */
    int32_t (*begin)(const char *host);
    /** Called once TCP is connected. */
    int32_t (*connected)(void);
    /** If no bytes were taken, the same bytes are passed again. */
    int32_t (*send)(const uint8_t *bytes, size_t length);
    int32_t (*receive)(uint8_t *target, size_t size);
    /** Whether there are bytes that no socket reports any more. */
    bool (*has_bytes)(void);
    /** A sentence describing the error; NULL: the code is enough. */
    const char *(*complaint)(void);
    /** Sends close_notify and frees everything; the TCP stream stays open. */
    void (*end)(void);
} tls_functions;

/** For ports that have TLS. */
void mote_tcp_use_tls(const tls_functions *tls);

#endif
