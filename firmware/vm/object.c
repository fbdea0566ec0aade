/*
 * Tables of keys and values in order of insertion, and maps made of them.
 *
 * Nearly all fields have names that stand in the program: strings of the image, for which a 16-bit string index is
 * enough. Tables of such fields (block_table) take six bytes per field. They are searched linearly, but only after the
 * inline cache, which knows where the last object of the class had the key. Values do not move while fields are added,
 * unless the table is replaced; the string indexes after them move when the room changes.
 *
 * The table of a new object is inside the object's own block (inner_table, block.h) if it is known how many fields it
 * will have: from the translation, or from the objects that its class had in the last collection. When it gets more,
 * the table moves out, and the next collection frees its room. Only tables with string indexes are ever inside.
 *
 * A table that gets another kind of key, or needs room for HASHED fields or more, is replaced by a dictionary
 * (block_pairs): pairs with a hash index. The machine's own tables with other keys are dictionaries, too. The hash
 * index follows the pairs. It is open-addressed: a ring of 16-bit positions, 0 for empty, otherwise the pair's number +
 * 1. It is never more than two thirds full, so that every search ends.
 *
 * Keys are compared by word, since a string of the image has only one; if one of the two keys is a heap string,
 * contents are compared. Deleting an entry adds all others again, which keeps their order. own_keys is a Bloom filter
 * of the keys that maps other than prototypes ever had: any other key can only be a method's, and objects are not
 * searched for it.
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

/* INNER: words of a map before its inner table. */
enum { FIRST_CAPACITY = 4, INNER = 2 };

static block_table *table_at(const mote_vm *vm, mote_value table)
{
    return at_offset(vm, table);
}

static uint32_t ring_size(uint32_t capacity)
{
    return capacity + capacity / 2;
}

static bool has_pairs(const block_table *table)
{
    return table->room == 0;
}

static block_pairs *pairs_of(block_table *table)
{
    return (block_pairs *)table;
}

static uint16_t *ring_of(block_pairs *table)
{
    return (uint16_t *)&table->pairs[2u * table->capacity];
}

/** Where the search for a key begins in the ring. */
static uint32_t ring_begin(uint32_t size, mote_value key)
{
    return ((key * 2654435761u) >> 12) % size;
}

static uint32_t ring_next(uint32_t size, uint32_t at)
{
    return (at + 1) % size;
}

static void ring_add(block_pairs *table, uint32_t pair)
{
    uint16_t *ring = ring_of(table);
    uint32_t size = ring_size(table->capacity), at = ring_begin(size, table->pairs[2 * pair]);
    while (ring[at] != 0) at = ring_next(size, at);
    ring[at] = (uint16_t)(pair + 1);
}

/** Removes all pairs. */
static void clear_pairs(block_pairs *table)
{
    table->count = 0;
    memset(ring_of(table), 0, ring_size(table->capacity) * 2);
}

/** Whether 16 bits identify a key: it is a string of the image. */
static bool is_numbered(mote_value key)
{
    return has_tag(key, TAG_STRING);
}

uint32_t mote_table_count(const mote_vm *vm, mote_value table)
{
    block_table *block = table_at(vm, table);
    return has_pairs(block) ? pairs_of(block)->count : block->used / 4u;
}

mote_value *mote_table_entry(const mote_vm *vm, mote_value table, uint32_t i, mote_value *key)
{
    block_table *block = table_at(vm, table);
    mote_value *pair = pairs_of(block)->pairs + 2 * i;
    *key = has_pairs(block) ? pair[0] : immediate(TAG_STRING, numbers_of(block)[i]);
    return has_pairs(block) ? pair + 1 : &block->values[i];
}

/** Number of the pair whose key is this very word; -1 if there is none. */
static int find_hashed(block_pairs *table, mote_value key)
{
    const uint16_t *ring = ring_of(table);
    uint32_t size = ring_size(table->capacity);
    for (uint32_t at = ring_begin(size, key); ring[at] != 0; at = ring_next(size, at))
        if (table->pairs[2u * (ring[at] - 1u)] == key) return ring[at] - 1;
    return -1;
}

/** Finds a key by word, or by content if it or the other key is a heap string. */
static int find_pair(const mote_vm *vm, mote_value table, mote_value key)
{
    block_table *block = table_at(vm, table);
    if (!has_pairs(block) && is_numbered(key)) return mote_table_search(block, payload(key));
    int found = has_pairs(block) && table != 0 ? find_hashed(pairs_of(block), key) : -1;
    for (uint32_t i = mote_table_count(vm, table); found < 0 && i > 0; i--) {
        mote_value other;
        (void)mote_table_entry(vm, table, i - 1, &other);
        bool by_text = is_heap(key) || is_heap(other);
        if (by_text && mote_string_equals(vm, key, other)) found = (int)i - 1;
    }
    return found;
}

mote_value mote_table_find(const mote_vm *vm, mote_value table, mote_value key)
{
    int pair = find_pair(vm, table, key);
    return pair < 0 ? VALUE_NONE : *mote_table_entry(vm, table, (uint32_t)pair, &key);
}

static uint32_t table_words(uint32_t capacity, bool in_pairs)
{
    return in_pairs ? 3 + capacity * 2 + (ring_size(capacity) + 1) / 2 : 2 + (capacity * 3 + 1) / 2;
}

/** Makes it an empty table with room for so many fields. */
static void clear_fields(block_table *table, uint32_t capacity)
{
    table->used = 0;
    table->room = (uint16_t)(capacity * 4);
}

static mote_value table_new(mote_vm *vm, uint32_t capacity, bool in_pairs)
{
    mote_value v = mote_heap_new(vm, KIND_TABLE, table_words(capacity, in_pairs) * 4 - 4);
    if (v == MOTE_FAILED) return v;
    block_table *table = table_at(vm, v);
    clear_fields(table, in_pairs ? 0 : capacity);
    if (!in_pairs) return v;
    pairs_of(table)->capacity = (uint16_t)capacity;
    clear_pairs(pairs_of(table));
    return v;
}

/** Changes the room for values, and moves the string indexes that follow it. */
static RARE void set_room(block_table *table, uint32_t capacity)
{
    const uint16_t *numbers = numbers_of(table);
    table->room = (uint16_t)(capacity * 4);
    memmove(numbers_of(table), numbers, table->used / 2u);
}

/** Appends an entry whose key the table does not have. False: there is no room, or the table cannot hold such a key. */
static bool add_last(block_table *table, mote_value key, mote_value value)
{
    if (!has_pairs(table)) {
        uint32_t count = table->used / 4u;
        if (table->used == table->room || !is_numbered(key)) return false;
        numbers_of(table)[count] = (uint16_t)payload(key);
        table->values[count] = value;
        table->used += 4;
        return true;
    }
    block_pairs *of = pairs_of(table);
    uint32_t count = of->count;
    if (count == of->capacity) return false;
    of->pairs[2 * count] = key;
    of->pairs[2 * count + 1] = value;
    of->count = (uint16_t)(count + 1);
    ring_add(of, count);
    return true;
}

/**
 * Extends the table or replaces it by a larger one, so that an entry with `key` can be added. `first` is the capacity
 * of a new table.
 */
static mote_value table_grow(mote_vm *vm, mote_value owner, mote_value old, uint32_t first, mote_value key)
{
    bool inner = old == inner_table(owner);
    uint32_t count = mote_table_count(vm, old);
    uint32_t capacity = count == 0 ? first : count < 4 ? count + 2 : count + count / 2;
    if (capacity >= HASHED && count < HASHED - 1) capacity = HASHED - 1;
    bool in_pairs = !is_numbered(key) || capacity >= HASHED || (count > 0 && has_pairs(table_at(vm, old)));
    uint32_t words = table_words(capacity, false);
    if (!in_pairs && (inner ? mote_heap_extend(vm, owner, INNER + words) : mote_heap_extend(vm, old, words))) {
        set_room(table_at(vm, old), capacity);
        return old;
    }
    mote_value grown = table_new(vm, capacity, in_pairs);
    if (grown == MOTE_FAILED) return grown;
    for (uint32_t i = 0; i < count; i++) {
        mote_value next, value = *mote_table_entry(vm, old, i, &next);
        (void)add_last(table_at(vm, grown), next, value);
    }
    if (!inner) mote_heap_free(vm, old);
    return grown;
}

/**
 * Adds an entry whose key the table does not have and for which it has no room. `first` is the capacity of a new table.
 */
static bool table_add(mote_vm *vm, mote_value owner, mote_value *slot, mote_value key, mote_value value, uint32_t first)
{
    if (mote_table_count(vm, *slot) >= 0x5000) {
        mote_throw_error(vm, MOTE_RANGE_ERROR, "object too big");
        return false;
    }
    root_push(vm, owner);
    root_push(vm, key);
    root_push(vm, value);
    mote_value grown = table_grow(vm, owner, *slot, first, key);
    roots_drop(vm, 3);
    if (grown == MOTE_FAILED) return false;
    *slot = grown;
    return add_last(table_at(vm, grown), key, value);
}

bool mote_table_set(mote_vm *vm, mote_value owner, mote_value *slot, mote_value key, mote_value value)
{
    int pair = find_pair(vm, *slot, key);
    if (pair < 0)
        return add_last(table_at(vm, *slot), key, value) || table_add(vm, owner, slot, key, value, FIRST_CAPACITY);
    *mote_table_entry(vm, *slot, (uint32_t)pair, &key) = value;
    return true;
}

bool mote_table_delete(mote_vm *vm, mote_value table, mote_value key)
{
    int pair = find_pair(vm, table, key);
    if (pair < 0) return false;
    block_table *block = table_at(vm, table);
    uint32_t count = mote_table_count(vm, table);
    if (has_pairs(block)) clear_pairs(pairs_of(block));
    block->used = 0;
    for (uint32_t i = 0; i < count; i++) {
        mote_value value = *mote_table_entry(vm, table, i, &key);
        if (i != (uint32_t)pair) (void)add_last(block, key, value);
    }
    return true;
}

/** The expected number of fields of a class's objects, raised whenever one outgrows it; 0: not known. */
static uint8_t *size_at(mote_vm *vm, mote_value prototype)
{
    return &vm->sizes[(prototype >> 3) % SIZES];
}

static void note_size(uint8_t *size, uint32_t fields)
{
    if (fields > *size && fields <= HASHED / 2) *size = (uint8_t)fields;
}

/** Trims a table to its fields; dictionaries keep their room. Returns the words that its block of `have` words needs.
 */
static uint32_t trim(block_table *table, uint32_t before, uint32_t have)
{
    uint32_t words = before + table_words(table->used / 4u, false);
    if (table->used == 0 || words + 1 >= have) return have; /* a single word could not be a block */
    set_room(table, table->used / 4u);
    return words;
}

uint32_t mote_table_trim(const mote_vm *vm, mote_value table)
{
    return trim(table_at(vm, table), 0, block_words(vm, table));
}

uint32_t mote_map_trim(mote_vm *vm, mote_value map)
{
    const block_map *block = at_offset(vm, map);
    block_table *table = table_at(vm, block->table);
    uint32_t have = block_words(vm, map), least = sizeof *block / 4;
    if (is_heap(block->prototype)) note_size(size_at(vm, block->prototype), table->used / 4u);
    if (block->table == inner_table(map)) return trim(table, INNER, have);
    return (block->header & FLAG_IN_PLACE) != 0 || least + 1 >= have ? have : least;
}

mote_value mote_map_with_room(mote_vm *vm, mote_value prototype, uint32_t fields)
{
    bool room = fields > 0 && fields < HASHED;
    uint32_t words = room ? INNER + table_words(fields, false) : sizeof(block_map) / 4;
    mote_value v = mote_heap_new(vm, KIND_MAP, words * 4 - 4);
    if (v == MOTE_FAILED) return v;
    block_map *map = at_offset(vm, v);
    map->prototype = prototype;
    map->table = room ? inner_table(v) : 0;
    if (room) clear_fields(table_at(vm, map->table), fields);
    return v;
}

mote_value mote_map_new(mote_vm *vm, mote_value prototype)
{
    root_push(vm, prototype);
    mote_value v = mote_map_with_room(vm, prototype, is_heap(prototype) ? *size_at(vm, prototype) : 0);
    roots_drop(vm, 1);
    if (has_kind(vm, prototype, KIND_MAP)) *(uint32_t *)at_offset(vm, prototype) |= FLAG_PROTOTYPE;
    return v;
}

bool mote_map_add(mote_vm *vm, mote_value map, mote_value key, mote_value value)
{
    block_map *block = at_offset(vm, map);
    block_table *table = table_at(vm, block->table);
    uint32_t first = FIRST_CAPACITY, count = table->used / 4u;
    note_own_key(vm, key);
    if (is_heap(block->prototype)) {
        uint8_t *size = size_at(vm, block->prototype);
        if (*size != 0 || count >= first) note_size(size, count + 1);
        if (*size > first) first = *size;
    }
    if (block->table != 0) return table_add(vm, map, &block->table, key, value, first);
    mote_value fresh = table_new(vm, first, false);
    if (fresh == MOTE_FAILED) return false;
    block->table = fresh;
    return add_last(table_at(vm, fresh), key, value);
}

bool mote_map_reserve(mote_vm *vm, mote_value map, uint32_t fields)
{
    block_map *block = at_offset(vm, map);
    if (block->table != 0 || (block->header & FLAG_PROTOTYPE) != 0 || fields >= HASHED) return true;
    root_push(vm, map);
    mote_value table = table_new(vm, fields, false);
    roots_drop(vm, 1);
    if (table == MOTE_FAILED) return false;
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
        (void)mote_methods_table(vm, map); /* may allocate: key and value are alive on the operand stack */
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
