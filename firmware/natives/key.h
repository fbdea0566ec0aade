/* Key pairs: agreement (P-256, X25519) and signatures (ECDSA over P-256 with SHA-256). Slow: they run in the background
 * while the calling fiber waits. */
#ifndef MOTE_KEY_H
#define MOTE_KEY_H

#include "mote_vm.h"

enum { PRIVATE_BYTES = 32 };

/** Whether this group is supported; 0: P-256 for signatures. */
bool mote_key_has_group(int32_t group);
/** A handle of the pair with this private key. May throw. */
mote_value mote_key_import(mote_vm *vm, int32_t group, const uint8_t *private_key);
/** The arguments with which mote_key_import recreates the key of a handle's object. */
bool mote_key_export(const void *object, int32_t *group, uint8_t *private_key);

#endif
