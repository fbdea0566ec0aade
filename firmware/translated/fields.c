/*
 * Reading and storing fields in translated functions. A field is looked for in the place that the translator predicts,
 * then in the place that the inline cache guesses (lookup.h), then by a search.
 */
#include "object.h"
#include "translated.h"

/**
 * An object's own field, or what the lookup cache has for its prototype, which mostly is that there is no such field.
 * VALUE_NONE: take the slow path.
 */
static mote_value own_or_known(mote_vm *vm, mote_value object, mote_value key)
{
    const block_map *map = (const block_map *)at_offset(vm, object);
    if (!is_heap(object) || (map->header & (15u | FLAG_PROTOTYPE)) != KIND_MAP) return VALUE_NONE;
    if (map->table != 0) {
        const block_table *table = (const block_table *)at_offset(vm, map->table);
        if (table->room == 0) return VALUE_NONE;
        const mote_value *own = search_value(vm, map->table, guess_at(vm, map, payload(key)), payload(key));
        if (own != NULL) return *own;
    }
    bool plain = map->prototype == MOTE_UNDEFINED;
    mote_value holder = plain ? immediate(TAG_BUILTIN, OBJECT_Object_prototype) : map->prototype;
    const cache_entry *entry = cache_find(vm, holder, key);
    if (entry == NULL) return VALUE_NONE;
    return entry->found == VALUE_NONE ? MOTE_UNDEFINED : entry->found;
}

static RARE mote_value field_in_full(mote_vm *vm, uint32_t at, mote_value object, mote_value key)
{
    mote_value found = own_or_known(vm, object, key);
    if (found != VALUE_NONE && !mote_translated_is_code(vm, found)) return found;
    mote_translated_registers(vm, at, 1);
    vm->sp[-1] = object;
    found = mote_field_find(vm, object, key);
    return found == MOTE_FAILED || !mote_translated_is_code(vm, found) ? found : mote_bind_function(vm, found, object);
}

mote_value mote_translated_field(mote_vm *vm, uint32_t at, mote_value object, mote_value key)
{
    mote_value found;
    return field_guess(vm, object, payload(key), &found) ? found : field_in_full(vm, at, object, key);
}

/** The table of an object that is not a prototype. If there is none, the empty one at offset 0 (no_block, state.h). */
static inline block_table *table_of(const mote_vm *vm, mote_value object)
{
    const block_map *map = (const block_map *)at_offset(vm, object);
    uint32_t offset = 0;
    if (LIKELY(is_heap(object)) && LIKELY((map->header & (15u | FLAG_PROTOTYPE)) == KIND_MAP)) offset = map->table;
    return (block_table *)at_offset(vm, offset);
}

mote_value *mote_translated_fields(const mote_vm *vm, mote_value object, uint32_t known)
{
    block_table *table = table_of(vm, object);
    uint32_t count = known & 0xff, place = known >> 8 & 0xff;
    if (LIKELY(table->used >= count * 4) && LIKELY(numbers_of(table)[place] == known >> 16)) return table->values;
    return NULL;
}

static bool holds(const mote_vm *vm, mote_value object, uint32_t known)
{
    bool of_class = (known & 0xff) == 0;
    if (of_class) return mote_translated_fields_of(vm, object, known >> 8) != NULL;
    return mote_translated_fields(vm, object, known) != NULL;
}

uint32_t mote_translated_resume(mote_vm *vm, uint32_t place, const mote_value *slots, const translated_assumption *all,
                                uint32_t count)
{
    for (; count > 0; count--, all++) {
        if (holds(vm, slots[all->slot], all->known)) continue;
        mote_translated_exit(vm, TRANSLATED_INTERPRETED(place));
        return TRANSLATED_NOWHERE;
    }
    return place;
}

/** Whether the table has the field in the predicted place. */
static inline bool is_at(const block_table *table, mote_value key, uint32_t place)
{
    return place * 4 < table->used && numbers_of(table)[place] == payload(key);
}

mote_value mote_translated_field_at(mote_vm *vm, uint32_t at, mote_value object, mote_value key, uint32_t place)
{
    const block_table *table = table_of(vm, object);
    if (is_at(table, key, place)) {
        mote_value found = table->values[place];
        if (!mote_translated_is_code(vm, found)) return found;
    }
    return mote_translated_field(vm, at, object, key);
}

mote_value mote_translated_data_at(mote_vm *vm, uint32_t at, mote_value object, mote_value key, uint32_t place)
{
    const block_table *table = table_of(vm, object);
    return is_at(table, key, place) ? table->values[place] : mote_translated_field(vm, at, object, key);
}

mote_value mote_translated_length(mote_vm *vm, uint32_t at, mote_value object, uint32_t place)
{
    mote_value length = quick_length(vm, object);
    return length != VALUE_NONE ? length : mote_translated_field_at(vm, at, object, builtin_value(S_length), place);
}

static void operands(mote_vm *vm, uint32_t at, mote_value x, mote_value y, mote_value z)
{
    mote_translated_registers(vm, at, 3);
    vm->sp[-3] = x;
    vm->sp[-2] = y;
    vm->sp[-1] = z;
}

bool mote_translated_set_field(mote_vm *vm, uint32_t at, mote_value object, mote_value key, mote_value value)
{
    if (store_guess(vm, object, key, value)) return true;
    operands(vm, at, object, key, value);
    return mote_field_set(vm, object, key, value);
}

bool mote_translated_set_field_at(mote_vm *vm, uint32_t at, mote_value object, mote_value key, mote_value value,
                                  uint32_t place)
{
    block_table *table = table_of(vm, object);
    if (!is_at(table, key, place)) return mote_translated_set_field(vm, at, object, key, value);
    table->values[place] = value;
    return true;
}

bool mote_translated_add_field(mote_vm *vm, uint32_t at, mote_value object, mote_value key, mote_value value,
                               uint32_t place, uint32_t fields)
{
    block_table *table = table_of(vm, object);
    if (place == 0 && table->room == 0 && has_kind(vm, object, KIND_MAP)) {
        operands(vm, at, object, key, value);
        if (!mote_map_reserve(vm, object, fields)) return false;
        table = table_of(vm, object);
    }
    bool room = table->used == place * 4 && table->used < table->room;
    if (!room) return mote_translated_set_field_at(vm, at, object, key, value, place);
    table->values[place] = value;
    numbers_of(table)[place] = (uint16_t)payload(key);
    table->used += 4;
    return true;
}

/** Writes the keys, for which the table has room. */
static inline mote_value *add_keys(block_table *table, const translated_additions *of)
{
    const uint16_t *key = of->keys;
    uint16_t *number = numbers_of(table) + of->place;
    for (const uint16_t *end = key + of->count; key < end;) *number++ = *key++;
    table->used = (uint16_t)((of->place + of->count) * 4);
    return table->values + of->place;
}

/** Makes room first: reserves it if the object has no fields yet, otherwise adds the fields one by one. */
static RARE mote_value *add_in_full(mote_vm *vm, uint32_t at, mote_value object, const translated_additions *of)
{
    if (!has_kind(vm, object, KIND_MAP)) return NULL;
    if (((const block_map *)at_offset(vm, object))->table == 0) {
        mote_translated_registers(vm, at, 0);
        if (!mote_map_reserve(vm, object, of->fields)) return NULL;
    } else {
        for (uint32_t i = 0; i < of->count; i++) {
            mote_value key = immediate(TAG_STRING, of->keys[i]);
            if (!mote_translated_add_field(vm, at, object, key, MOTE_UNDEFINED, of->place + i, of->fields)) return NULL;
        }
    }
    block_table *table = table_of(vm, object);
    return (of->place + of->count) * 4u <= table->room ? add_keys(table, of) : NULL;
}

mote_value *mote_translated_add_fields(mote_vm *vm, uint32_t at, mote_value object, const translated_additions *of)
{
    block_table *table = table_of(vm, object);
    if (table->used != of->place * 4) return NULL;
    if ((of->place + of->count) * 4 > table->room) return add_in_full(vm, at, object, of);
    return add_keys(table, of);
}

bool mote_translated_has_own(const mote_vm *vm, mote_value object, mote_value key)
{
    const block_map *map = (const block_map *)at_offset(vm, object);
    if (map->table == 0) return (map->header & FLAG_IN_PLACE) != 0;
    const block_table *table = (const block_table *)at_offset(vm, map->table);
    if (table->room == 0) return true;
    return is_own_key(vm, key) && mote_table_search(table, payload(key)) >= 0;
}
