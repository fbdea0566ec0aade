/*
 * TLS for the program's stream, with mbedTLS over the TCP of port.h. The peer has to present a certificate from an
 * authority that this computer trusts, for the name or address given by the program.
 */
#include "identity.h"
#include "port.h"
#include "posix.h"
#include "tcp.h"

#include <mbedtls/version.h>

#if !defined(MBEDTLS_SSL_CLI_C) || MBEDTLS_VERSION_MAJOR > 3

void start_tls(void)
{
}

#else

#include <arpa/inet.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <stdlib.h>
#include <string.h>

enum { HOST_NAME_BYTES = 256 };

static struct {
    bool begun, stands;
    char host[HOST_NAME_BYTES];
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config config;
    int32_t network; /* last IO code of TCP */
    const char *complaint;
} tls;

/** Loaded when a program first needs them. */
static mbedtls_x509_crt authorities;

/** The authorities of $SSL_CERT_FILE, or of the system. */
static bool read_authorities(void)
{
    static const char *const files[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                        "/etc/ssl/cert.pem"};
    const char *own = getenv("SSL_CERT_FILE");
    if (authorities.raw.p != NULL) return true;
    if (own != NULL) return mbedtls_x509_crt_parse_file(&authorities, own) >= 0 && authorities.raw.p != NULL;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (mbedtls_x509_crt_parse_file(&authorities, files[i]) >= 0) return true;
    return false;
}

/* Callbacks for mbedTLS. */

static int fill_random(void *context, unsigned char *target, size_t length)
{
    (void)context;
    return mote_port_random(target, length) ? 0 : MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;
}

static int send_records(void *context, const unsigned char *bytes, size_t length)
{
    (void)context;
    int32_t sent = mote_port_tcp_send(bytes, length);
    if (sent > 0) return sent;
    tls.network = sent;
    return sent == 0 ? MBEDTLS_ERR_SSL_WANT_WRITE : MBEDTLS_ERR_NET_SEND_FAILED;
}

static int receive_records(void *context, unsigned char *target, size_t size)
{
    (void)context;
    int32_t length = mote_port_tcp_receive(target, size);
    if (length >= 0) return length;
    tls.network = length;
    return length == -IO_WOULD_BLOCK ? MBEDTLS_ERR_SSL_WANT_READ : MBEDTLS_ERR_NET_RECV_FAILED;
}

/** Done here because mbedTLS 2 does not compare addresses, and accepts a common name as a host name. */
static int check_name(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
    (void)context;
    if (depth == 0 && !mote_certificate_names(certificate, tls.host)) *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    return 0;
}

/* Errors. */

static const char *certificate_complaint(uint32_t flags)
{
    if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0)
        return "the peer's certificate is of no authority that is trusted here";
    if ((flags & MBEDTLS_X509_BADCERT_EXPIRED) != 0) return "the peer's certificate has expired";
    if ((flags & MBEDTLS_X509_BADCERT_FUTURE) != 0) return "the peer's certificate is not valid yet";
    if ((flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0) return "the peer's certificate is for another name";
    return "the peer's certificate is not good";
}

static int32_t code_of(int status)
{
    switch (status) {
    case MBEDTLS_ERR_SSL_WANT_READ:
    case MBEDTLS_ERR_SSL_WANT_WRITE: return -IO_WOULD_BLOCK;
    case MBEDTLS_ERR_NET_SEND_FAILED:
    case MBEDTLS_ERR_NET_RECV_FAILED: return tls.network;
    case MBEDTLS_ERR_SSL_CONN_EOF: return -IO_CONNECTION_CLOSED;
    case MBEDTLS_ERR_SSL_ALLOC_FAILED: return -IO_NO_SPACE;
    case MBEDTLS_ERR_X509_CERT_VERIFY_FAILED:
        tls.complaint = certificate_complaint(mbedtls_ssl_get_verify_result(&tls.ssl));
        return -IO_FAILED;
    default: tls.complaint = "TLS failed"; return -IO_FAILED;
    }
}

/* tls_functions. */

static bool is_address(const char *host)
{
    uint8_t address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, address) == 1 || strchr(host, ':') != NULL;
}

static int32_t begin(const char *host)
{
    tls.complaint = NULL;
    if (!read_authorities()) tls.complaint = "this device trusts no authorities: SSL_CERT_FILE names a file of them";
    if (tls.complaint != NULL) return -IO_FAILED;
    strncpy(tls.host, host, HOST_NAME_BYTES - 1);
    mbedtls_ssl_init(&tls.ssl);
    mbedtls_ssl_config_init(&tls.config);
    tls.begun = true;
    if (mbedtls_ssl_config_defaults(&tls.config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0)
        return -IO_NO_SPACE;
#if MBEDTLS_VERSION_MAJOR < 3
    mbedtls_ssl_conf_min_version(&tls.config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#endif
    mbedtls_ssl_conf_rng(&tls.config, fill_random, NULL);
    mbedtls_ssl_conf_authmode(&tls.config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(&tls.config, &authorities, NULL);
    mbedtls_ssl_conf_verify(&tls.config, check_name, NULL);
    mbedtls_ssl_set_bio(&tls.ssl, NULL, send_records, receive_records, NULL);
    /* An address is not sent as server name (RFC 6066 §3). */
    bool ready = mbedtls_ssl_set_hostname(&tls.ssl, is_address(host) ? NULL : host) == 0 &&
                 mbedtls_ssl_setup(&tls.ssl, &tls.config) == 0;
    return ready ? 0 : -IO_NO_SPACE;
}

static int32_t connected(void)
{
    int status = mbedtls_ssl_handshake(&tls.ssl);
    int32_t code = status == 0 ? 1 : code_of(status);
    tls.stands = code == 1;
    return code == -IO_WOULD_BLOCK ? 0 : code;
}

static int32_t send_bytes(const uint8_t *bytes, size_t length)
{
    if (length == 0) return 0;
    int status = mbedtls_ssl_write(&tls.ssl, bytes, length);
    int32_t code = status >= 0 ? status : code_of(status);
    return code == -IO_WOULD_BLOCK ? 0 : code;
}

static int32_t receive_bytes(uint8_t *target, size_t size)
{
    int status = mbedtls_ssl_read(&tls.ssl, target, size);
#if defined(MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
    if (status == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) return -IO_WOULD_BLOCK;
#endif
    if (status == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) return 0;
    /* Only TCP has ended, without close_notify: an attacker may have cut the stream. */
    if (status == 0) return -IO_CONNECTION_CLOSED;
    return status > 0 ? status : code_of(status);
}

static bool has_bytes(void)
{
    return mbedtls_ssl_check_pending(&tls.ssl) != 0;
}

static const char *complaint(void)
{
    return tls.complaint;
}

static void end(void)
{
    if (tls.stands) mbedtls_ssl_close_notify(&tls.ssl);
    if (tls.begun) {
        mbedtls_ssl_free(&tls.ssl);
        mbedtls_ssl_config_free(&tls.config);
    }
    tls.begun = tls.stands = false;
}

void start_tls(void)
{
    static const tls_functions functions = {begin, connected, send_bytes, receive_bytes, has_bytes, complaint, end};
    mote_tcp_use_tls(&functions);
}

#endif
