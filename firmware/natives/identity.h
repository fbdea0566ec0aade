/* The identities in a certificate (RFC 9525): only subjectAltName, its dNSNames and iPAddresses. */
#ifndef MOTE_IDENTITY_H
#define MOTE_IDENTITY_H

#include <mbedtls/x509_crt.h>
#include <stdbool.h>

/** `identity` is a host name, or an IP address as text. */
bool mote_certificate_names(const mbedtls_x509_crt *certificate, const char *identity);

#endif
