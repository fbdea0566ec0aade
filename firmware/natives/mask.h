/*
 * Record number encryption of DTLS 1.3 (RFC 9147 section 4.2.3), on the block or stream cipher of an AEAD. ChaCha20
 * with a counter of one's own is beyond PSA: mbedTLS 4 has AES alone.
 */
#ifndef MOTE_MASK_H
#define MOTE_MASK_H

#include "mote_vm.h"

mote_value mote_native_record_mask_new(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_record_mask(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);

#endif
