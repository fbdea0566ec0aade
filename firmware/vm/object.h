/* Tables of pairs, and maps made of them. */
#ifndef MOTE_OBJECT_H
#define MOTE_OBJECT_H

#include "state.h"

/** Tables of so many pairs and more are dictionaries, and have an index. */
enum { HASHED = 40 };

mote_value mote_map_new(mote_vm *vm, mote_value prototype);
mote_value mote_table_find(const mote_vm *vm, mote_value table, mote_value key);
/** Stores into the table that *slot refers to, growing it; *slot lies in a rooted block or in the machine. */
bool mote_table_set(mote_vm *vm, mote_value owner, mote_value *slot, mote_value key, mote_value value);
uint32_t mote_table_trim(const mote_vm *vm, mote_value table);
bool mote_table_delete(mote_vm *vm, mote_value table, mote_value key);
bool mote_map_set(mote_vm *vm, mote_value map, mote_value key, mote_value value);
mote_value mote_map_get(mote_vm *vm, mote_value map, mote_value key);
/** Like mote_map_set, of a key that a map which is no prototype does not have. */
bool mote_map_add(mote_vm *vm, mote_value map, mote_value key, mote_value value);
/** Gives a map that has no fields yet room for so many; others, prototypes and dictionaries stay as they are. */
bool mote_map_reserve(mote_vm *vm, mote_value map, uint32_t fields);

#endif
