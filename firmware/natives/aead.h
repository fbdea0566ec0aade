/* AEADs and records. Algorithm numbers: AeadAlgorithm of src/dtls/crypto/algorithm-numbers.ts. */
#ifndef MOTE_AEAD_H
#define MOTE_AEAD_H

#include "mote_vm.h"

/** Bit n for each supported AEAD number n. */
int32_t mote_aead_bits(void);

#endif
