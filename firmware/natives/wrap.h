/*
 * Keys on their way through hands that may not see them: version 1, kind of handle 1, algorithm or group 1, 0, nonce
 * 12, then the key sealed by another AEAD with these 16 bytes as additional data.
 */
#ifndef MOTE_WRAP_H
#define MOTE_WRAP_H

#include "mote_vm.h"

mote_value mote_native_crypto_wrap(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_crypto_unwrap(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);

#endif
