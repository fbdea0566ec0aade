/* Preloaded before mote-device's crypto library: these calls fail as they do when memory is out. */
#include <dlfcn.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>
#include <string.h>

psa_status_t psa_verify_hash(psa_key_id_t key, psa_algorithm_t algorithm, const uint8_t *hash, size_t hash_length,
                             const uint8_t *signature, size_t signature_length)
{
    (void)key, (void)algorithm, (void)hash, (void)hash_length, (void)signature, (void)signature_length;
    return PSA_ERROR_INSUFFICIENT_MEMORY;
}

/** Reads the first certificate and fails for others, as if their list had no room for one. */
int mbedtls_x509_crt_parse_der(mbedtls_x509_crt *chain, const unsigned char *bytes, size_t length)
{
    static unsigned calls;
    int (*parse)(mbedtls_x509_crt *, const unsigned char *, size_t);
    void *found = dlsym(RTLD_NEXT, "mbedtls_x509_crt_parse_der");
    if (found == NULL || calls++ > 0) return MBEDTLS_ERR_X509_ALLOC_FAILED;
    memcpy(&parse, &found, sizeof parse);
    return parse(chain, bytes, length);
}
