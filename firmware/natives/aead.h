/* AEADs and records. Algorithm numbers: AeadAlgorithm of src/dtls/crypto/provider.ts. */
#ifndef MOTE_AEAD_H
#define MOTE_AEAD_H

#include "mote_vm.h"

/** Bit n for each AEAD number n there is. */
int32_t mote_aead_bits(void);

mote_value mote_native_aead_new(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_aead_seal(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_aead_open(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_record_seal(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_record_sequence(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_record_open(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_record_seal_in_place(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_record_open_in_place(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);

#endif
