/* A place for measurements: called before each operation in builds that define MOTE_PROFILE. */
#ifndef MOTE_PROFILE_H
#define MOTE_PROFILE_H

#ifdef MOTE_PROFILE
#include <stdint.h>
void profile_operation(uint32_t function, uint8_t op);
#define PROFILE_OPERATION(vm, op) profile_operation((uint32_t)small_int((vm)->link[0]) & 0xffffffu, op)
#else
#define PROFILE_OPERATION(vm, op) ((void)0)
#endif

#endif
