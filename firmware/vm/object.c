/*
 * Tables of pairs in order of insertion, and maps made of them.
 *
 * Up to HASHED - 1 pairs are searched one by one, after the place where the last map had the key; larger tables, which
 * are dictionaries and not objects, carry an index behind the pairs: a ring of 16-bit positions, 0 for empty, else pair
 * number + 1. It is never more than two thirds full, so that a search ends. Deleting a pair moves those behind it,
 * which keeps the order, and builds the ring anew.
 *
 * Keys are compared by word: strings of the image have one word each. FLAG_TEXT_KEYS marks a table with heap strings as
 * keys, whose contents decide. own_keys knows which keys any map but prototypes ever had: a key that is not there is a
 * method's, and no object needs to be searched for it.
 */
#include "object.h"
#include "exception.h"
#include "heap.h"
#include "lookup.h"
#include "methods.h"
#include "property.h"
#include "state.h"
#include "utf8_string.h"

#include <string.h>

enum { FIRST_CAPACITY = 2 };

static block_table *table_at(const mote_vm *vm, mote_value table)
{
    return at_offset(vm, table);
}

static uint32_t ring_size(uint32_t capacity)
{
    uint32_t size = 16;
    while (size < capacity + capacity / 2) size *= 2;
    return size;
}

static uint16_t *ring_of(block_table *table)
{
    return (uint16_t *)&table->pairs[2u * table->capacity];
}

static uint32_t hash_of(mote_value key)
{
    return (key * 2654435761u) >> 12;
}

static void ring_add(block_table *table, uint32_t mask, uint32_t pair)
{
    uint16_t *ring = ring_of(table);
    uint32_t at = hash_of(table->pairs[2 * pair]) & mask;
    while (ring[at] != 0) at = (at + 1) & mask;
    ring[at] = (uint16_t)(pair + 1);
}

static void ring_build(block_table *table)
{
    if (table->capacity < HASHED) return;
    uint32_t size = ring_size(table->capacity);
    memset(ring_of(table), 0, size * 2);
    for (uint32_t i = 0; i < table->count; i++) ring_add(table, size - 1, i);
}

/** Pair number of a key, by its word; -1 when it is not there. */
static int find_word(block_table *table, mote_value key)
{
    if (table->capacity < HASHED) {
        const mote_value *pairs = table->pairs;
        for (uint32_t i = 0; i < table->count; i++)
            if (pairs[2 * i] == key) return (int)i;
        return -1;
    }
    const uint16_t *ring = ring_of(table);
    uint32_t mask = ring_size(table->capacity) - 1;
    for (uint32_t at = hash_of(key) & mask; ring[at] != 0; at = (at + 1) & mask)
        if (table->pairs[2u * (ring[at] - 1u)] == key) return ring[at] - 1;
    return -1;
}

/** Keys are strings here (or functions, in the machine's own tables): compares by content where words may differ. */
static int find_pair(const mote_vm *vm, block_table *table, mote_value key)
{
    int found = find_word(table, key);
    bool by_text = is_heap(key) || (table->header & FLAG_TEXT_KEYS) != 0;
    if (found >= 0 || !by_text || !mote_is_string(vm, key)) return found;
    for (uint32_t i = 0; i < table->count; i++) {
        mote_value other = table->pairs[2 * i];
        if ((is_heap(key) || is_heap(other)) && mote_string_equals(vm, key, other)) return (int)i;
    }
    return -1;
}

mote_value mote_table_find(const mote_vm *vm, mote_value table, mote_value key)
{
    if (table == 0) return VALUE_NONE;
    block_table *block = table_at(vm, table);
    int pair = find_pair(vm, block, key);
    return pair < 0 ? VALUE_NONE : block->pairs[2 * pair + 1];
}

static uint32_t table_bytes(uint32_t capacity)
{
    return 4 + capacity * 8 + (capacity < HASHED ? 0 : ring_size(capacity) * 2);
}

static mote_value table_grow(mote_vm *vm, mote_value old, uint32_t first)
{
    uint32_t count = old == 0 ? 0 : table_at(vm, old)->count;
    uint32_t capacity = count == 0 ? first : count < 4 ? count + 2 : count + count / 2;
    uint32_t words = 1 + table_bytes(capacity) / 4;
    if (capacity < HASHED && old != 0 && mote_heap_extend(vm, old, words)) {
        table_at(vm, old)->capacity = (uint16_t)capacity;
        return old;
    }
    mote_value grown = mote_heap_new(vm, KIND_TABLE, table_bytes(capacity));
    if (grown == MOTE_FAILED) return grown;
    block_table *to = table_at(vm, grown);
    to->count = (uint16_t)count;
    to->capacity = (uint16_t)capacity;
    if (old != 0) {
        memcpy(to->pairs, table_at(vm, old)->pairs, count * 8);
        to->header |= table_at(vm, old)->header & FLAG_TEXT_KEYS;
        mote_heap_free(vm, old);
    }
    ring_build(to);
    return grown;
}

/** Adds a pair whose key the table does not have. `first`: room of a new table, pairs. */
static bool table_add(mote_vm *vm, mote_value owner, mote_value *slot, mote_value key, mote_value value, uint32_t first)
{
    if (*slot == 0 || table_at(vm, *slot)->count == table_at(vm, *slot)->capacity) {
        if (*slot != 0 && table_at(vm, *slot)->count >= 0x5000) {
            mote_throw_error(vm, MOTE_RANGE_ERROR, "object too big");
            return false;
        }
        root_push(vm, owner);
        root_push(vm, key);
        root_push(vm, value);
        mote_value grown = table_grow(vm, *slot, first);
        roots_drop(vm, 3);
        if (grown == MOTE_FAILED) return false;
        *slot = grown;
    }
    block_table *table = table_at(vm, *slot);
    if (is_heap(key)) table->header |= FLAG_TEXT_KEYS;
    table->pairs[2u * table->count] = key;
    table->pairs[2u * table->count + 1] = value;
    table->count++;
    if (table->capacity >= HASHED) ring_add(table, ring_size(table->capacity) - 1, table->count - 1u);
    return true;
}

bool mote_table_set(mote_vm *vm, mote_value owner, mote_value *slot, mote_value key, mote_value value)
{
    int pair = *slot == 0 ? -1 : find_pair(vm, table_at(vm, *slot), key);
    if (pair < 0) return table_add(vm, owner, slot, key, value, FIRST_CAPACITY);
    table_at(vm, *slot)->pairs[2 * pair + 1] = value;
    return true;
}

bool mote_table_delete(mote_vm *vm, mote_value table, mote_value key)
{
    if (table == 0) return false;
    block_table *block = table_at(vm, table);
    int pair = find_pair(vm, block, key);
    if (pair < 0) return false;
    mote_value *at = &block->pairs[2 * pair];
    block->count--;
    memmove(at, at + 2, (size_t)(block->count - pair) * 8);
    ring_build(block);
    return true;
}

/** Gives up the room of pairs that are not there. Returns the words that the table needs then; allocates nothing. */
uint32_t mote_table_trim(const mote_vm *vm, mote_value table)
{
    block_table *block = table_at(vm, table);
    uint32_t words = 1 + table_bytes(block->count) / 4, have = block_words(vm, table);
    if (block->count == 0 || words + 1 >= have) return have; /* a single word could not be a block */
    block->capacity = block->count;
    ring_build(block);
    return words;
}

mote_value mote_map_new(mote_vm *vm, mote_value prototype)
{
    root_push(vm, prototype);
    mote_value v = mote_heap_new(vm, KIND_MAP, sizeof(block_map) - 4);
    roots_drop(vm, 1);
    if (v == MOTE_FAILED) return v;
    block_map *map = at_offset(vm, v);
    map->prototype = prototype;
    map->table = 0;
    if (has_kind(vm, prototype, KIND_MAP)) *(uint32_t *)at_offset(vm, prototype) |= FLAG_PROTOTYPE;
    return v;
}

/** How many fields the objects of a class have had when they outgrew what was guessed; 0: not known. */
static uint8_t *size_at(mote_vm *vm, mote_value prototype)
{
    return &vm->sizes[(prototype >> 3) % SIZES];
}

bool mote_map_add(mote_vm *vm, mote_value map, mote_value key, mote_value value)
{
    block_map *block = at_offset(vm, map);
    bool of_class = is_heap(block->prototype);
    uint8_t *size = size_at(vm, block->prototype);
    note_own_key(vm, key);
    if (of_class && block->table != 0) {
        const block_table *table = table_at(vm, block->table);
        bool outgrown = table->count == table->capacity && table->count >= *size && table->count < HASHED / 2;
        if (outgrown) *size = (uint8_t)(table->count + 1);
    }
    uint32_t first = of_class && *size > FIRST_CAPACITY ? *size : FIRST_CAPACITY;
    return table_add(vm, map, &block->table, key, value, first);
}

bool mote_map_reserve(mote_vm *vm, mote_value map, uint32_t fields)
{
    block_map *block = at_offset(vm, map);
    if (block->table != 0 || (block->header & FLAG_PROTOTYPE) != 0 || fields >= HASHED) return true;
    root_push(vm, map);
    mote_value table = mote_heap_new(vm, KIND_TABLE, table_bytes(fields));
    roots_drop(vm, 1);
    if (table == MOTE_FAILED) return false;
    table_at(vm, table)->count = 0;
    table_at(vm, table)->capacity = (uint16_t)fields;
    block->table = table;
    return true;
}

bool mote_map_set(mote_vm *vm, mote_value map, mote_value key, mote_value value)
{
    block_map *block = at_offset(vm, map);
    if ((block->header & FLAG_PROTOTYPE) == 0) {
        note_own_key(vm, key);
    } else {
        if (mote_map_get(vm, map, key) == value) return true;
        (void)mote_methods_table(vm, map); /* what a program stores lies on its stack meanwhile */
        mote_cache_clear(vm);
    }
    return mote_table_set(vm, map, &block->table, key, value);
}

mote_value mote_map_get(mote_vm *vm, mote_value map, mote_value key)
{
    const block_map *block = at_offset(vm, map);
    if ((block->header & FLAG_IN_PLACE) != 0 && is_immediate(key)) return mote_methods_find(vm, map, key);
    return mote_table_find(vm, mote_methods_table(vm, map), key);
}
