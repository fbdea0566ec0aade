/* tinydtls's configuration, as its configure script generates it on Linux: pre-shared keys and elliptic curves. */
#define DTLS_PSK 1
#define DTLS_ECC 1
#define DTLSv12 1
#define WITH_SHA256 1
#define SHA2_USE_INTTYPES_H 1
#define DTLS_CHECK_CONTENTTYPE 1
#define HAVE_ARPA_INET_H 1
#define HAVE_ASSERT_H 1
#define HAVE_FCNTL_H 1
#define HAVE_GETRANDOM 1
#define HAVE_INTTYPES_H 1
#define HAVE_NETDB_H 1
#define HAVE_NETINET_IN_H 1
#define HAVE_STDINT_H 1
#define HAVE_STRNLEN 1
#define HAVE_SYS_SOCKET_H 1
#define HAVE_SYS_TIME_H 1
#define HAVE_TIME_H 1
#define HAVE_UNISTD_H 1
#define HAVE_VPRINTF 1
#define HAVE_INET_NTOP 1
#define PACKAGE_NAME "tinydtls"
#define PACKAGE_VERSION "0"
#define PACKAGE_STRING "tinydtls 0"
