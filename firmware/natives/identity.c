#include <mbedtls/version.h>

#if defined(MBEDTLS_X509_CRT_PARSE_C)

#include "identity.h"

#include <string.h>

/** Tags of GeneralName (RFC 5280 section 4.2.1.6), and the bit that marks a choice's context-specific tag. */
enum {
    TAG_MASK = 0x1f,
    DNS_NAME = 2,
    IP_ADDRESS = 7,
    MOST_ADDRESS = 16,
    MOST_IDENTITY = 255,
    IPV4_BYTES = 4,
    GROUPS = 8
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool same_text(const char *a, const char *b, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

/** RFC 9525 section 6.3: a wildcard is the whole left-most label and matches one label. */
static bool matches_name(const char *pattern, size_t length, const char *host)
{
    size_t host_length = strlen(host);
    if (length > 2 && pattern[0] == '*' && pattern[1] == '.') {
        const char *dot = memchr(host, '.', host_length);
        if (dot == NULL || dot == host || memchr(pattern + 2, '.', length - 2) == NULL) return false;
        host_length -= (size_t)(dot - host);
        pattern++, length--, host = dot;
    }
    return length == host_length && length > 0 && same_text(pattern, host, length);
}

/** Parses a decimal number up to 255 without leading zeros, and moves past it; -1 if there is none. */
static int read_octet(const char **text)
{
    int value = -1;
    for (const char *start = *text; **text >= '0' && **text <= '9'; (*text)++) {
        if (*text > start && *start == '0') return -1;
        value = (value < 0 ? 0 : value) * 10 + (**text - '0');
        if (value > 255) return -1;
    }
    return value;
}

static bool read_ipv4(const char *text, uint8_t *address)
{
    for (unsigned i = 0; i < IPV4_BYTES; i++) {
        int octet = read_octet(&text);
        if (octet < 0) return false;
        address[i] = (uint8_t)octet;
        if (*text++ != (i < IPV4_BYTES - 1 ? '.' : 0)) return false;
    }
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/** RFC 4291 section 2.2, without the mixed notation. */
static bool read_ipv6(const char *text, uint8_t *address)
{
    uint8_t groups[MOST_ADDRESS] = {0};
    unsigned count = 0, gap = GROUPS + 1;
    if (text[0] == ':' && text[1] != ':') return false;
    while (*text != 0) {
        if (text[0] == ':' && text[1] == ':') {
            if (gap <= GROUPS) return false;
            gap = count;
            text += 2;
            continue;
        }
        if (count > 0 && gap != count && *text++ != ':') return false;
        unsigned value = 0, digits = 0;
        for (int digit; (digit = hex_digit(*text)) >= 0; text++, digits++) value = value << 4 | (unsigned)digit;
        if (digits < 1 || digits > 4 || count == GROUPS) return false;
        groups[2 * count] = (uint8_t)(value >> 8);
        groups[2 * count + 1] = (uint8_t)value;
        count++;
    }
    if (gap > GROUPS ? count != GROUPS : count >= GROUPS) return false;
    size_t head = gap > GROUPS ? MOST_ADDRESS : 2u * gap, tail = gap > GROUPS ? 0 : 2u * (count - gap);
    memset(address, 0, MOST_ADDRESS);
    memcpy(address, groups, head);
    memcpy(address + MOST_ADDRESS - tail, groups + 2u * count - tail, tail);
    return true;
}

/** Returns the address's length, 0 if the text is not an address. */
static size_t read_address(const char *text, uint8_t *address)
{
    if (read_ipv4(text, address)) return IPV4_BYTES;
    return strchr(text, ':') != NULL && read_ipv6(text, address) ? MOST_ADDRESS : 0;
}

/** Normalizes an identity as sockets and names may write it: removes a zone, and a dot at the end. */
static void copy_identity(const char *identity, char *copy)
{
    size_t length = strcspn(identity, "%");
    if (length > 0 && identity[length - 1] == '.') length--;
    if (length > MOST_IDENTITY) length = MOST_IDENTITY;
    memcpy(copy, identity, length);
    copy[length] = 0;
}

bool mote_certificate_names(const mbedtls_x509_crt *certificate, const char *given)
{
    uint8_t address[MOST_ADDRESS];
    char identity[MOST_IDENTITY + 1];
    copy_identity(given, identity);
    size_t bytes = read_address(identity, address);
    const mbedtls_x509_sequence *name = &certificate->subject_alt_names;
    for (; name != NULL && name->buf.p != NULL; name = name->next) {
        const mbedtls_x509_buf *value = &name->buf;
        int tag = value->tag & TAG_MASK;
        if (bytes > 0 && tag == IP_ADDRESS && value->len == bytes && memcmp(value->p, address, bytes) == 0) return true;
        if (bytes == 0 && tag == DNS_NAME && matches_name((const char *)value->p, value->len, identity)) return true;
    }
    return false;
}

#endif
