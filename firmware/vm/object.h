/* Tables of keys and values, and maps made of them. */
#ifndef MOTE_OBJECT_H
#define MOTE_OBJECT_H

#include "state.h"

/** A table with room for this many fields is a dictionary, so that a byte is enough for a guess (lookup.h). */
enum { HASHED = 128 };

mote_value mote_map_new(mote_vm *vm, mote_value prototype);
/** A map with room for `fields` fields. The prototype is alive, and is one already or no map. */
mote_value mote_map_with_room(mote_vm *vm, mote_value prototype, uint32_t fields);
/** Position of a string index in a table of fields. -1: it is not there, or the table is a dictionary. */
static inline int mote_table_search(const block_table *table, uint32_t name)
{
    const uint16_t *numbers = numbers_of(table), *end = numbers + table->used / 4u;
    for (const uint16_t *at = numbers; at < end; at++)
        if (*at == name) return (int)(at - numbers);
    return -1;
}

/** Number of entries of a table; `table` may be 0, an empty one. */
uint32_t mote_table_count(const mote_vm *vm, mote_value table);
/** Entry number `i`: stores its key in `key` and returns where its value lies. */
mote_value *mote_table_entry(const mote_vm *vm, mote_value table, uint32_t i, mote_value *key);
mote_value mote_table_find(const mote_vm *vm, mote_value table, mote_value key);
/**
 * Stores an entry in the table that *slot refers to, replacing the table if it has to grow. *slot is in a reachable
 * block or in the machine's state.
 */
bool mote_table_set(mote_vm *vm, mote_value owner, mote_value *slot, mote_value key, mote_value value);
/**
 * Trims a table in a collection. Returns the words that its block needs from now on. Must not allocate: the sweep calls
 * it.
 */
uint32_t mote_table_trim(const mote_vm *vm, mote_value table);
/** The same for a map: what it needs with its inner table, or without the one that it has outgrown. */
uint32_t mote_map_trim(mote_vm *vm, mote_value map);
bool mote_table_delete(mote_vm *vm, mote_value table, mote_value key);
bool mote_map_set(mote_vm *vm, mote_value map, mote_value key, mote_value value);
mote_value mote_map_get(mote_vm *vm, mote_value map, mote_value key);
/**
 * Like mote_map_set, for a new field that the map's table has no room for. `key` is a string of the image, the map is
 * not a prototype, and map and value are on the operand stack.
 */
bool mote_map_add(mote_vm *vm, mote_value map, mote_value key, mote_value value);
/**
 * Reserves room for `fields` fields in a map without fields. Other maps and prototypes stay as they are, as do maps
 * that would need a dictionary.
 */
bool mote_map_reserve(mote_vm *vm, mote_value map, uint32_t fields);

#endif
