/*
 * Fast paths for reading and storing fields: inline caches (guesses) and the lookup cache. What they miss goes to
 * field.c and property.c, which implement the complete semantics.
 */
#ifndef MOTE_LOOKUP_H
#define MOTE_LOOKUP_H

#include "builtins.h"
#include "native_lookup.h"
#include "object.h"
#include "state.h"
#include "utf8_string.h"

/** The bit of own_keys for a string of the image: a hash of its kind and index. */
static inline uint32_t own_key_bit(mote_value key)
{
    return ((key >> 5) ^ (key >> 10)) % OWN_KEYS;
}

/**
 * Whether any map other than a prototype may have `key`, a string of the image, as its own field. False is certain,
 * true is not: own_keys is a Bloom filter.
 */
static inline bool is_own_key(const mote_vm *vm, mote_value key)
{
    uint32_t bit = own_key_bit(key);
    return (vm->own_keys[bit / 8] & (1u << (bit & 7))) != 0;
}

/** Notes that a map other than a prototype may have `key` as its own field from now on. */
static inline void note_own_key(mote_vm *vm, mote_value key)
{
    uint32_t bit = own_key_bit(key);
    vm->own_keys[bit / 8] |= (uint8_t)(1u << (bit & 7));
}

/**
 * Holders at this offset or above are not cached, since a tag has 16 bits for the holder. A program's classes are
 * allocated first, at low offsets.
 */
enum { CACHE_REACH = 1 << 18 };

/**
 * The tag of a look-up: the key's 16-bit string index, and above it the holder's offset in words. Heap blocks lie after
 * the machine's state, so that their offsets are above the words of all builtin objects.
 */
static inline uint32_t cache_tag(mote_value holder, mote_value key)
{
    return (holder << 14) ^ (key >> 5);
}

static inline uint32_t cache_place(uint32_t tag)
{
    return (tag * 2654435769u) >> 25;
}

/** A tag's second slot, where an entry goes that another one displaces: the next seven bits of the hash. */
static inline uint32_t second_place(uint32_t tag)
{
    return (tag * 2654435769u << 7) >> 25;
}

/**
 * The cached result of a look-up, or NULL.
 * @param key must be a string of the image: the offset of a heap string could equal an image string's index
 */
static inline const cache_entry *cache_find(const mote_vm *vm, mote_value holder, mote_value key)
{
    uint32_t tag = cache_tag(holder, key);
    if (holder >= CACHE_REACH) return NULL;
    const cache_entry *entry = &vm->cache[cache_place(tag)];
    if (entry->tag == tag) return entry;
    entry = &vm->cache[second_place(tag)];
    return entry->tag == tag ? entry : NULL;
}

/**
 * The inline cache's entry for a field of a class: where the last object had it, in bytes from the table's first string
 * index. Objects of a class store their fields in the same order. Prototypes are 16 bytes apart, and few classes have
 * more fields than that, so that entries rarely collide.
 */
static inline uint8_t *guess_at(mote_vm *vm, const block_map *map, uint32_t name)
{
    return &vm->guesses[(map->prototype + name) % GUESSES];
}

/** Looks for a field of the table `of` in the guessed place only. `name` is a string index. */
static inline bool guess_value(const mote_vm *vm, mote_value of, uint32_t guess, uint32_t name, mote_value **value)
{
    block_table *table = (block_table *)at_offset(vm, of);
    *value = (mote_value *)((uintptr_t)table->values + guess * 2);
    return guess * 2 < table->used && *(const uint16_t *)((uintptr_t)numbers_of(table) + guess) == name;
}

_Static_assert(offsetof(block_array, length) == offsetof(block_buffer, length), "quick_length reads both");

/** `object.length` of an array or Buffer; VALUE_NONE: take the slow path, mote_field_get. */
static inline mote_value quick_length(const mote_vm *vm, mote_value object)
{
    const block_array *array = (const block_array *)at_offset(vm, object);
    if (!is_heap(object) || vm->length_stored) return VALUE_NONE;
    uint32_t kind = array->header & 15u;
    return kind == KIND_ARRAY || kind == KIND_BUFFER ? small_value((int32_t)array->length) : VALUE_NONE;
}

/** Searches the table and updates the guess. NULL if the table does not have the field, or is a dictionary. */
static inline mote_value *search_value(const mote_vm *vm, mote_value of, uint8_t *guess, uint32_t name)
{
    block_table *table = (block_table *)at_offset(vm, of);
    int place = mote_table_search(table, name);
    if (place < 0) return NULL;
    *guess = (uint8_t)(place * 2);
    return &table->values[place];
}

/** Reads an object's own field by the guess alone, unless it is a function to be bound. False: call mote_field_get. */
static inline bool field_guess(mote_vm *vm, mote_value object, uint32_t name, mote_value *found)
{
    const block_map *map = (const block_map *)at_offset(vm, object);
    mote_value *own;
    if (!is_heap(object) || (map->header & 15u) != KIND_MAP) return false;
    if (!guess_value(vm, map->table, *guess_at(vm, map, name), name, &own)) return false;
    *found = *own;
    return is_heap(*own) ? (header_of(vm, *own) & 15u) != KIND_CLOSURE : !is_code(*own);
}

/** Where to look up a method of a value that cannot have `key` itself; 0: take the slow path. */
static inline mote_value methods_of(const mote_vm *vm, mote_value object, mote_value key)
{
    if (!is_heap(object)) return has_tag(object, TAG_BUILTIN) ? object : 0;
    const block_map *map = (const block_map *)at_offset(vm, object);
    uint32_t kind = map->header & 15u;
    if (kind == KIND_MAP) {
        if ((map->header & FLAG_PROTOTYPE) != 0 || is_own_key(vm, key)) return 0;
        bool in_pairs = map->table != 0 && ((const block_table *)at_offset(vm, map->table))->room == 0;
        return in_pairs ? 0 : map->prototype;
    }
    if (kind == KIND_ARRAY) return immediate(TAG_BUILTIN, OBJECT_Array_prototype);
    return kind == KIND_BUFFER ? immediate(TAG_BUILTIN, OBJECT_Buffer_prototype) : 0;
}

/** A method from the lookup cache; VALUE_NONE: call mote_field_get. */
static inline mote_value quick_method(const mote_vm *vm, mote_value object, mote_value key)
{
    mote_value holder = methods_of(vm, object, key);
    const cache_entry *entry = holder == 0 ? NULL : cache_find(vm, holder, key);
    if (entry == NULL) return VALUE_NONE;
    return is_code(entry->found) && !is_accessor(entry->found) ? entry->found : VALUE_NONE;
}

/** Overwrites an object's own field by the guess alone. False: call mote_field_set. */
static inline bool store_guess(mote_vm *vm, mote_value object, mote_value key, mote_value value)
{
    const block_map *map = (const block_map *)at_offset(vm, object);
    mote_value *own;
    if (!is_heap(object) || (map->header & (15u | FLAG_PROTOTYPE)) != KIND_MAP) return false;
    if (!guess_value(vm, map->table, *guess_at(vm, map, payload(key)), payload(key), &own)) return false;
    *own = value;
    return true;
}

#endif
