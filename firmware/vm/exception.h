/* Exceptions: raising them, and the Error classes. */
#ifndef MOTE_EXCEPTION_H
#define MOTE_EXCEPTION_H

#include "state.h"

mote_value mote_throw_error(mote_vm *vm, enum mote_error kind, const char *format, ...);
/** TypeError "expecting WHAT; got VALUE". */
mote_value mote_throw_expecting(mote_vm *vm, const char *what, mote_value got);
void mote_raise(mote_vm *vm, mote_value exception);
/** Name of an exception's class; allocates nothing. */
const char *mote_error_class(mote_vm *vm, mote_value exception, uint32_t *length);

#endif
