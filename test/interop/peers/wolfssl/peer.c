/*
 * wolfssl ROLE: an independent peer for the interop cells, DTLS 1.2 or 1.3, with a pre-shared key, certificates or raw
 * public keys.
 *
 * It sends each line of its standard input as one message and prints what it receives, a line per message. A server
 * serves one client after another; a client with --resume connects twice, the second time with its session. The line
 * "/update" is no message: it updates the traffic keys of both directions. With --hex messages are hexadecimal.
 */
#include "user_settings.h"
#include <wolfssl/ssl.h>

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int is_client, is_older, is_hex;
static int port = 4433, cid = -1, fragment, mtu, resume, several, tickets = 1;
static const char *mode = "", *group = "";
static char *alpn = "";
static const char *label = "", *identity = "", *suite = "TLS_AES_128_CCM_SHA256";
static unsigned char key[64];
static unsigned int key_length;
/* Own certificate in PEM, or own public key in DER, and its private key in PEM. */
static const char *cert = "", *raw = "", *cert_key = "";
/* Credentials that the peer must have: a certificate from this authority in PEM, or this public key in DER. */
static const char *ca = "", *peer_raw = "";
static unsigned char peer_key[256];
static size_t peer_key_length;

/* The association's address follows the source of its newest record. */
static int fd;
static struct sockaddr_in peer, newest;

static void fail(const char *what, int code)
{
    printf("failed: %s %d %s\n", what, code, wolfSSL_ERR_reason_error_string((unsigned long)code));
    exit(1);
}

/* wolfSSL's names of some suites differ from IANA's. */
static const char *wolf_name(const char *name)
{
    static const char *names[][2] = {
        {"TLS_AES_128_GCM_SHA256", "TLS13-AES128-GCM-SHA256"},
        {"TLS_AES_256_GCM_SHA384", "TLS13-AES256-GCM-SHA384"},
        {"TLS_CHACHA20_POLY1305_SHA256", "TLS13-CHACHA20-POLY1305-SHA256"},
        {"TLS_AES_128_CCM_SHA256", "TLS13-AES128-CCM-SHA256"},
        {"TLS_AES_128_CCM_8_SHA256", "TLS13-AES128-CCM-8-SHA256"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i][0], name) == 0) return names[i][1];
    return name;
}

static unsigned int client_key(WOLFSSL *ssl, const char *hint, char *name, unsigned int most, unsigned char *out,
                               unsigned int length, const char **cipher)
{
    (void)ssl, (void)hint, (void)length;
    snprintf(name, most, "%s", identity);
    memcpy(out, key, key_length);
    *cipher = wolf_name(suite);
    return key_length;
}

/* wolfSSL supports several keys as one for each suite; those for other suites are unknown to the server. */
static unsigned int client_key_of_suite(WOLFSSL *ssl, const char *hint, char *name, unsigned int most,
                                        unsigned char *out, unsigned int length, const char *cipher)
{
    const char *own;
    if (strcmp(cipher, wolf_name(suite)) == 0) return client_key(ssl, hint, name, most, out, length, &own);
    snprintf(name, most, "with %s", cipher);
    memset(out, 1, 16);
    return 16;
}

static unsigned int server_key(WOLFSSL *ssl, const char *name, unsigned char *out, unsigned int length,
                               const char **cipher)
{
    (void)ssl, (void)length;
    if (strcmp(name, identity) != 0) return 0;
    memcpy(out, key, key_length);
    *cipher = wolf_name(suite);
    return key_length;
}

static unsigned int client_key_1_2(WOLFSSL *ssl, const char *hint, char *name, unsigned int most, unsigned char *out,
                                   unsigned int length)
{
    const char *cipher;
    return client_key(ssl, hint, name, most, out, length, &cipher);
}

static unsigned int server_key_1_2(WOLFSSL *ssl, const char *name, unsigned char *out, unsigned int length)
{
    const char *cipher;
    return server_key(ssl, name, out, length, &cipher);
}

static unsigned int read_hex(const char *text, unsigned char *out, size_t most)
{
    unsigned int length = 0;
    for (; text[2 * length] != 0 && length < most; length++) {
        char byte[3] = {text[2 * length], text[2 * length + 1], 0};
        out[length] = (unsigned char)strtoul(byte, NULL, 16);
    }
    return length;
}

static size_t read_file(const char *name, unsigned char *out, size_t most)
{
    FILE *file = fopen(name, "rb");
    if (file == NULL) fail(name, 0);
    size_t length = fread(out, 1, most, file);
    fclose(file);
    return length;
}

/* wolfSSL leaves the verification of raw public keys to the program. */
static int is_known(int verified, WOLFSSL_X509_STORE_CTX *store)
{
    (void)verified;
    return store->certs != NULL && store->totalCerts == 1 && store->certs[0].length == peer_key_length &&
           memcmp(store->certs[0].buffer, peer_key, peer_key_length) == 0;
}

static void use_raw_keys(WOLFSSL_CTX *ctx)
{
    unsigned char own[256];
    long length = (long)read_file(raw, own, sizeof own);
    const char type[] = {WOLFSSL_CERT_TYPE_RPK};
    peer_key_length = read_file(peer_raw, peer_key, sizeof peer_key);
    if (wolfSSL_CTX_use_certificate_buffer(ctx, own, length, WOLFSSL_FILETYPE_ASN1) != WOLFSSL_SUCCESS) fail("raw", 0);
    if (wolfSSL_CTX_set_client_cert_type(ctx, type, 1) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_set_server_cert_type(ctx, type, 1) != WOLFSSL_SUCCESS)
        fail("types", 0);
    wolfSSL_CTX_set_verify(ctx, WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT, is_known);
}

static void use_certificates(WOLFSSL_CTX *ctx)
{
    if (*cert != 0 && wolfSSL_CTX_use_certificate_chain_file(ctx, cert) != WOLFSSL_SUCCESS) fail("cert", 0);
    if (*ca == 0) return;
    if (wolfSSL_CTX_load_verify_locations(ctx, ca, NULL) != WOLFSSL_SUCCESS) fail("ca", 0);
    wolfSSL_CTX_set_verify(ctx, WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
}

static void use_key(WOLFSSL_CTX *ctx)
{
    if (is_older && is_client) wolfSSL_CTX_set_psk_client_callback(ctx, client_key_1_2);
    else if (is_older) wolfSSL_CTX_set_psk_server_callback(ctx, server_key_1_2);
    else if (is_client && several) wolfSSL_CTX_set_psk_client_cs_callback(ctx, client_key_of_suite);
    else if (is_client) wolfSSL_CTX_set_psk_client_tls13_callback(ctx, client_key);
    else wolfSSL_CTX_set_psk_server_tls13_callback(ctx, server_key);
}

/* A pre-shared key, certificates or raw public keys. */
static void use_credentials(WOLFSSL_CTX *ctx)
{
    if (key_length > 0) use_key(ctx);
    else if (*raw != 0) use_raw_keys(ctx);
    else use_certificates(ctx);
    if (*cert_key != 0 && wolfSSL_CTX_use_PrivateKey_file(ctx, cert_key, WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS)
        fail("cert-key", 0);
}

static int send_datagram(WOLFSSL *ssl, char *data, int length, void *context)
{
    (void)ssl, (void)context;
    ssize_t sent = sendto(fd, data, (size_t)length, 0, (struct sockaddr *)&peer, sizeof peer);
    return sent < 0 ? WOLFSSL_CBIO_ERR_GENERAL : (int)sent;
}

static int receive_datagram(WOLFSSL *ssl, char *out, int most, void *context)
{
    (void)ssl, (void)context;
    socklen_t size = sizeof newest;
    ssize_t length = recvfrom(fd, out, (size_t)most, MSG_DONTWAIT, (struct sockaddr *)&newest, &size);
    return length < 0 ? WOLFSSL_CBIO_ERR_WANT_READ : (int)length;
}

/* Replaces wolfSSL's own function, which asks the socket for its peer. */
static int make_cookie(WOLFSSL *ssl, unsigned char *out, int length, void *context)
{
    (void)ssl, (void)context;
    memset(out, 0, (size_t)length);
    memcpy(out, &peer.sin_port, sizeof peer.sin_port);
    return length;
}

static void open_socket(void)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((unsigned short)(is_client ? 0 : port))};
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(fd, (struct sockaddr *)&addr, sizeof addr) != 0) fail("bind", 0);
    addr.sin_port = htons((unsigned short)port);
    peer = addr;
}

/* A server's client is the sender of the first datagram. */
static void await_client(void)
{
    char byte;
    socklen_t size = sizeof peer;
    if (recvfrom(fd, &byte, 1, MSG_PEEK, (struct sockaddr *)&peer, &size) < 0) fail("recvfrom", 0);
}

/* Called at the first message, as in other peers. */
static void export_keys(WOLFSSL *ssl)
{
    unsigned char out[32];
    if (wolfSSL_export_keying_material(ssl, out, sizeof out, label, strlen(label), NULL, 0, 0) != WOLFSSL_SUCCESS)
        fail("export", 0);
    printf("keying material: ");
    for (size_t i = 0; i < sizeof out; i++) printf("%02x", out[i]);
    printf("\n");
    label = "";
}

/* Sends one line of standard input. Returns 0 at its end. */
static int send_line(WOLFSSL *ssl)
{
    char line[4096];
    if (fgets(line, sizeof line, stdin) == NULL) return 0;
    line[strcspn(line, "\n")] = 0;
    if (strcmp(line, "/update") == 0) {
        int result = wolfSSL_update_keys(ssl);
        printf("updated: %d\n", result);
    } else {
        unsigned char bytes[sizeof line];
        int length = is_hex ? (int)read_hex(line, bytes, sizeof bytes) : (int)strlen(line);
        if (wolfSSL_write(ssl, is_hex ? (char *)bytes : line, length) < 0) fail("write", wolfSSL_get_error(ssl, -1));
    }
    return 1;
}

static void print_message(const char *bytes, int length)
{
    printf("received: ");
    if (!is_hex) printf("%.*s", length, bytes);
    for (int i = 0; is_hex && i < length; i++) printf("%02x", (unsigned char)bytes[i]);
    printf("\n");
}

/* Processes what the socket has received. Returns 0 if the peer has closed. */
static int receive(WOLFSSL *ssl)
{
    char buffer[4096];
    for (;;) {
        int n = wolfSSL_read(ssl, buffer, sizeof buffer);
        if (n > 0) {
            peer = newest;
            if (*label != 0) export_keys(ssl);
            print_message(buffer, n);
            continue;
        }
        int error = wolfSSL_get_error(ssl, n);
        if (error == WOLFSSL_ERROR_WANT_READ) return 1;
        printf("ended: %d %s\n", error, wolfSSL_ERR_reason_error_string((unsigned long)error));
        return 0;
    }
}

/* Exchanges messages until either side closes. */
static void carry(WOLFSSL *ssl)
{
    struct pollfd wait[2] = {{.fd = fd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    for (;;) {
        int ready = poll(wait, 2, 1000 * wolfSSL_dtls_get_current_timeout(ssl));
        if (ready == 0 && !is_older) wolfSSL_dtls_got_timeout(ssl);
        if ((wait[0].revents & POLLIN) != 0 && !receive(ssl)) return;
        if ((wait[1].revents & (POLLIN | POLLHUP)) != 0 && !send_line(ssl)) {
            wolfSSL_shutdown(ssl);
            return;
        }
    }
}

static void handshake(WOLFSSL *ssl)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    for (;;) {
        int result = is_client ? wolfSSL_connect(ssl) : wolfSSL_accept(ssl);
        if (result == WOLFSSL_SUCCESS) break;
        int error = wolfSSL_get_error(ssl, result);
        if (error != WOLFSSL_ERROR_WANT_READ) fail("handshake", error);
        int quick = !is_older && wolfSSL_dtls13_use_quick_timeout(ssl);
        if (poll(&wait, 1, (quick ? 250 : 1000) * wolfSSL_dtls_get_current_timeout(ssl)) == 0)
            wolfSSL_dtls_got_timeout(ssl);
    }
    printf("connected\n");
}

static void use_ids(WOLFSSL *ssl)
{
    unsigned char id[255];
    memset(id, 0xc1, sizeof id);
    if (wolfSSL_dtls_cid_use(ssl) != WOLFSSL_SUCCESS) fail("cid", 0);
    if (wolfSSL_dtls_cid_set(ssl, id, (unsigned int)cid) != WOLFSSL_SUCCESS) fail("cid", 0);
}

/* The requested group; by default all except hybrid ones, which would make every hello large. */
static void use_group(WOLFSSL *ssl)
{
    int ids[] = {WOLFSSL_ECC_SECP256R1, WOLFSSL_ECC_X25519};
    if (strcmp(group, "X25519") == 0) ids[0] = WOLFSSL_ECC_X25519;
    if (strcmp(group, "X25519MLKEM768") == 0) ids[0] = WOLFSSL_X25519MLKEM768;
    if (wolfSSL_set_groups(ssl, ids, *group == 0 ? 2 : 1) != WOLFSSL_SUCCESS) fail("group", 0);
}

static WOLFSSL *open_connection(WOLFSSL_CTX *ctx)
{
    WOLFSSL *ssl = wolfSSL_new(ctx);
    wolfSSL_dtls_set_using_nonblock(ssl, 1);
    if (!is_older) use_group(ssl);
    if (is_client && *ca != 0 && wolfSSL_check_domain_name(ssl, "server.test") != WOLFSSL_SUCCESS) fail("name", 0);
    if (!is_client && !is_older) wolfSSL_send_hrr_cookie(ssl, NULL, 0);
    if (*alpn != 0 && wolfSSL_UseALPN(ssl, alpn, (unsigned)strlen(alpn), WOLFSSL_ALPN_FAILED_ON_MISMATCH) < 0)
        fail("alpn", 0);
    if (cid >= 0) use_ids(ssl);
    if (*label != 0) wolfSSL_KeepArrays(ssl);
    return ssl;
}

static WOLFSSL_CTX *configure(void)
{
    WOLFSSL_METHOD *method = is_older && is_client ? wolfDTLSv1_2_client_method()
                             : is_older            ? wolfDTLSv1_2_server_method()
                             : is_client           ? wolfDTLSv1_3_client_method()
                                                   : wolfDTLSv1_3_server_method();
    WOLFSSL_CTX *ctx = wolfSSL_CTX_new(method);
    if (ctx == NULL) fail("context", 0);
    char suites[128];
    const char *format = several ? "TLS13-CHACHA20-POLY1305-SHA256:%s:TLS13-AES128-CCM-SHA256" : "%s";
    snprintf(suites, sizeof suites, format, wolf_name(suite));
    if (wolfSSL_CTX_set_cipher_list(ctx, suites) != WOLFSSL_SUCCESS) fail("suite", 0);
    use_credentials(ctx);
    if (strcmp(mode, "psk_ke") == 0) wolfSSL_CTX_no_dhe_psk(ctx);
    if (strcmp(mode, "psk_dhe_ke") == 0) wolfSSL_CTX_only_dhe_psk(ctx);
    if (!tickets && !is_client) wolfSSL_CTX_NoTicketTLSv12(ctx);
    if (tickets && is_client && is_older) wolfSSL_CTX_UseSessionTicket(ctx);
    if (fragment == 512) wolfSSL_CTX_UseMaxFragment(ctx, WOLFSSL_MFL_2_9);
    if (mtu > 0) wolfSSL_CTX_dtls_set_mtu(ctx, (unsigned short)mtu);
    wolfSSL_CTX_SetIORecv(ctx, receive_datagram);
    wolfSSL_CTX_SetIOSend(ctx, send_datagram);
    wolfSSL_CTX_SetGenCookie(ctx, make_cookie);
    return ctx;
}

/* In DTLS 1.3 a ticket arrives after the handshake. */
static void take_ticket(WOLFSSL *ssl)
{
    char byte;
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    while (poll(&wait, 1, 300) > 0 && wolfSSL_read(ssl, &byte, 1) < 0)
        if (wolfSSL_get_error(ssl, -1) != WOLFSSL_ERROR_WANT_READ) break;
}

static WOLFSSL_SESSION *first_session(WOLFSSL_CTX *ctx)
{
    WOLFSSL *ssl = open_connection(ctx);
    handshake(ssl);
    if (!is_older) take_ticket(ssl);
    WOLFSSL_SESSION *session = wolfSSL_get1_session(ssl);
    wolfSSL_shutdown(ssl);
    wolfSSL_free(ssl);
    close(fd);
    open_socket();
    return session;
}

int main(int argc, char **argv)
{
    is_client = argc > 1 && strcmp(argv[1], "client") == 0;
    for (int i = 2; i + 1 < argc; i += 2) {
        const char *name = argv[i];
        char *value = argv[i + 1];
        if (strcmp(name, "--port") == 0) port = atoi(value);
        else if (strcmp(name, "--version") == 0) is_older = strcmp(value, "1.2") == 0;
        else if (strcmp(name, "--identity") == 0) identity = value;
        else if (strcmp(name, "--key") == 0) key_length = read_hex(value, key, sizeof key);
        else if (strcmp(name, "--suite") == 0) suite = value;
        else if (strcmp(name, "--hex") == 0) is_hex = atoi(value);
        else if (strcmp(name, "--several") == 0) several = atoi(value);
        else if (strcmp(name, "--mode") == 0) mode = value;
        else if (strcmp(name, "--group") == 0) group = value;
        else if (strcmp(name, "--cid") == 0) cid = atoi(value);
        else if (strcmp(name, "--cert") == 0) cert = value;
        else if (strcmp(name, "--cert-key") == 0) cert_key = value;
        else if (strcmp(name, "--ca") == 0) ca = value;
        else if (strcmp(name, "--raw") == 0) raw = value;
        else if (strcmp(name, "--peer-raw") == 0) peer_raw = value;
        else if (strcmp(name, "--alpn") == 0) alpn = value;
        else if (strcmp(name, "--export") == 0) label = value;
        else if (strcmp(name, "--fragment") == 0) fragment = atoi(value);
        else if (strcmp(name, "--mtu") == 0) mtu = atoi(value);
        else if (strcmp(name, "--tickets") == 0) tickets = atoi(value);
        else if (strcmp(name, "--resume") == 0) resume = atoi(value);
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    setvbuf(stdin, NULL, _IONBF, 0);
    wolfSSL_Init();
    if (getenv("WOLFSSL_DEBUG") != NULL) wolfSSL_Debugging_ON();
    WOLFSSL_CTX *ctx = configure();
    open_socket();
    WOLFSSL_SESSION *session = resume ? first_session(ctx) : NULL;
    do {
        if (!is_client) await_client();
        WOLFSSL *ssl = open_connection(ctx);
        if (session != NULL && wolfSSL_set_session(ssl, session) != WOLFSSL_SUCCESS) fail("session", 0);
        handshake(ssl);
        carry(ssl);
        wolfSSL_free(ssl);
    } while (!is_client);
    return 0;
}
