/* Measures mbedTLS's own DTLS 1.2 with PSK and AES-128-CCM-8: what test/device/bench/handshakes.ts measures of Mote. */
#include "library_link.h"

#include <stdio.h>

static const int suites[] = {MBEDTLS_TLS_PSK_WITH_AES_128_CCM_8, 0};

int main(void)
{
    bench_random_start();
    for (int side = CLIENT; side <= SERVER; side++) {
        configure(side, suites);
        configure_psk(side);
    }
    bench_reset_heap_peaks();
    bench_paint_stack();
    handshake(HANDSHAKE_CLIENT, HANDSHAKE_SERVER, NULL);
    bench_print("wire_bytes", wire_bytes);
    bench_print("wire_datagrams", wire_datagrams);
    exchange(CLIENT, SEND_CLIENT, RECEIVE_SERVER);
    report_memory(bench_stack_depth());
    hang_up();
    uint64_t first[ACCOUNTS];
    for (unsigned i = 0; i < ACCOUNTS; i++) first[i] = bench_instructions((account)i);
    for (unsigned i = 0; i < HANDSHAKES; i++) {
        handshake(HANDSHAKE_CLIENT, HANDSHAKE_SERVER, NULL);
        if (i < HANDSHAKES - 1) hang_up();
    }
    for (unsigned i = 0; i < RECORDS; i++) {
        exchange(CLIENT, SEND_CLIENT, RECEIVE_SERVER);
        exchange(SERVER, SEND_SERVER, RECEIVE_CLIENT);
    }
    for (unsigned i = 1; i < ACCOUNTS; i++)
        bench_print(bench_account_name((account)i), bench_instructions((account)i) - first[i]);
    puts("done");
    return 0;
}
