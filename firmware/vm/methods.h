/* Methods in place: methods of classes are read from the image's code instead of a table. */
#ifndef MOTE_METHODS_H
#define MOTE_METHODS_H

#include "state.h"

/** A new prototype for a class of the program. */
mote_value mote_methods_new(mote_vm *vm);
/**
 * Called when `C.prototype` has just been read, with vm->pc after the read: the prototype adopts the methods that the
 * code from there on stores into it.
 */
void mote_methods_adopt(mote_vm *vm, mote_value prototype);
/** An own field of a map with FLAG_IN_PLACE. `key` is a string of the image. VALUE_NONE: the map does not have it. */
mote_value mote_methods_find(mote_vm *vm, mote_value prototype, mote_value key);
/**
 * The table of a map, for code that lists or changes its fields. Methods in place are copied into it first, and
 * FLAG_IN_PLACE is cleared. 0: the map is empty.
 */
mote_value mote_methods_table(mote_vm *vm, mote_value map);

#endif
