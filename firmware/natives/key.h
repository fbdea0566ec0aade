/* Key pairs: agreement (P-256, X25519) and signatures (ECDSA over P-256 with SHA-256). Slow: they run beside the
 * script. */
#ifndef MOTE_KEY_H
#define MOTE_KEY_H

#include "mote_vm.h"

mote_value native_key_new(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value native_key_import(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value native_key_public(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value native_key_agree(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value native_key_sign(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value native_key_verify(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);

#endif
