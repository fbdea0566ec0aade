/*
 * Certificate chains (RFC 5280), answered in the bits of GIO's TlsCertificateFlags. Where the firmware's mbedTLS has no
 * X.509, as on boards that know PSK only, the native says so.
 */
#ifndef MOTE_CERTIFICATE_H
#define MOTE_CERTIFICATE_H

#include "mote_vm.h"

mote_value mote_native_certificate_check(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);

#endif
