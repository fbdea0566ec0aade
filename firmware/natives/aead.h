/* AEADs and records. Algorithm numbers: AeadAlgorithm of src/dtls/crypto/algorithm-numbers.ts. */
#ifndef MOTE_AEAD_H
#define MOTE_AEAD_H

#include "mote_vm.h"

/** Bit n for each AEAD number n there is. */
int32_t mote_aead_bits(void);

#endif
