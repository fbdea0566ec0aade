/* Buffers. */
#ifndef MOTE_BUFFER_H
#define MOTE_BUFFER_H

#include "state.h"

/** Of zeros. */
mote_value mote_buffer_new(mote_vm *vm, uint32_t length);
/** A copy of bytes outside the heap, or of a Buffer that is alive. */
mote_value mote_buffer_of(mote_vm *vm, const uint8_t *data, uint32_t length);
/** What Buffer.prototype has beside DeviceScript's (bytes.c). */
extern const mote_native_entry mote_byte_natives[];
/** The same for Buffer. */
extern const mote_native_entry mote_byte_functions[];
/** Bytes of a Buffer, writable or in the image; NULL when it is none. */
uint8_t *mote_buffer_data(const mote_vm *vm, mote_value v, uint32_t *length);
mote_value mote_buffer_load(mote_vm *vm, mote_value buffer, mote_value format, mote_value offset);
bool mote_buffer_store(mote_vm *vm, mote_value buffer, mote_value format, mote_value offset, mote_value value);

#endif
