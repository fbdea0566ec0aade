/*
 * Certificate chains (RFC 5280), verified with the results of GIO's TlsCertificateFlags. If the firmware's mbedTLS has
 * no X.509, as on boards with PSK only, the native throws an error.
 */
#include "arguments.h"

#include <mbedtls/version.h>

#if !defined(MBEDTLS_X509_CRT_PARSE_C)

mote_value mote_native_certificate_check(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)args, (void)count;
    return mote_throw(vm, MOTE_ERROR, "this device checks no certificates");
}

#else

#include "identity.h"
#include "work.h"

#include <stdlib.h>
#include <string.h>

/** GIO's TlsCertificateFlags. */
enum {
    UNKNOWN_CA = 1,
    BAD_IDENTITY = 2,
    NOT_ACTIVATED = 4,
    EXPIRED = 8,
    REVOKED = 16,
    INSECURE = 32,
    GENERIC_ERROR = 64
};
enum { MOST_CERTIFICATES = 16, MOST_BYTES = 32768, MOST_IDENTITY = 256, SERVER = 0, CLIENT = 1 };

/** The chain and anchors to check, in one block: the certificates follow the struct, concatenated. */
typedef struct {
    work base;
    size_t in_chain, in_anchors, lengths[2 * MOST_CERTIFICATES];
    char identity[MOST_IDENTITY];
    bool knows_time, is_client;
    bool out_of_memory; /* a certificate is missing that might have completed the chain */
    int64_t when;
    int32_t flags;
    uint8_t bytes[];
} check;

/** Days since 1970-01-01 in the proleptic Gregorian calendar. */
static int64_t days(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = year / 400, of_era = year - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t unix_seconds(const mbedtls_x509_time *time)
{
    return ((days(time->year, time->mon, time->day) * 24 + time->hour) * 60 + time->min) * 60 + time->sec;
}

/** Uses the script's time, because the library may have no clock, or one that is not set. */
static uint32_t time_flags(const check *job, const mbedtls_x509_crt *certificate)
{
    uint32_t flags = 0;
    if (!job->knows_time) return 0;
    if (job->when < unix_seconds(&certificate->valid_from)) flags |= MBEDTLS_X509_BADCERT_FUTURE;
    if (job->when > unix_seconds(&certificate->valid_to)) flags |= MBEDTLS_X509_BADCERT_EXPIRED;
    return flags;
}

/** RFC 5280 section 4.2.1.12, also for certificates between the peer's own and an anchor. */
static bool has_usage(const mbedtls_x509_crt *certificate, bool is_client)
{
    static const char server[] = "\x2b\x06\x01\x05\x05\x07\x03\x01", client[] = "\x2b\x06\x01\x05\x05\x07\x03\x02";
    return mbedtls_x509_crt_check_extended_key_usage(certificate, is_client ? client : server, sizeof server - 1) == 0;
}

static int judge_certificate(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
    const check *job = context;
    *flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
    *flags |= time_flags(job, certificate);
    if (depth > 0 && !has_usage(certificate, job->is_client)) *flags |= MBEDTLS_X509_BADCERT_EXT_KEY_USAGE;
    return 0;
}

static int32_t gio_flags(uint32_t flags)
{
    static const struct {
        uint32_t theirs;
        int32_t ours;
    } pairs[] = {
        {MBEDTLS_X509_BADCERT_NOT_TRUSTED, UNKNOWN_CA},
        {MBEDTLS_X509_BADCERT_FUTURE, NOT_ACTIVATED},
        {MBEDTLS_X509_BADCERT_EXPIRED, EXPIRED},
        {MBEDTLS_X509_BADCERT_REVOKED, REVOKED},
        {MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY, INSECURE},
    };
    uint32_t known = 0;
    int32_t result = 0;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        known |= pairs[i].theirs;
        if ((flags & pairs[i].theirs) != 0) result |= pairs[i].ours;
    }
    return (flags & ~known) != 0 ? result | GENERIC_ERROR : result;
}

/** Whether the certificate itself may be used to sign a handshake (RFC 5246 section 7.4.2) in this role. */
static bool is_for(const mbedtls_x509_crt *certificate, bool is_client)
{
    return mbedtls_x509_crt_check_key_usage(certificate, MBEDTLS_X509_KU_DIGITAL_SIGNATURE) == 0 &&
           has_usage(certificate, is_client);
}

static int32_t judge(check *job, mbedtls_x509_crt *chain, mbedtls_x509_crt *anchors)
{
    uint32_t flags = 0;
    int status = mbedtls_x509_crt_verify(chain, anchors, NULL, NULL, &flags, judge_certificate, job);
    int32_t result = status == 0 || status == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED ? gio_flags(flags) : GENERIC_ERROR;
    if (job->identity[0] != 0 && !mote_certificate_names(chain, job->identity)) result |= BAD_IDENTITY;
    return is_for(chain, job->is_client) && !job->out_of_memory ? result : result | GENERIC_ERROR;
}

/**
 * Whether its key is cheap enough to use: an RSA modulus of at most 4096 bits, and an exponent much shorter than that.
 * Anyone can send a chain, and each signature is computed before anything is trusted.
 */
static bool is_bearable(const mbedtls_x509_crt *certificate)
{
    enum { MOST_BITS = 4096, MOST_ECC_BITS = 521, AROUND = 64 };
    size_t bits = mbedtls_pk_get_bitlen(&certificate->pk);
    return bits <= MOST_BITS && (bits <= MOST_ECC_BITS || certificate->pk_raw.len <= bits / 8 + AROUND);
}

/**
 * The library does not support name constraints (RFC 5280 section 4.2.1.10) and ignores them unless they are critical,
 * so certificates with name constraints are rejected. The identifier's bytes anywhere in the extensions cause this,
 * too.
 */
static bool has_name_constraints(const mbedtls_x509_crt *certificate)
{
    static const uint8_t id[] = {0x06, 0x03, 0x55, 0x1d, 0x1e};
    const mbedtls_x509_buf *extensions = &certificate->v3_ext;
    for (size_t i = 0; i + sizeof id <= extensions->len; i++)
        if (memcmp(extensions->p + i, id, sizeof id) == 0) return true;
    return false;
}

/** Adds a certificate, unless the library cannot parse it, or it is not in the wanted group (`in_time` or not). */
static void add(check *job, mbedtls_x509_crt *list, const uint8_t *der, size_t length, bool in_time)
{
    mbedtls_x509_crt one;
    mbedtls_x509_crt_init(&one);
    int status = mbedtls_x509_crt_parse_der(&one, der, length);
    if (status == 0 && is_bearable(&one) && !has_name_constraints(&one) && (time_flags(job, &one) == 0) == in_time)
        status = mbedtls_x509_crt_parse_der(list, der, length);
    job->out_of_memory = job->out_of_memory || status == MBEDTLS_ERR_X509_ALLOC_FAILED;
    mbedtls_x509_crt_free(&one);
}

/**
 * Certificates that are valid now come first, because of two issuers with the same name the library may take the first.
 */
static void add_all(check *job, mbedtls_x509_crt *list, const uint8_t *bytes, const size_t *lengths, size_t count)
{
    for (int late = 0; late < 2; late++) {
        const uint8_t *at = bytes;
        for (size_t i = 0; i < count; at += lengths[i++]) add(job, list, at, lengths[i], late == 0);
    }
}

static void run_check(work *self)
{
    check *job = (check *)self;
    const uint8_t *others = job->bytes + job->lengths[0], *roots = others;
    for (size_t i = 1; i < job->in_chain; i++) roots += job->lengths[i];
    mbedtls_x509_crt chain, anchors;
    mbedtls_x509_crt_init(&chain);
    mbedtls_x509_crt_init(&anchors);
    mote_port_crypto_lock();
    bool good = mbedtls_x509_crt_parse_der(&chain, job->bytes, job->lengths[0]) == 0;
    if (good) {
        add_all(job, &chain, others, job->lengths + 1, job->in_chain - 1);
        add_all(job, &anchors, roots, job->lengths + job->in_chain, job->in_anchors);
    }
    job->flags = good ? judge(job, &chain, &anchors) : GENERIC_ERROR;
    mbedtls_x509_crt_free(&chain);
    mbedtls_x509_crt_free(&anchors);
    mote_port_crypto_unlock();
}

static mote_value finish_check(mote_vm *vm, work *self)
{
    return mote_int(vm, ((check *)self)->flags);
}

/** Adds the sizes of the Buffers in an array to `total`. */
static bool measure(mote_vm *vm, mote_value value, const char *name, size_t least, size_t *total)
{
    byte_view der;
    size_t count = mote_array_length(vm, value);
    if (!mote_is_array(vm, value)) return mote_throw_type(vm, name, "an array") != MOTE_FAILED;
    if (count < least || count > MOST_CERTIFICATES)
        return mote_throw_range(vm, name, least > 0 ? "1 to 16 certificates" : "at most 16 certificates") !=
               MOTE_FAILED;
    for (size_t i = 0; i < count; i++) {
        der.data = mote_buffer(vm, mote_array_at(vm, value, i), &der.length);
        if (der.data == NULL) return mote_throw_type(vm, name, "an array of Buffers") != MOTE_FAILED;
        *total += der.length;
    }
    return *total <= MOST_BYTES || mote_throw_range(vm, name, "at most 32768 bytes together") != MOTE_FAILED;
}

static size_t copy(mote_vm *vm, mote_value value, size_t *lengths, uint8_t **to)
{
    size_t count = mote_array_length(vm, value);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *der = mote_buffer(vm, mote_array_at(vm, value, i), &lengths[i]);
        if (lengths[i] > 0) memcpy(*to, der, lengths[i]);
        *to += lengths[i];
    }
    return count;
}

static bool time_argument(mote_vm *vm, mote_value value, bool *knows_time, int64_t *when)
{
    static const double end_of_9999 = 253402300799;
    *knows_time = value != MOTE_UNDEFINED;
    if (!*knows_time) return true;
    if (!mote_is_number(vm, value)) return mote_throw_type(vm, "when", "a number") != MOTE_FAILED;
    double seconds = mote_to_double(vm, value);
    if (!(seconds >= 0 && seconds <= end_of_9999))
        return mote_throw_range(vm, "when", "Unix seconds, from 0 to the year 9999") != MOTE_FAILED;
    *when = (int64_t)seconds;
    return true;
}

mote_value mote_native_certificate_check(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    size_t total = 0;
    int32_t purpose;
    int64_t when = 0;
    bool knows_time;
    char identity[MOST_IDENTITY];
    if (!measure(vm, args[0], "chain", 1, &total) || !measure(vm, args[1], "anchors", 0, &total) ||
        !mote_short_text_argument(vm, args[2], "identity", identity, sizeof identity) ||
        !mote_integer_argument(vm, args[3], "purpose", SERVER, CLIENT, &purpose) ||
        !time_argument(vm, args[4], &knows_time, &when))
        return MOTE_FAILED;
    check *job = calloc(1, sizeof *job + total);
    if (job == NULL) return mote_throw(vm, MOTE_ERROR, "no native memory left for cryptography");
    job->base.bytes = sizeof *job + total;
    job->base.run = run_check;
    job->base.finish = finish_check;
    job->knows_time = knows_time;
    job->when = when;
    job->is_client = purpose == CLIENT;
    memcpy(job->identity, identity, sizeof identity);
    uint8_t *to = job->bytes;
    job->in_chain = copy(vm, args[0], job->lengths, &to);
    job->in_anchors = copy(vm, args[1], job->lengths + job->in_chain, &to);
    return mote_work_start(vm, &job->base);
}

#endif
