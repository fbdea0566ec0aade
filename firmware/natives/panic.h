/* Describes a panic for logs. */
#ifndef MOTE_PANIC_H
#define MOTE_PANIC_H

#include "mote_vm.h"

enum { PANIC_TEXT_BYTES = 288 };

/**
 * "Error: text; at 123 456": positions in the image, innermost first; `mote monitor` translates them to lines of
 * TypeScript.
 */
void mote_panic_describe(mote_vm *vm, char *text, size_t size);

#endif
