/* Methods of classes that stay where the image stores them. */
#ifndef MOTE_METHODS_H
#define MOTE_METHODS_H

#include "state.h"

/** The map of a class of the program. */
mote_value mote_methods_new(mote_vm *vm);
/** `C.prototype` has just been read at vm->pc: the methods that the code stores into it from there on are its own. */
void mote_methods_adopt(mote_vm *vm, mote_value prototype);
/** An own field of a map with FLAG_IN_PLACE, by a string of the image; VALUE_NONE: it has none of the name. */
mote_value mote_methods_find(mote_vm *vm, mote_value prototype, mote_value key);
/** The table of a map, for who reads or changes it as such: nothing is in place from then on. 0: it is empty. */
mote_value mote_methods_table(mote_vm *vm, mote_value map);

#endif
