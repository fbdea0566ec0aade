/*
 * The far end of bench/node.ts, the same for every stack: a DTLS 1.2 server on OpenSSL, or plain UDP as the ceiling.
 * Serves one client after the other. A message that begins with 'e' is sent back, 's' is counted, 'q' is answered with
 * the count as decimal text, 'x' ends the client.
 *
 * server PORT udp | server PORT SUITE [CERTIFICATE KEY]     identity "bench", key 16 bytes of 7
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_MESSAGE = 16384, RECEIVE_BUFFER = 8 * 1024 * 1024, KEY_LENGTH = 16, KEY_BYTE = 7, PATIENCE = 2 };

static const unsigned char COOKIE[] = "bench";

static void fail(const char *what)
{
    perror(what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static int open_socket(unsigned short port)
{
    const int on = 1, size = RECEIVE_BUFFER;
    const struct timeval patience = {.tv_sec = PATIENCE};
    struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(port)};
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0) fail("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (bind(fd, (struct sockaddr *)&local, sizeof local) != 0) fail("bind");
    return fd;
}

static unsigned int psk(SSL *ssl, const char *identity, unsigned char *key, unsigned int max)
{
    (void)ssl;
    if (max < KEY_LENGTH || strcmp(identity, "bench") != 0) return 0;
    memset(key, KEY_BYTE, KEY_LENGTH);
    return KEY_LENGTH;
}

static int make_cookie(SSL *ssl, unsigned char *cookie, unsigned int *length)
{
    (void)ssl;
    memcpy(cookie, COOKIE, sizeof COOKIE);
    *length = sizeof COOKIE;
    return 1;
}

static int check_cookie(SSL *ssl, const unsigned char *cookie, unsigned int length)
{
    (void)ssl;
    return length == sizeof COOKIE && memcmp(cookie, COOKIE, sizeof COOKIE) == 0;
}

/* @returns the bytes of the answer, 0: none, -1: the client has ended */
static int answer(const unsigned char *message, int length, unsigned char *reply, unsigned long *count)
{
    switch (message[0]) {
    case 'e': memcpy(reply, message, (size_t)length); return length;
    case 's': (*count)++; return 0;
    case 'q': return snprintf((char *)reply, MAX_MESSAGE, "%lu", *count);
    default: return -1;
    }
}

static void serve_udp(int fd)
{
    unsigned char message[MAX_MESSAGE], reply[MAX_MESSAGE];
    unsigned long count = 0;
    for (;;) {
        struct sockaddr_in from;
        socklen_t size = sizeof from;
        ssize_t length = recvfrom(fd, message, sizeof message, 0, (struct sockaddr *)&from, &size);
        if (length <= 0) continue;
        int reply_length = answer(message, (int)length, reply, &count);
        if (reply_length < 0) count = 0;
        if (reply_length > 0) sendto(fd, reply, (size_t)reply_length, 0, (struct sockaddr *)&from, size);
    }
}

static void serve_client(SSL *ssl)
{
    unsigned char message[MAX_MESSAGE], reply[MAX_MESSAGE];
    unsigned long count = 0;
    if (SSL_accept(ssl) <= 0) return;
    for (;;) {
        int length = SSL_read(ssl, message, sizeof message);
        if (length <= 0) return;
        int reply_length = answer(message, length, reply, &count);
        if (reply_length < 0) return;
        if (reply_length > 0) SSL_write(ssl, reply, reply_length);
    }
}

static SSL_CTX *make_context(int argc, char **argv)
{
    SSL_CTX *context = SSL_CTX_new(DTLS_server_method());
    if (context == NULL || SSL_CTX_set_cipher_list(context, argv[2]) != 1) fail("context");
    SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_cookie_generate_cb(context, make_cookie);
    SSL_CTX_set_cookie_verify_cb(context, check_cookie);
    SSL_CTX_set_psk_server_callback(context, psk);
    if (argc > 4 && (SSL_CTX_use_certificate_file(context, argv[3], SSL_FILETYPE_PEM) != 1 ||
                     SSL_CTX_use_PrivateKey_file(context, argv[4], SSL_FILETYPE_PEM) != 1))
        fail("certificate");
    return context;
}

int main(int argc, char **argv)
{
    if (argc < 3) return 2;
    unsigned short port = (unsigned short)atoi(argv[1]);
    SSL_CTX *context = strcmp(argv[2], "udp") == 0 ? NULL : make_context(argc, argv);
    int listening = open_socket(port);
    /* What comes from now on waits in the socket. */
    puts("ready");
    fflush(stdout);
    if (context == NULL) serve_udp(listening);
    for (;;) {
        SSL *ssl = SSL_new(context);
        BIO *bio = BIO_new_dgram(listening, BIO_NOCLOSE);
        BIO_ADDR *peer = BIO_ADDR_new();
        SSL_set_bio(ssl, bio, bio);
        if (DTLSv1_listen(ssl, peer) > 0) {
            struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = BIO_ADDR_rawport(peer)};
            to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            int fd = open_socket(port);
            if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) fail("connect");
            BIO_set_fd(bio, fd, BIO_NOCLOSE);
            BIO_ctrl(bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0, peer);
            serve_client(ssl);
            SSL_shutdown(ssl);
            close(fd);
        }
        BIO_ADDR_free(peer);
        SSL_free(ssl);
    }
}
