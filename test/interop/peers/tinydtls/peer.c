/*
 * tinydtls ROLE: an independent DTLS 1.2 peer for the interop cells, with a pre-shared key or raw public keys.
 *
 * It sends each line of its standard input as one message and prints what it receives, a line per message.
 */
#include "tinydtls.h"

#include "dtls.h"
#include "dtls_debug.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *identity = "", *suite = "TLS_PSK_WITH_AES_128_CCM_8";
static unsigned char key[64];
static size_t key_length;
/* P-256: own key pair, and the public key that the peer must have. */
static unsigned char private_key[32], own[64], others[64];
static int port = 4433, is_client, has_keys, fd;
/* The peer: the source of its newest message. */
static session_t peer;

static void fail(const char *what)
{
    printf("failed: %s\n", what);
    exit(1);
}

static size_t read_file(const char *name, unsigned char *out, size_t most)
{
    FILE *file = fopen(name, "rb");
    if (file == NULL) fail(name);
    size_t length = fread(out, 1, most, file);
    fclose(file);
    return length;
}

/* The end of a SubjectPublicKeyInfo is both coordinates. */
static void read_public_key(const char *name, unsigned char *out)
{
    unsigned char der[256];
    size_t length = read_file(name, der, sizeof der);
    if (length < 64) fail(name);
    memcpy(out, der + length - 64, 64);
}

static size_t decode_base64(const char *text, const char *end, unsigned char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned bits = 0;
    size_t length = 0, count = 0;
    for (; text < end; text++) {
        const char *digit = *text == 0 ? NULL : strchr(digits, *text);
        if (digit == NULL) continue;
        bits = bits << 6 | (unsigned)(digit - digits);
        if (++count % 4 != 1) out[length++] = (unsigned char)(bits >> (6 - 2 * ((count - 1) % 4)));
    }
    return length;
}

/* Finds the ECPrivateKey in PKCS #8: version 1, and an octet string of 32 bytes. */
static void read_private_key(const char *name)
{
    static const unsigned char start[] = {2, 1, 1, 4, 32};
    char pem[1024];
    unsigned char der[1024];
    pem[read_file(name, (unsigned char *)pem, sizeof pem - 1)] = 0;
    const char *body = strchr(pem, '\n'), *end = strstr(pem, "\n-----END");
    if (body == NULL || end == NULL) fail(name);
    size_t length = decode_base64(body, end, der);
    for (size_t i = 0; i + sizeof start + 32 <= length; i++)
        if (memcmp(der + i, start, sizeof start) == 0) {
            memcpy(private_key, der + i + sizeof start, 32);
            return;
        }
    fail(name);
}

static void read_key(const char *text)
{
    for (key_length = 0; text[2 * key_length] != 0 && key_length < sizeof key; key_length++) {
        char byte[3] = {text[2 * key_length], text[2 * key_length + 1], 0};
        key[key_length] = (unsigned char)strtoul(byte, NULL, 16);
    }
}

static int on_write(dtls_context_t *context, session_t *to, uint8 *data, size_t length)
{
    (void)context;
    return (int)sendto(fd, data, length, 0, &to->addr.sa, to->size);
}

static int on_read(dtls_context_t *context, session_t *from, uint8 *data, size_t length)
{
    (void)context;
    peer = *from;
    printf("received: %.*s\n", (int)length, data);
    return 0;
}

static int on_event(dtls_context_t *context, session_t *session, dtls_alert_level_t level, unsigned short code)
{
    (void)context, (void)session;
    if (code == DTLS_EVENT_CONNECTED) printf("connected\n");
    else if (code < 256) printf("alert: %d %d\n", level, code);
    return 0;
}

static void parameters(dtls_context_t *context, session_t *session, dtls_user_parameters_t *chosen)
{
    (void)context, (void)session;
    chosen->cipher_suites[0] = has_keys ? TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8 : TLS_PSK_WITH_AES_128_CCM_8;
    chosen->cipher_suites[1] = TLS_NULL_WITH_NULL_NULL;
    chosen->force_extended_master_secret = 1;
    chosen->force_renegotiation_info = 1;
}

static int psk(dtls_context_t *context, const session_t *session, dtls_credentials_type_t type,
               const unsigned char *name, size_t name_length, unsigned char *out, size_t most)
{
    (void)context, (void)session, (void)most;
    if (type == DTLS_PSK_HINT) return 0;
    if (type == DTLS_PSK_IDENTITY) {
        memcpy(out, identity, strlen(identity));
        return (int)strlen(identity);
    }
    if (name_length != strlen(identity) || memcmp(name, identity, name_length) != 0)
        return dtls_alert_fatal_create(DTLS_ALERT_DECRYPT_ERROR);
    memcpy(out, key, key_length);
    return (int)key_length;
}

static int own_key(dtls_context_t *context, const session_t *session, const dtls_ecdsa_key_t **out)
{
    static const dtls_ecdsa_key_t pair = {DTLS_ECDH_CURVE_SECP256R1, private_key, own, own + 32};
    (void)context, (void)session;
    *out = &pair;
    return 0;
}

static int is_known(dtls_context_t *context, const session_t *session, const unsigned char *x, const unsigned char *y,
                    size_t size)
{
    (void)context, (void)session;
    if (size == 32 && memcmp(x, others, 32) == 0 && memcmp(y, others + 32, 32) == 0) return 0;
    return dtls_alert_fatal_create(DTLS_ALERT_BAD_CERTIFICATE);
}

static void open_socket(void)
{
    dtls_session_init(&peer);
    peer.size = sizeof peer.addr.sin;
    peer.addr.sin.sin_family = AF_INET;
    peer.addr.sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    peer.addr.sin.sin_port = htons((unsigned short)(is_client ? 0 : port));
    if (bind(fd, &peer.addr.sa, peer.size) != 0) fail("bind");
    peer.addr.sin.sin_port = htons((unsigned short)port);
}

static void receive(dtls_context_t *context)
{
    uint8 data[DTLS_MAX_BUF];
    session_t from;
    dtls_session_init(&from);
    from.size = sizeof from.addr;
    ssize_t length = recvfrom(fd, data, sizeof data, 0, &from.addr.sa, &from.size);
    int result = length < 0 ? -1 : dtls_handle_message(context, &from, data, (int)length);
    if (result < 0) printf("failed: message %d\n", result);
}

/* Sends one line of standard input. Returns 0 at its end. */
static int send_line(dtls_context_t *context)
{
    char line[4096];
    if (fgets(line, sizeof line, stdin) == NULL) return 0;
    if (dtls_write(context, &peer, (uint8 *)line, strcspn(line, "\n")) < 0) printf("failed: write\n");
    return 1;
}

static void carry(dtls_context_t *context)
{
    struct pollfd wait[2] = {{.fd = fd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    for (;;) {
        poll(wait, 2, 100);
        dtls_check_retransmit(context, NULL);
        if ((wait[0].revents & POLLIN) != 0) receive(context);
        if ((wait[1].revents & (POLLIN | POLLHUP)) != 0 && !send_line(context)) break;
    }
    dtls_close(context, &peer);
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
        else if (strcmp(name, "--cert-key") == 0) read_private_key(value);
        else if (strcmp(name, "--raw") == 0) read_public_key(value, own);
        else if (strcmp(name, "--peer-raw") == 0) read_public_key(value, others);
    }
    has_keys = strcmp(suite, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8") == 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    setvbuf(stdin, NULL, _IONBF, 0);
    dtls_init();
    if (getenv("TINYDTLS_DEBUG") != NULL) dtls_set_log_level(DTLS_LOG_DEBUG);
    open_socket();
    dtls_handler_t handler = {.write = on_write, .read = on_read, .event = on_event, .get_user_parameters = parameters};
    if (has_keys) handler.get_ecdsa_key = own_key, handler.verify_ecdsa_key = is_known;
    else handler.get_psk_info = psk;
    dtls_context_t *context = dtls_new_context(NULL);
    dtls_set_handler(context, &handler);
    if (is_client && dtls_connect(context, &peer) < 0) fail("connect");
    carry(context);
    return 0;
}
