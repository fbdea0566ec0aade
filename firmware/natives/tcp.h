/* Streams of @devicescript/net over a port's TCP. */
#ifndef MOTE_TCP_H
#define MOTE_TCP_H

#include "mote_vm.h"

#include <stddef.h>

/** What a port that sleeps wakes up for, as bits. */
enum {
    TCP_AWAITS_DATA = 1,   /* bytes, or the peer's end */
    TCP_AWAITS_ROOM = 2,   /* for bytes to send, or the end of connecting */
    TCP_AWAITS_MEMORY = 4, /* of the program: it looks again after TCP_PAUSE_MS */
    TCP_AWAITS_NOTHING = 8 /* bytes are there already, which no socket shows */
};
enum { TCP_PAUSE_MS = 20 };

/** Tells the program what became of its stream, and sends and reads what can be. */
void mote_tcp_poll(mote_vm *vm);
unsigned mote_tcp_awaits(void);
void mote_tcp_close(mote_vm *vm);

/** TLS over the one stream of port.h. Nothing here waits; results are those of port.h's TCP. */
typedef struct {
    /** Makes ready for a peer that has to prove that it is `host`, a name or an address. */
    int32_t (*begin)(const char *host);
    /** Called from when TCP stands on. */
    int32_t (*connected)(void);
    /** Of bytes of which none were taken, the same ones come again. */
    int32_t (*send)(const uint8_t *bytes, size_t length);
    int32_t (*receive)(uint8_t *target, size_t size);
    /** Whether there are bytes that no socket shows any more. */
    bool (*has_bytes)(void);
    /** A sentence about what went wrong, NULL: the code says it. */
    const char *(*complaint)(void);
    /** Takes leave of the peer, and gives everything back; the stream stays. */
    void (*end)(void);
} tls_functions;

/** For ports that have TLS. */
void mote_tcp_use_tls(const tls_functions *tls);

#endif
