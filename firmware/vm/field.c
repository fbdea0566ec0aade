/*
 * Inline caching of fields. Objects of a class store their fields in the same order, so a field has the same place in
 * the tables of all of them. The place is remembered by prototype and key (guesses, lookup.h) and checked by comparing
 * the string index there: a wrong guess costs a search but never gives a wrong result. Dictionaries are not cached.
 * property.c has the complete semantics.
 *
 * A method that is about to be called is not bound: vm->receiver holds its object until the call takes it. The code
 * after a read tells whether its result is called; the answer is cached per place in the code (callees).
 */
#include "builtins.h"
#include "lookup.h"
#include "native_lookup.h"
#include "object.h"
#include "ops.h"
#include "property.h"
#include "state.h"
#include "utf8_string.h"

/** A field of an object that can be found by comparing words alone; VALUE_NONE: take the slow path. */
static mote_value quick_field(mote_vm *vm, mote_value object, mote_value key)
{
    if (!has_kind(vm, object, KIND_MAP)) return VALUE_NONE;
    const block_map *map = at_offset(vm, object);
    const block_table *table = at_offset(vm, map->table);
    if ((map->header & FLAG_IN_PLACE) != 0 || (map->table != 0 && table->room == 0)) return VALUE_NONE;
    const mote_value *own = search_value(vm, map->table, guess_at(vm, map, payload(key)), payload(key));
    if (own != NULL) return *own;
    bool plain = is_nullish(map->prototype);
    mote_value found = mote_lookup(vm, plain ? immediate(TAG_BUILTIN, OBJECT_Object_prototype) : map->prototype, key);
    return found == VALUE_NONE ? MOTE_UNDEFINED : found;
}

/** Whether the value at the bottom of the operand stack is the function that the statement around `pc` calls. */
static bool is_callee(const uint8_t *pc)
{
    uint32_t depth = 1;
    for (;;) {
        uint8_t op = *pc++;
        if (op >= FIRST_SMALL_INT) {
            depth++;
            continue;
        }
        uint32_t operands = mote_op_shape[op] & 15u;
        if (operands >= depth) return op >= OP_CALL0 && op <= OP_CALL8;
        if (mote_op_shape[op] >> 4 != IMM_NONE) read_immediate(&pc);
        depth += 1 - operands;
    }
}

/** The same for vm->pc, cached: the answer for a place in the code never changes. */
static bool calls_it(mote_vm *vm)
{
    uint32_t place = (uint32_t)(vm->pc - vm->image.bytes);
    uint32_t upper = place / CALLEES + 1;
    uint8_t *known = &vm->callees[place % CALLEES];
    if (*known == upper) return true;
    if (!is_callee(vm->pc)) return false;
    if (upper <= UINT8_MAX) *known = (uint8_t)upper;
    return true;
}

/** Whether there is nothing to bind: an ordinary value, a bound function, or MOTE_FAILED. */
static bool is_plain(const mote_vm *vm, mote_value v)
{
    if (is_heap(v)) return !has_kind(vm, v, KIND_CLOSURE);
    return !is_code(v);
}

mote_value mote_field_find(mote_vm *vm, mote_value object, mote_value key)
{
    mote_value found = quick_field(vm, object, key);
    if (found == VALUE_NONE) return mote_property_get_unbound(vm, object, key);
    bool accessor = is_accessor(found);
    return accessor ? mote_accessor_run(vm, payload(found), object) : found;
}

static RARE mote_value found_method(mote_vm *vm, mote_value found, mote_value object)
{
    if (vm->sp - 1 != vm->operands || !calls_it(vm)) return mote_bind_function(vm, found, object);
    vm->receiver = object;
    return found;
}

static RARE mote_value get_in_full(mote_vm *vm, mote_value object, mote_value key)
{
    mote_value found = mote_field_find(vm, object, key);
    return is_plain(vm, found) ? found : found_method(vm, found, object);
}

mote_value mote_field_get(mote_vm *vm, mote_value object, mote_value key)
{
    mote_value found = quick_method(vm, object, key);
    return found == VALUE_NONE ? get_in_full(vm, object, key) : found_method(vm, found, object);
}

bool mote_field_set(mote_vm *vm, mote_value object, mote_value key, mote_value value)
{
    if (!has_kind(vm, object, KIND_MAP) || !has_tag(key, TAG_STRING)) return mote_index_set(vm, object, key, value);
    const block_map *map = at_offset(vm, object);
    block_table *table = at_offset(vm, map->table);
    bool has_fields = map->table == 0 || table->room != 0;
    if ((map->header & FLAG_PROTOTYPE) != 0 || !has_fields) return mote_map_set(vm, object, key, value);
    uint32_t count = table->used / 4u;
    uint8_t *guess = guess_at(vm, map, payload(key));
    mote_value *own = search_value(vm, map->table, guess, payload(key));
    if (own == NULL) {
        if (table->used == table->room) return mote_map_add(vm, object, key, value);
        note_own_key(vm, key);
        own = &table->values[count];
        *guess = (uint8_t)(count * 2);
        numbers_of(table)[count] = (uint16_t)payload(key);
        table->used += 4;
    }
    *own = value;
    return true;
}
