/* Sizes of the firmware. `mote build` writes mote_config.h from devs.config.json; without it these defaults apply. */
#ifndef MOTE_CONFIGURATION_H
#define MOTE_CONFIGURATION_H

#if defined(__has_include)
#if __has_include("mote_config.h")
#include "mote_config.h"
#endif
#endif

/** Memory for the program, KB. */
#ifndef MOTE_ARENA_KB
#define MOTE_ARENA_KB 64
#endif
/** Limit on open hashes, HMACs and AEADs, at most 255: three for each connection, and some more during a handshake. */
#ifndef MOTE_HANDLES
#define MOTE_HANDLES 32
#endif
/** Limit on open UDP sockets. */
#ifndef UDP_SLOTS
#define UDP_SLOTS 4
#endif
/** Bit n: the firmware contains the AEAD with number n (native_list.h) if the library has it. */
#ifndef MOTE_AEADS
#define MOTE_AEADS 0xfe
#endif

#endif
