/*
 * mbedtls ROLE: an independent DTLS 1.2 peer for the interop cells, with a pre-shared key or certificates.
 *
 * It sends each line of its standard input as one message and prints what it receives, a line per message. A server
 * serves one client after another; a client with --resume connects twice, the second time with its session.
 */
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cache.h>
#include <mbedtls/ssl_cookie.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/timing.h>

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *identity = "", *suite = "TLS_PSK_WITH_AES_128_CCM_8", *alpn = "", *label = "";
static unsigned char key[64];
static size_t key_length;
/* Own certificate, its private key, and the authority that certifies the peer, in PEM. */
static const char *cert = "", *cert_key = "", *ca = "";
/* Length of its connection ids, -1: none; of the largest fragment and datagram, 0: default. */
static int port = 4433, cid = -1, fragment, mtu, resume, tickets = 1;
static int is_client;

static mbedtls_ssl_config conf;
static mbedtls_ctr_drbg_context drbg;
static mbedtls_entropy_context entropy;
static mbedtls_ssl_cookie_ctx cookies;
static mbedtls_ssl_cache_context cache;
static mbedtls_ssl_ticket_context ticket_keys;
static mbedtls_x509_crt own, authorities;
static mbedtls_pk_context own_key;
static mbedtls_timing_delay_context timer;

/* The association's address follows the source of its newest record. */
static int fd;
static struct sockaddr_in peer, newest;

static void check(const char *what, int code)
{
    if (code == 0) return;
    printf("failed: %s -0x%04x\n", what, (unsigned)-code);
    exit(1);
}

static int send_datagram(void *context, const unsigned char *data, size_t length)
{
    (void)context;
    ssize_t sent = sendto(fd, data, length, 0, (struct sockaddr *)&peer, sizeof peer);
    return sent < 0 ? MBEDTLS_ERR_SSL_INTERNAL_ERROR : (int)sent;
}

static int receive_datagram(void *context, unsigned char *out, size_t most)
{
    (void)context;
    socklen_t size = sizeof newest;
    ssize_t length = recvfrom(fd, out, most, MSG_DONTWAIT, (struct sockaddr *)&newest, &size);
    return length < 0 ? MBEDTLS_ERR_SSL_WANT_READ : (int)length;
}

static void open_socket(void)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((unsigned short)(is_client ? 0 : port))};
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    check("bind", bind(fd, (struct sockaddr *)&addr, sizeof addr));
    addr.sin_port = htons((unsigned short)port);
    peer = addr;
}

/* A server's client is the sender of the first datagram. */
static void await_client(void)
{
    char byte;
    socklen_t size = sizeof peer;
    if (recvfrom(fd, &byte, 1, MSG_PEEK, (struct sockaddr *)&peer, &size) < 0) check("recvfrom", -1);
}

static void read_key(const char *text)
{
    for (key_length = 0; text[2 * key_length] != 0 && key_length < sizeof key; key_length++) {
        char byte[3] = {text[2 * key_length], text[2 * key_length + 1], 0};
        key[key_length] = (unsigned char)strtoul(byte, NULL, 16);
    }
}

static void use_credentials(void)
{
    if (key_length > 0)
        check("psk", mbedtls_ssl_conf_psk(&conf, key, key_length, (const unsigned char *)identity, strlen(identity)));
    if (*cert != 0) {
        check("cert", mbedtls_x509_crt_parse_file(&own, cert));
        check("cert-key", mbedtls_pk_parse_keyfile(&own_key, cert_key, NULL, mbedtls_ctr_drbg_random, &drbg));
        check("own cert", mbedtls_ssl_conf_own_cert(&conf, &own, &own_key));
    }
    if (*ca == 0) return;
    check("ca", mbedtls_x509_crt_parse_file(&authorities, ca));
    mbedtls_ssl_conf_ca_chain(&conf, &authorities, NULL);
    mbedtls_ssl_conf_authmode(&conf, MBEDTLS_SSL_VERIFY_REQUIRED);
}

/* mbedTLS's names of suites have other separators than IANA's. */
static void use_suite(void)
{
    static int suites[2];
    char name[64] = "";
    for (size_t i = 0; suite[i] != 0 && i + 1 < sizeof name; i++) name[i] = suite[i] == '_' ? '-' : suite[i];
    suites[0] = mbedtls_ssl_get_ciphersuite_id(name);
    if (suites[0] == 0) check("suite", -1);
    mbedtls_ssl_conf_ciphersuites(&conf, suites);
}

static void use_sessions(void)
{
    if (is_client) {
        mbedtls_ssl_conf_session_tickets(&conf, tickets);
        return;
    }
    mbedtls_ssl_conf_dtls_cookies(&conf, mbedtls_ssl_cookie_write, mbedtls_ssl_cookie_check, &cookies);
    check("cookies", mbedtls_ssl_cookie_setup(&cookies, mbedtls_ctr_drbg_random, &drbg));
    mbedtls_ssl_conf_session_cache(&conf, &cache, mbedtls_ssl_cache_get, mbedtls_ssl_cache_set);
    if (!tickets) return;
    check("ticket keys",
          mbedtls_ssl_ticket_setup(&ticket_keys, mbedtls_ctr_drbg_random, &drbg, MBEDTLS_CIPHER_AES_256_GCM, 86400));
    mbedtls_ssl_conf_session_tickets_cb(&conf, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse, &ticket_keys);
}

static void use_extensions(void)
{
    static const char *protocols[2];
    if (cid >= 0) check("cid", mbedtls_ssl_conf_cid(&conf, (size_t)cid, MBEDTLS_SSL_UNEXPECTED_CID_IGNORE));
    if (fragment == 512) check("fragment", mbedtls_ssl_conf_max_frag_len(&conf, MBEDTLS_SSL_MAX_FRAG_LEN_512));
    protocols[0] = alpn;
    if (*alpn != 0) check("alpn", mbedtls_ssl_conf_alpn_protocols(&conf, protocols));
}

static void configure(void)
{
    mbedtls_ssl_config_init(&conf);
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&drbg);
    mbedtls_ssl_cookie_init(&cookies);
    mbedtls_ssl_cache_init(&cache);
    mbedtls_ssl_ticket_init(&ticket_keys);
    mbedtls_x509_crt_init(&own);
    mbedtls_x509_crt_init(&authorities);
    mbedtls_pk_init(&own_key);
    check("seed", mbedtls_ctr_drbg_seed(&drbg, mbedtls_entropy_func, &entropy, NULL, 0));
    check("defaults", mbedtls_ssl_config_defaults(&conf, is_client ? MBEDTLS_SSL_IS_CLIENT : MBEDTLS_SSL_IS_SERVER,
                                                  MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT));
    mbedtls_ssl_conf_rng(&conf, mbedtls_ctr_drbg_random, &drbg);
    use_suite();
    use_credentials();
    use_sessions();
    use_extensions();
}

/* Waits for a datagram, for a line if the caller takes lines, or for some time, after which the library checks its
 * timer. Returns whether there is a line. */
static int await(int takes_lines)
{
    struct pollfd wait[2] = {{.fd = fd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    if (poll(wait, takes_lines ? 2 : 1, 100) < 0) check("poll", -1);
    return (wait[1].revents & (POLLIN | POLLHUP)) != 0;
}

static int handshake(mbedtls_ssl_context *ssl)
{
    for (;;) {
        int result = mbedtls_ssl_handshake(ssl);
        if (result != MBEDTLS_ERR_SSL_WANT_READ) return result;
        await(0);
    }
}

/* Called at the first message: while a server may have to retransmit its last flight, mbedTLS 3.6.5 would read the
 * randoms of a connection that does not exist. */
static void export_keys(mbedtls_ssl_context *ssl)
{
    unsigned char out[32];
    check("export", mbedtls_ssl_export_keying_material(ssl, out, sizeof out, label, strlen(label), NULL, 0, 0));
    printf("keying material: ");
    for (size_t i = 0; i < sizeof out; i++) printf("%02x", out[i]);
    printf("\n");
    label = "";
}

/* Sends one line of standard input. Returns 0 at its end. */
static int send_line(mbedtls_ssl_context *ssl)
{
    char line[4096];
    if (fgets(line, sizeof line, stdin) == NULL) return 0;
    size_t length = strcspn(line, "\n");
    int result = mbedtls_ssl_write(ssl, (unsigned char *)line, length);
    if (result < 0) printf("failed: write -0x%04x\n", (unsigned)-result);
    return 1;
}

/* Exchanges messages until either side closes. */
static void carry(mbedtls_ssl_context *ssl)
{
    char buffer[4096];
    for (;;) {
        int result = mbedtls_ssl_read(ssl, (unsigned char *)buffer, sizeof buffer);
        if (result > 0) {
            peer = newest;
            if (*label != 0) export_keys(ssl);
            printf("received: %.*s\n", result, buffer);
        } else if (result != MBEDTLS_ERR_SSL_WANT_READ) {
            printf("ended: -0x%04x\n", (unsigned)-result);
            return;
        } else if (await(1) && !send_line(ssl)) {
            mbedtls_ssl_close_notify(ssl);
            return;
        }
    }
}

static void prepare(mbedtls_ssl_context *ssl)
{
    unsigned char id[255];
    memset(id, 0xc1, sizeof id);
    mbedtls_ssl_init(ssl);
    check("setup", mbedtls_ssl_setup(ssl, &conf));
    mbedtls_ssl_set_bio(ssl, NULL, send_datagram, receive_datagram, NULL);
    mbedtls_ssl_set_timer_cb(ssl, &timer, mbedtls_timing_set_delay, mbedtls_timing_get_delay);
    if (mtu > 0) mbedtls_ssl_set_mtu(ssl, (uint16_t)mtu);
    if (cid >= 0) check("cid", mbedtls_ssl_set_cid(ssl, MBEDTLS_SSL_CID_ENABLED, id, (size_t)cid));
    if (is_client && *ca != 0) check("name", mbedtls_ssl_set_hostname(ssl, "server.test"));
}

/* Returns whether the handshake was completed. A server makes its client begin again when it requires a cookie. */
static int connect_with(mbedtls_ssl_context *ssl)
{
    int result;
    do {
        if (!is_client) {
            await_client();
            check("reset", mbedtls_ssl_session_reset(ssl));
            check("peer", mbedtls_ssl_set_client_transport_id(ssl, (unsigned char *)&peer, sizeof peer));
        }
        result = handshake(ssl);
    } while (result == MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED);
    if (result != 0) {
        printf("failed: handshake -0x%04x\n", (unsigned)-result);
        return 0;
    }
    printf("connected\n");
    return 1;
}

static void resume_session(void)
{
    mbedtls_ssl_context first;
    mbedtls_ssl_session session;
    mbedtls_ssl_session_init(&session);
    prepare(&first);
    if (!connect_with(&first)) exit(1);
    check("get session", mbedtls_ssl_get_session(&first, &session));
    mbedtls_ssl_close_notify(&first);
    mbedtls_ssl_free(&first);
    close(fd);
    open_socket();
    mbedtls_ssl_context second;
    prepare(&second);
    check("set session", mbedtls_ssl_set_session(&second, &session));
    if (connect_with(&second)) carry(&second);
}

int main(int argc, char **argv)
{
    is_client = argc > 1 && strcmp(argv[1], "client") == 0;
    for (int i = 2; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        if (strcmp(name, "--port") == 0) port = atoi(value);
        else if (strcmp(name, "--identity") == 0) identity = value;
        else if (strcmp(name, "--key") == 0) read_key(value);
        else if (strcmp(name, "--suite") == 0) suite = value;
        else if (strcmp(name, "--cid") == 0) cid = atoi(value);
        else if (strcmp(name, "--cert") == 0) cert = value;
        else if (strcmp(name, "--cert-key") == 0) cert_key = value;
        else if (strcmp(name, "--ca") == 0) ca = value;
        else if (strcmp(name, "--alpn") == 0) alpn = value;
        else if (strcmp(name, "--export") == 0) label = value;
        else if (strcmp(name, "--fragment") == 0) fragment = atoi(value);
        else if (strcmp(name, "--mtu") == 0) mtu = atoi(value);
        else if (strcmp(name, "--tickets") == 0) tickets = atoi(value);
        else if (strcmp(name, "--resume") == 0) resume = atoi(value);
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    setvbuf(stdin, NULL, _IONBF, 0);
    configure();
    open_socket();
    if (resume) {
        resume_session();
        return 0;
    }
    mbedtls_ssl_context ssl;
    prepare(&ssl);
    do
        if (connect_with(&ssl)) carry(&ssl);
    while (!is_client);
    return 0;
}
