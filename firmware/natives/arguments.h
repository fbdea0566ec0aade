/* Checks arguments of natives: a wrong type throws a TypeError, a wrong size or range a RangeError; both name the
 * argument. */
#ifndef MOTE_ARGUMENTS_H
#define MOTE_ARGUMENTS_H

#include "mote_vm.h"
#include "native_list.h"

typedef struct {
    const uint8_t *data;
    size_t length;
} byte_view;

/** All of these return false if they have thrown. */
bool mote_integer_argument(mote_vm *vm, mote_value value, const char *name, int32_t least, int32_t most,
                           int32_t *number);
bool mote_buffer_argument(mote_vm *vm, mote_value value, const char *name, byte_view *bytes);
/** A Buffer of `length` bytes. */
bool mote_sized_argument(mote_vm *vm, mote_value value, const char *name, size_t length, const uint8_t **bytes);
/** A Buffer that may be written to. */
bool mote_target_argument(mote_vm *vm, mote_value value, const char *name, uint8_t **bytes, size_t *length);
/** A string without NUL. */
bool mote_text_argument(mote_vm *vm, mote_value value, const char *name, const char **text, size_t *length);
/** A string of at most `size - 1` bytes, which is copied. */
bool mote_short_text_argument(mote_vm *vm, mote_value value, const char *name, char *text, size_t size);

mote_value mote_throw_type(mote_vm *vm, const char *name, const char *wanted);
mote_value mote_throw_range(mote_vm *vm, const char *name, const char *wanted);

/** A new Buffer with these bytes. */
mote_value mote_new_buffer_of(mote_vm *vm, const uint8_t *bytes, size_t length);
/** The bytes of a value that must be a Buffer. */
uint8_t *mote_bytes_of_buffer(mote_vm *vm, mote_value buffer);

#endif
