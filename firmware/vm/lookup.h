/*
 * The quick ways of looking something up, for all who read and store fields: what is not found here is looked for by
 * field.c and property.c, which alone know what is right.
 */
#ifndef MOTE_LOOKUP_H
#define MOTE_LOOKUP_H

#include "builtins.h"
#include "native_lookup.h"
#include "object.h"
#include "state.h"
#include "utf8_string.h"

/** Place of a string of the image in own_keys: index and kind. */
static inline uint32_t own_key_bit(mote_value key)
{
    return ((key >> 5) ^ (key >> 10)) % OWN_KEYS;
}

/** Whether a map that is no prototype may have the key, a string of the image, for its own. */
static inline bool is_own_key(const mote_vm *vm, mote_value key)
{
    uint32_t bit = own_key_bit(key);
    return (vm->own_keys[bit / 8] & (1u << (bit & 7))) != 0;
}

/** `key` may be the own one of a map from now on. */
static inline void note_own_key(mote_vm *vm, mote_value key)
{
    uint32_t bit = own_key_bit(key);
    vm->own_keys[bit / 8] |= (uint8_t)(1u << (bit & 7));
}

/** Holders from here on are not cached: a program's classes come first, at low addresses. */
enum { CACHE_REACH = 1 << 18 };

/**
 * Holder and key in a word: the 16 bits of a string of the image, and the holder's place in words above them. Blocks
 * lie behind the machine, so that none has the number of a builtin object there.
 */
static inline uint32_t cache_tag(mote_value holder, mote_value key)
{
    return (holder << 14) ^ (key >> 5);
}

static inline uint32_t cache_place(uint32_t tag)
{
    return (tag * 2654435769u) >> 25;
}

/** Where it goes when another one took that place: the seven bits below. */
static inline uint32_t second_place(uint32_t tag)
{
    return (tag * 2654435769u << 7) >> 25;
}

/**
 * NULL when the lookup cache does not have it.
 * @param key a text of the image: the place of one in the heap could be the number of another one in the image
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
 * Where an object of the class had the field last, bytes from the first number: objects of a class have their fields
 * in the same order. Prototypes lie 16 bytes apart, and a class has few more fields.
 */
static inline uint8_t *guess_at(mote_vm *vm, const block_map *map, uint32_t name)
{
    return &vm->guesses[(map->prototype + name) % GUESSES];
}

/** Finds a field's value by a guess alone. `name`: number of a string of the image. */
static inline bool guess_value(const mote_vm *vm, mote_value of, uint32_t guess, uint32_t name, mote_value **value)
{
    block_table *table = (block_table *)at_offset(vm, of);
    *value = (mote_value *)((uintptr_t)table->values + guess * 2);
    return guess * 2 < table->used && *(const uint16_t *)((uintptr_t)numbers_of(table) + guess) == name;
}

_Static_assert(offsetof(block_array, length) == offsetof(block_buffer, length), "quick_length reads both");

/** `object.length` of an array or Buffer; VALUE_NONE: call mote_field_get. */
static inline mote_value quick_length(const mote_vm *vm, mote_value object)
{
    const block_array *array = (const block_array *)at_offset(vm, object);
    if (!is_heap(object) || vm->length_stored) return VALUE_NONE;
    uint32_t kind = array->header & 15u;
    return kind == KIND_ARRAY || kind == KIND_BUFFER ? small_value((int32_t)array->length) : VALUE_NONE;
}

/** The same by a search, which the next guess knows of; NULL when a table of fields does not have the name. */
static inline mote_value *search_value(const mote_vm *vm, mote_value of, uint8_t *guess, uint32_t name)
{
    block_table *table = (block_table *)at_offset(vm, of);
    int place = mote_table_search(table, name);
    if (place < 0) return NULL;
    *guess = (uint8_t)(place * 2);
    return &table->values[place];
}

/** A field with data of an object, by the guess alone. False: call mote_field_get. */
static inline bool field_guess(mote_vm *vm, mote_value object, uint32_t name, mote_value *found)
{
    const block_map *map = (const block_map *)at_offset(vm, object);
    mote_value *own;
    if (!is_heap(object) || (map->header & 15u) != KIND_MAP) return false;
    if (!guess_value(vm, map->table, *guess_at(vm, map, name), name, &own)) return false;
    *found = *own;
    return !is_code(*own) && (!is_heap(*own) || (header_of(vm, *own) & 15u) != KIND_CLOSURE);
}

/** Where a value's methods are looked up, when none of them can be its own; 0: look properly. */
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

/** A method, when the lookup cache has it; VALUE_NONE: call mote_field_get. */
static inline mote_value quick_method(const mote_vm *vm, mote_value object, mote_value key)
{
    mote_value holder = methods_of(vm, object, key);
    const cache_entry *entry = holder == 0 ? NULL : cache_find(vm, holder, key);
    if (entry == NULL) return VALUE_NONE;
    return is_code(entry->found) && !is_accessor(entry->found) ? entry->found : VALUE_NONE;
}

/** Stores over what an object has, by the guess alone. False: call mote_field_set. */
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
