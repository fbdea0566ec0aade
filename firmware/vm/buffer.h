/* Buffers. */
#ifndef MOTE_BUFFER_H
#define MOTE_BUFFER_H

#include "state.h"

/** A Buffer with a copy of `data`, which lies outside the heap or in a block that stays reachable. */
mote_value mote_buffer_of(mote_vm *vm, const uint8_t *data, uint32_t length);
/** Natives of Buffer.prototype in addition to DeviceScript's (bytes.c). */
extern const mote_native_entry mote_byte_natives[];
/** The same for Buffer itself. */
extern const mote_native_entry mote_byte_functions[];
/** Bytes of a Buffer in the heap, which are writable, or in the image, which are not. NULL if `v` is not a Buffer. */
uint8_t *mote_buffer_data(const mote_vm *vm, mote_value v, uint32_t *length);
mote_value mote_buffer_load(mote_vm *vm, mote_value buffer, mote_value format, mote_value offset);
bool mote_buffer_store(mote_vm *vm, mote_value buffer, mote_value format, mote_value offset, mote_value value);

#endif
