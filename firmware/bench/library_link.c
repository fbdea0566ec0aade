/* mbedTLS's own DTLS 1.2 over a link in memory. */
#include "library_link.h"

#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cookie.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 16, DATAGRAM = 1200, READ_BYTES = 256 };

/** Datagrams in transit, one queue for each sender. */
static struct {
    uint8_t bytes[PLACES][DATAGRAM];
    size_t lengths[PLACES];
    unsigned in, out;
} links[2];
uint64_t wire_bytes, wire_datagrams;
mbedtls_ssl_config configs[2];
mbedtls_ssl_context contexts[2];

static const unsigned char key[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
static const char identity[] = "device-0001";
static const unsigned char address[] = "127.0.0.1:1234";

static mbedtls_ssl_cookie_ctx cookies;
static struct {
    int side;
    uint32_t final;
} ends[2] = {{CLIENT, 0}, {SERVER, 0}};

void require(int status, const char *what)
{
    if (status == 0) return;
    printf("error: %s: -0x%04x\n", what, (unsigned)-status);
    exit(1);
}

static int put(void *context, const unsigned char *bytes, size_t length)
{
    account sender = bench_turn(NOBODY); /* the link itself is charged to neither side */
    int side = ((const int *)context)[0];
    unsigned place = links[side].in++ % PLACES;
    memcpy(links[side].bytes[place], bytes, length);
    links[side].lengths[place] = length;
    wire_bytes += length;
    wire_datagrams++;
    bench_begin(sender);
    return (int)length;
}

static int get(void *context, unsigned char *bytes, size_t size)
{
    int other = 1 - ((const int *)context)[0];
    if (links[other].out == links[other].in) return MBEDTLS_ERR_SSL_WANT_READ;
    account receiver = bench_turn(NOBODY);
    unsigned place = links[other].out++ % PLACES;
    size_t length = links[other].lengths[place] < size ? links[other].lengths[place] : size;
    memcpy(bytes, links[other].bytes[place], length);
    bench_begin(receiver);
    return (int)length;
}

/* No time passes: timers only record whether they run. */
static void set_timer(void *context, uint32_t middle, uint32_t final)
{
    (void)middle;
    ((uint32_t *)context)[1] = final;
}

static int get_timer(void *context)
{
    return ((const uint32_t *)context)[1] == 0 ? -1 : 0;
}

void configure(int side, const int *suites)
{
    mbedtls_ssl_config *config = &configs[side];
    mbedtls_ssl_config_init(config);
    require(mbedtls_ssl_config_defaults(config, side == CLIENT ? MBEDTLS_SSL_IS_CLIENT : MBEDTLS_SSL_IS_SERVER,
                                        MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT),
            "defaults");
    mbedtls_ssl_conf_rng(config, bench_random, NULL);
    mbedtls_ssl_conf_ciphersuites(config, suites);
    mbedtls_ssl_conf_min_version(config, 3, 3);
    mbedtls_ssl_conf_max_version(config, 3, 3);
    require(mbedtls_ssl_conf_max_frag_len(config, MBEDTLS_SSL_MAX_FRAG_LEN_1024), "max_frag_len");
    if (side == CLIENT) return;
    mbedtls_ssl_cookie_init(&cookies);
    require(mbedtls_ssl_cookie_setup(&cookies, bench_random, NULL), "cookie");
    mbedtls_ssl_conf_dtls_cookies(config, mbedtls_ssl_cookie_write, mbedtls_ssl_cookie_check, &cookies);
}

void configure_psk(int side)
{
    const unsigned char *name = (const unsigned char *)identity;
    require(mbedtls_ssl_conf_psk(&configs[side], key, sizeof key, name, sizeof identity - 1), "psk");
}

void set_up(int side)
{
    mbedtls_ssl_context *context = &contexts[side];
    mbedtls_ssl_init(context);
    require(mbedtls_ssl_setup(context, &configs[side]), "setup");
    mbedtls_ssl_set_timer_cb(context, &ends[side], set_timer, get_timer);
    mbedtls_ssl_set_bio(context, &ends[side], put, get, NULL);
    if (side == SERVER) require(mbedtls_ssl_set_client_transport_id(context, address, sizeof address), "address");
}

static int step(int side, account turn)
{
    bench_begin(turn);
    int status = mbedtls_ssl_handshake(&contexts[side]);
    if (status == MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED) {
        mbedtls_ssl_session_reset(&contexts[side]);
        mbedtls_ssl_set_client_transport_id(&contexts[side], address, sizeof address);
        status = mbedtls_ssl_handshake(&contexts[side]);
    }
    bench_turn(NOBODY);
    if (status != MBEDTLS_ERR_SSL_WANT_READ) require(status, side == CLIENT ? "client" : "server");
    return status;
}

void handshake(account turn_of_client, account turn_of_server, preparation prepare)
{
    for (int side = CLIENT; side <= SERVER; side++) {
        bench_begin(side == CLIENT ? turn_of_client : turn_of_server);
        set_up(side);
        if (prepare != NULL) prepare(side);
        bench_turn(NOBODY);
    }
    int client = -1, server = -1;
    for (unsigned i = 0; i < 20 && (client != 0 || server != 0); i++) {
        if (client != 0) client = step(CLIENT, turn_of_client);
        if (server != 0) server = step(SERVER, turn_of_server);
    }
    if (client != 0 || server != 0) require(-1, "no handshake");
}

void hang_up(void)
{
    mbedtls_ssl_free(&contexts[CLIENT]);
    mbedtls_ssl_free(&contexts[SERVER]);
}

void exchange(int from, account sending, account receiving)
{
    unsigned char message[RECORD_BYTES] = {0}, received[READ_BYTES];
    bench_begin(sending);
    int sent = mbedtls_ssl_write(&contexts[from], message, sizeof message);
    bench_begin(receiving);
    int length = mbedtls_ssl_read(&contexts[1 - from], received, sizeof received);
    bench_turn(NOBODY);
    if (sent != RECORD_BYTES || length != RECORD_BYTES) require(-1, "record");
}

void report_memory(uint32_t stack)
{
    bench_print("heap_natives_peak", (uint64_t)bench_heaps[CLIENT].peak);
    bench_print("heap_natives_idle", (uint64_t)bench_heaps[CLIENT].now);
    bench_print("heap_shared", (uint64_t)bench_heaps[SHARED].now);
    bench_print("context", sizeof contexts[0]);
    bench_print("config", sizeof configs[0]);
    bench_print("stack", stack);
}
