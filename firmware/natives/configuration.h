/* Sizes of the firmware. `mote build` writes mote_config.h from devs.config.json; without it these hold. */
#ifndef MOTE_CONFIGURATION_H
#define MOTE_CONFIGURATION_H

#if defined(__has_include)
#if __has_include("mote_config.h")
#include "mote_config.h"
#endif
#endif

/** Memory of the program, KB. */
#ifndef MOTE_ARENA_KB
#define MOTE_ARENA_KB 64
#endif
/** Open hashes, HMACs and AEADs, at most 255: three for each connection, and some more while a handshake runs. */
#ifndef MOTE_HANDLES
#define MOTE_HANDLES 32
#endif
/** Open UDP sockets. */
#ifndef UDP_SLOTS
#define UDP_SLOTS 4
#endif
/** Bit n: the AEAD with number n (native_list.h) is in the firmware, where the library has it. */
#ifndef MOTE_AEADS
#define MOTE_AEADS 0xfe
#endif

#endif
