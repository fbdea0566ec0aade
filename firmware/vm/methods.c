/*
 * Methods in place. A program starts by storing its methods into the prototypes of their classes, one statement each.
 * Those that directly follow a read of `C.prototype` are not copied into a table: the prototype's map knows where the
 * first one is in the image, and methods are looked up in the code there. It has one of these forms:
 *
 *   C.prototype -> slot, then any number of  slot[text] = function
 *   C.prototype[text] = function
 *
 * Nothing else can happen between these statements, so it makes no difference that all methods exist before the first
 * one runs. The statements still run, and find what they store already there. As soon as a program stores something
 * else, deletes a field or lists the fields, the map becomes an ordinary one with a table (mote_methods_table), and
 * FLAG_IN_PLACE is cleared.
 *
 * `constructor` of such a map is the class that it belongs to in vm->prototypes.
 */
#include "methods.h"
#include "builtins.h"
#include "heap.h"
#include "object.h"
#include "ops.h"
#include "property.h"
#include "utf8_string.h"

typedef struct {
    block_map map;
    uint32_t place; /* of `text = function` of the first method, in the image; 0: no methods */
} block_prototype;

typedef struct {
    const uint8_t *at;
    mote_value key, function;
} method;

/** The code has been verified: every operation is followed by its immediate. */
static bool read_method(method *m)
{
    const uint8_t *at = m->at;
    uint32_t kind = *at++ - (OP_STATIC_BUILTIN_STRING - STRING_BUILTIN);
    if (kind < STRING_BUILTIN || kind > STRING_UTF8) return false;
    m->key = immediate(TAG_STRING, STRING_INDEX(kind, (uint32_t)read_immediate(&at)));
    if (*at++ != OP_STATIC_FUNCTION) return false;
    m->function = immediate(TAG_FUNCTION, (uint32_t)read_immediate(&at));
    m->at = at + 1;
    return *at == OP_INDEX_SET;
}

mote_value mote_methods_new(mote_vm *vm)
{
    mote_value v = mote_heap_new(vm, KIND_MAP, sizeof(block_prototype) - 4);
    if (v == MOTE_FAILED) return v;
    block_prototype *block = at_offset(vm, v);
    block->map.header |= FLAG_PROTOTYPE | FLAG_IN_PLACE;
    block->map.prototype = MOTE_UNDEFINED;
    block->map.table = block->place = 0;
    return v;
}

void mote_methods_adopt(mote_vm *vm, mote_value prototype)
{
    block_prototype *block = at_offset(vm, prototype);
    method m = {.at = vm->pc};
    if (m.at[0] == OP_STORE_LOCAL && m.at[2] == OP_LOAD_LOCAL && m.at[1] == m.at[3]) m.at += 4;
    uint32_t place = (uint32_t)(m.at - vm->image.bytes);
    if ((block->map.header & FLAG_IN_PLACE) == 0 || block->place != 0 || !read_method(&m)) return;
    block->place = place;
    mote_cache_clear(vm);
}

static mote_value class_of(const mote_vm *vm, mote_value prototype)
{
    mote_value key;
    for (uint32_t i = 0; *mote_table_entry(vm, vm->prototypes, i, &key) != prototype;) i++;
    return immediate(TAG_FUNCTION, payload(key));
}

/** If `key` is 0, stores all fields into the map's table instead. */
mote_value mote_methods_find(mote_vm *vm, mote_value prototype, mote_value key)
{
    const block_prototype *block = at_offset(vm, prototype);
    const uint8_t *first = vm->image.bytes + block->place;
    method m = {.at = first, .key = builtin_value(S_constructor)};
    if (key == 0 || key == m.key) m.function = class_of(vm, prototype);
    for (bool more = block->place != 0;; m.at += 2) {
        if (m.key == key) return m.function;
        if (key == 0) (void)mote_map_set(vm, prototype, m.key, m.function);
        if (!more || !read_method(&m)) return VALUE_NONE;
        /*
         * A further method loads the same slot again. After `C.prototype[text]`, the two bytes before the first method
         * end the read of `prototype`, and no statement begins with them.
         */
        more = m.at[0] == first[-2] && m.at[1] == first[-1];
    }
}

mote_value mote_methods_table(mote_vm *vm, mote_value map)
{
    block_map *block = at_offset(vm, map);
    bool in_place = (block->header & FLAG_IN_PLACE) != 0;
    block->header &= ~(uint32_t)FLAG_IN_PLACE;
    if (in_place) (void)mote_methods_find(vm, map, 0);
    return block->table;
}
