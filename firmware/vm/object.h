/* Tables of keys and values, and maps made of them. */
#ifndef MOTE_OBJECT_H
#define MOTE_OBJECT_H

#include "state.h"

/** With room for so many fields a table is a dictionary: below it, a byte tells where a field lies (lookup.h). */
enum { HASHED = 128 };

mote_value mote_map_new(mote_vm *vm, mote_value prototype);
/** Place of a name, the number of a string, in a table of fields; -1: it is not there, or the table is one of pairs. */
static inline int mote_table_search(const block_table *table, uint32_t name)
{
    const uint16_t *numbers = numbers_of(table), *end = numbers + table->used / 4u;
    for (const uint16_t *at = numbers; at < end; at++)
        if (*at == name) return (int)(at - numbers);
    return -1;
}

/** How many pairs a table has; 0 is one without any. */
uint32_t mote_table_count(const mote_vm *vm, mote_value table);
/** Where the value of the pair with this number lies. */
mote_value *mote_table_entry(const mote_vm *vm, mote_value table, uint32_t i, mote_value *key);
mote_value mote_table_find(const mote_vm *vm, mote_value table, mote_value key);
/** Stores into the table that *slot refers to, growing it; *slot lies in a rooted block or in the machine. */
bool mote_table_set(mote_vm *vm, mote_value owner, mote_value *slot, mote_value key, mote_value value);
uint32_t mote_table_trim(const mote_vm *vm, mote_value table);
bool mote_table_delete(mote_vm *vm, mote_value table, mote_value key);
bool mote_map_set(mote_vm *vm, mote_value map, mote_value key, mote_value value);
mote_value mote_map_get(mote_vm *vm, mote_value map, mote_value key);
/**
 * Like mote_map_set, of a string of the image that a map which is no prototype does not have as a key, and has no room
 * for. Map and value lie on the operand stack.
 */
bool mote_map_add(mote_vm *vm, mote_value map, mote_value key, mote_value value);
/** Gives a map that has no fields yet room for so many; others, prototypes and dictionaries stay as they are. */
bool mote_map_reserve(mote_vm *vm, mote_value map, uint32_t fields);

#endif
