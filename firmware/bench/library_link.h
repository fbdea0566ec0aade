/* Shared by both measurements of mbedTLS's own DTLS 1.2: two ends, and a link in memory between them. */
#ifndef MOTE_BENCH_LIBRARY_LINK_H
#define MOTE_BENCH_LIBRARY_LINK_H

#include "support.h"

#include <mbedtls/ssl.h>

/** By side: CLIENT, SERVER. */
extern mbedtls_ssl_config configs[2];
extern mbedtls_ssl_context contexts[2];
/** UDP payloads and datagrams of both sides together. */
extern uint64_t wire_bytes, wire_datagrams;

/** Ends the measurement unless `status` is 0, saying what failed. */
void require(int status, const char *what);

/** DTLS 1.2 with cookies, the extended master secret and records of 1 KB. @param suites ends with 0; not copied */
void configure(int side, const int *suites);
void configure_psk(int side);

/** A context for a new connection. */
void set_up(int side);

/** Prepares a context for its handshake. */
typedef void (*preparation)(int side);

/** Sets up both contexts and runs a handshake. @param prepare may be NULL */
void handshake(account turn_of_client, account turn_of_server, preparation prepare);
void hang_up(void);

/** Sends and receives one record of RECORD_BYTES. @param from the side that sends it */
void exchange(int from, account sending, account receiving);

void report_memory(uint32_t stack);

#endif
