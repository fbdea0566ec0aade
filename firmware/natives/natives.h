/* The native functions that all ports share. */
#ifndef MOTE_NATIVES_H
#define MOTE_NATIVES_H

#include "mote_vm.h"

/** For mote_host.buffer_natives. The port has called psa_crypto_init. */
extern const mote_native_entry buffer_crypto_natives[];

#endif
