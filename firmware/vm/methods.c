/*
 * Methods in place. A program begins with storing its methods into the prototypes of their classes, one statement for
 * each. Those that follow a read of `C.prototype` directly are not copied into a table: the prototype's map knows the
 * place of the first one in the image, and its fields are read from the code there. They are
 *
 *   C.prototype -> slot, then any number of  slot[text] = function
 *   C.prototype[text] = function
 *
 * between which nothing else can happen, so that it makes no difference that all methods are there from the first
 * statement on. The statements run even so, and find what they store. Whoever stores something else, deletes or lists
 * the fields gets a map like any other (mote_methods_table): FLAG_IN_PLACE is gone from then on.
 *
 * `constructor` of such a map is the class that vm->prototypes has for it.
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
    uint32_t place; /* of `text = function` of the first method, in the image; 0: there are none */
} block_prototype;

typedef struct {
    const uint8_t *at;
    mote_value key, function;
} method;

/** The code is verified: what an operation needs lies behind it. */
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

/** Without a key, all fields are stored. */
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
        /* The next statement begins with the slot again, too; none begins as a read of `prototype` ends. */
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
