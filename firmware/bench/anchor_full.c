/*
 * Measures mbedTLS's own DTLS 1.2 with each kind of credentials: what test/device/bench/credentials.ts measures of
 * Mote, with the same settings.
 */
#include "library_link.h"
#include "port.h"
#include "settings.h"

#include <mbedtls/pk.h>
#include <mbedtls/ssl_cache.h>
#include <mbedtls/x509_crt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const char settings_partition[];

enum { MOST_DER = 1024, SAVED_BYTES = 512, ID_BYTES = 4 };

static const int psk_suites[] = {MBEDTLS_TLS_PSK_WITH_AES_128_CCM_8, 0};
static const int certificate_suites[] = {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8, 0};

static mbedtls_ssl_cache_context cache;
static mbedtls_x509_crt certificate, trusted;
static mbedtls_pk_context key;
static mbedtls_ssl_session session;
static bool with_ids;

const char *mote_port_setting(const char *name, size_t *length)
{
    return mote_settings_find(settings_partition, SIZE_MAX, name, length);
}

static bool is_setting(const char *name, const char *expected)
{
    char text[24];
    return mote_setting_text(name, text, sizeof text) && strcmp(text, expected) == 0;
}

static unsigned digit(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

/** Decodes a setting of hexadecimal digits. Returns the number of bytes. */
static size_t bytes_of(const char *name, unsigned char *bytes)
{
    size_t digits = 0;
    const char *text = mote_port_setting(name, &digits);
    if (text == NULL || digits > 2 * MOST_DER) require(-1, name);
    for (size_t i = 0; i < digits / 2; i++)
        bytes[i] = (unsigned char)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
    return digits / 2;
}

static void read_certificate(mbedtls_x509_crt *target, const char *name)
{
    unsigned char der[MOST_DER];
    mbedtls_x509_crt_init(target);
    require(mbedtls_x509_crt_parse_der(target, der, bytes_of(name, der)), name);
}

static void read_key(void)
{
    unsigned char scalar[MOST_DER];
    size_t length = bytes_of("key", scalar);
    mbedtls_pk_init(&key);
    require(mbedtls_pk_setup(&key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)), "pk");
    mbedtls_ecp_keypair *pair = mbedtls_pk_ec(key);
    require(mbedtls_ecp_group_load(&pair->grp, MBEDTLS_ECP_DP_SECP256R1), "group");
    require(mbedtls_mpi_read_binary(&pair->d, scalar, length), "scalar");
    /*
     * Taken from the certificate: computing it would create a table of multiples, which the first signature has to pay
     * for.
     */
    require(mbedtls_ecp_copy(&pair->Q, &mbedtls_pk_ec(certificate.pk)->Q), "public key");
}

/** The client trusts the server's own certificate, or its issuer's. */
static void configure_certificates(void)
{
    bool is_pinned = is_setting("credentials", "pinned-certificate");
    read_certificate(&certificate, "cert");
    read_certificate(&trusted, is_pinned ? "cert" : "ca");
    read_key();
    mbedtls_ssl_conf_ca_chain(&configs[CLIENT], &trusted, NULL);
    mbedtls_ssl_conf_authmode(&configs[CLIENT], MBEDTLS_SSL_VERIFY_REQUIRED);
    require(mbedtls_ssl_conf_own_cert(&configs[SERVER], &certificate, &key), "own_cert");
}

static void configure_all(void)
{
    bool is_psk = is_setting("credentials", "psk");
    for (int side = CLIENT; side <= SERVER; side++) {
        configure(side, is_psk ? psk_suites : certificate_suites);
        if (is_psk) configure_psk(side);
        require(mbedtls_ssl_conf_cid(&configs[side], side == SERVER ? ID_BYTES : 0, MBEDTLS_SSL_UNEXPECTED_CID_IGNORE),
                "conf_cid");
    }
    if (!is_psk) configure_certificates();
    mbedtls_ssl_cache_init(&cache);
    mbedtls_ssl_conf_session_cache(&configs[SERVER], &cache, mbedtls_ssl_cache_get, mbedtls_ssl_cache_set);
}

static void use_ids(int side)
{
    static const unsigned char id[ID_BYTES] = {0xc0, 0xff, 0xee, 1};
    if (with_ids) require(mbedtls_ssl_set_cid(&contexts[side], 1, id, side == SERVER ? ID_BYTES : 0), "cid");
}

static void use_session(int side)
{
    if (side == CLIENT) require(mbedtls_ssl_set_session(&contexts[CLIENT], &session), "set_session");
}

static void resume(void)
{
    wire_bytes = wire_datagrams = 0;
    handshake(RESUMED_CLIENT, RESUMED_SERVER, use_session);
    if (memcmp(contexts[CLIENT].session->id, session.id, session.id_len) != 0) require(-1, "not resumed");
    hang_up();
}

static void resumptions(void)
{
    mbedtls_ssl_session_init(&session);
    require(mbedtls_ssl_get_session(&contexts[CLIENT], &session), "get_session");
    hang_up();
    for (unsigned i = 0; i < RESUMPTIONS; i++) resume();
    bench_print("resumed_wire_bytes", wire_bytes);
    bench_print("resumed_wire_datagrams", wire_datagrams);
}

/** Like a sleeping sensor: restores what was saved, sends a record in one datagram, and saves for the next wake. */
static size_t wake(unsigned char *saved, size_t length)
{
    static const unsigned char message[RECORD_BYTES] = {0};
    mbedtls_ssl_context *client = &contexts[CLIENT];
    set_up(CLIENT);
    require(mbedtls_ssl_context_load(client, saved, length), "context_load");
    if (mbedtls_ssl_write(client, message, sizeof message) != RECORD_BYTES) require(-1, "write");
    require(mbedtls_ssl_context_save(client, saved, SAVED_BYTES, &length), "context_save");
    mbedtls_ssl_free(client);
    return length;
}

static void wakes(void)
{
    unsigned char saved[SAVED_BYTES], received[2 * RECORD_BYTES];
    size_t length;
    with_ids = true;
    handshake(NOBODY, NOBODY, use_ids);
    require(mbedtls_ssl_context_save(&contexts[CLIENT], saved, sizeof saved, &length), "context_save");
    mbedtls_ssl_free(&contexts[CLIENT]);
    for (unsigned i = 0; i < WAKES; i++) {
        uint64_t before = wire_bytes;
        bench_begin(WAKE);
        length = wake(saved, length);
        bench_turn(NOBODY);
        if (i == 0) bench_print("wake_bytes", wire_bytes - before);
        if (mbedtls_ssl_read(&contexts[SERVER], received, sizeof received) != RECORD_BYTES) require(-1, "record");
    }
}

static void report_accounts(void)
{
    for (unsigned i = 1; i < ACCOUNTS; i++) bench_print(bench_account_name((account)i), bench_instructions((account)i));
}

static void records(void)
{
    with_ids = true;
    handshake(NOBODY, NOBODY, use_ids);
    for (unsigned i = 0; i < RECORDS; i++) {
        exchange(CLIENT, SEND_CLIENT, RECEIVE_SERVER);
        exchange(SERVER, SEND_SERVER, RECEIVE_CLIENT);
    }
    report_accounts();
}

static void speed(void)
{
    handshake(HANDSHAKE_CLIENT, HANDSHAKE_SERVER, NULL);
    bench_print("wire_bytes", wire_bytes);
    bench_print("wire_datagrams", wire_datagrams);
    resumptions();
    if (is_setting("credentials", "psk")) wakes();
    report_accounts();
}

static void memory(void)
{
    size_t length;
    with_ids = mote_port_setting("ids", &length) != NULL;
    bench_reset_heap_peaks();
    bench_paint_stack();
    handshake(HANDSHAKE_CLIENT, HANDSHAKE_SERVER, use_ids);
    exchange(CLIENT, SEND_CLIENT, RECEIVE_SERVER);
    exchange(SERVER, SEND_SERVER, RECEIVE_CLIENT);
    report_memory(bench_stack_depth());
}

int main(void)
{
    bench_random_start();
    configure_all();
    if (is_setting("mode", "speed")) speed();
    else if (is_setting("mode", "records")) records();
    else memory();
    puts("done");
    return 0;
}
