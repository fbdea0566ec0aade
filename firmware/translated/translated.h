/*
 * What functions are made of that host/translate wrote as C. Slots, receivers and operands lie on the fiber's stack
 * just as the interpreter has them, so that either can go on where the other stopped, and the collector finds every
 * value.
 *
 * `at` is the place behind the operation, bytes from the image's start, which traces name, and above DEPTH_SHIFT how
 * many operands of the statement lie on the stack below those of the operation. MOTE_FAILED or false: an exception or
 * panic is pending, and the function returns false at once.
 */
#ifndef MOTE_TRANSLATED_H
#define MOTE_TRANSLATED_H

#include "arithmetic.h"
#include "builtins.h"
#include "call.h"
#include "interpreter.h"
#include "lookup.h"
#include "number.h"
#include "operations.h"
#include "ops.h"
#include "property.h"
#include "state.h"

enum { DEPTH_SHIFT = 24 };

mote_value mote_translated_unary(mote_vm *vm, uint32_t at, mote_value x);
mote_value mote_translated_index(mote_vm *vm, uint32_t at, mote_value object, mote_value key);
/** As a value: functions are bound to the object. */
mote_value mote_translated_field(mote_vm *vm, uint32_t at, mote_value object, mote_value key);
/** The same, when the field is probably the object's own, at `place` in its table. */
mote_value mote_translated_field_at(mote_vm *vm, uint32_t at, mote_value object, mote_value key, uint32_t place);
/** The same when what the field holds needs no binding: it is no function, or serves without its object. */
mote_value mote_translated_data_at(mote_vm *vm, uint32_t at, mote_value object, mote_value key, uint32_t place);
/** `object.length` */
mote_value mote_translated_length(mote_vm *vm, uint32_t at, mote_value object, uint32_t place);
mote_value mote_translated_builtin(mote_vm *vm, uint32_t at, enum builtin_object object, mote_value key);
mote_value mote_translated_number(mote_vm *vm, uint32_t at, int32_t number);
mote_value mote_translated_literal(mote_vm *vm, uint32_t at, uint32_t index);
mote_value mote_translated_spec(mote_vm *vm, uint32_t at, uint32_t index);
mote_value mote_translated_ctor(mote_vm *vm, uint32_t at, mote_value x);
mote_value mote_translated_bind(mote_vm *vm, uint32_t at, mote_value function, mote_value receiver);
mote_value mote_translated_instance(mote_vm *vm, uint32_t at, mote_value object, mote_value ctor);
mote_value mote_translated_closure(mote_vm *vm, uint32_t at, uint32_t function);
mote_value mote_translated_load_closure(mote_vm *vm, uint32_t at, uint32_t slot, mote_value levels);
/** The operands are on the stack. */
mote_value mote_translated_load(mote_vm *vm, uint32_t at);

/** What C takes for known of an object: that it has `count` fields at least, and the one at `place` the name `key`. */
#define TRANSLATED_KNOWN(count, place, key) ((uint32_t)(count) | (uint32_t)(place) << 8 | (key) >> 5 << 16)
/**
 * The values of an object's fields, when it is as `known` says; NULL when not. They stay where they are until fields
 * are added or other code runs.
 */
mote_value *mote_translated_fields(const mote_vm *vm, mote_value object, uint32_t known);
/** The same of the object in a slot, with which the function goes on in another turn. */
typedef struct {
    uint32_t slot, known;
} translated_assumption;
bool mote_translated_holds(const mote_vm *vm, const mote_value *slots, const translated_assumption *all,
                           uint32_t count);
bool mote_translated_set_field(mote_vm *vm, uint32_t at, mote_value object, mote_value key, mote_value value);
bool mote_translated_set_field_at(mote_vm *vm, uint32_t at, mote_value object, mote_value key, mote_value value,
                                  uint32_t place);
/**
 * The same for a field that an object with no more than `place` fields does not have; it will have `fields`. The key is
 * among those of the translation.
 */
bool mote_translated_add_field(mote_vm *vm, uint32_t at, mote_value object, mote_value key, mote_value value,
                               uint32_t place, uint32_t fields);
/** Consecutive fields of a new object. */
typedef struct {
    uint16_t place;  /* how many fields the object has by then */
    uint8_t count;   /* how many it gets */
    uint8_t fields;  /* how many it will have */
    uint16_t keys[]; /* numbers of strings */
} translated_additions;
/** Where their values are to be stored at once; NULL: the object is not as the C expects, or there is no memory. */
mote_value *mote_translated_add_fields(mote_vm *vm, uint32_t at, mote_value object, const translated_additions *of);
bool mote_translated_set_index(mote_vm *vm, uint32_t at, mote_value object, mote_value key, mote_value value);
bool mote_translated_delete(mote_vm *vm, uint32_t at, mote_value object, mote_value key);
bool mote_translated_set_closure(mote_vm *vm, uint32_t slot, mote_value levels, mote_value value);
/** The operands are on the stack. */
bool mote_translated_store(mote_vm *vm, uint32_t at);
/** To vm->ret_val. */
bool mote_translated_alloc_map(mote_vm *vm, uint32_t at);
bool mote_translated_alloc_array(mote_vm *vm, uint32_t at, mote_value size);
bool mote_translated_alloc_buffer(mote_vm *vm, uint32_t at, mote_value size);

/*
 * Calls. Operands are as in mote_call_enter: `base` is the bottom of the operand stack, vm->operands. `at` is the place
 * behind the call. True: the call is done, vm->ret_val has its result, and vm->operands and vm->link are the caller's
 * again; the stack may have moved. False: something else is to run first, see translation.c, and the function goes on
 * from that place later.
 */

/** base[0] is the function, vm->receiver its receiver. */
bool mote_translated_call(mote_vm *vm, unsigned count, uint32_t at);
/** base[0] is the object, as in all that follow. */
bool mote_translated_call_method(mote_vm *vm, unsigned count, uint32_t at, mote_value key);
/** base[0] is the receiver. */
bool mote_translated_call_native(mote_vm *vm, uint32_t index, unsigned count, uint32_t at);
/** A function of the program; base[0] is the receiver. */
bool mote_translated_call_function(mote_vm *vm, unsigned count, uint32_t at, uint32_t index);

/** A native that a builtin object has, by its number among the translation's. */
bool mote_translated_native(mote_vm *vm, unsigned count, uint32_t at, uint32_t number);
/** Of Buffers: readUIntBE, writeUIntBE, blitAt; of arrays: push of one value. */
bool mote_translated_read_uint(mote_vm *vm, uint32_t at, mote_value key);
bool mote_translated_write_uint(mote_vm *vm, uint32_t at, mote_value key);
bool mote_translated_blit(mote_vm *vm, uint32_t at, mote_value key);
/** Buffer.copyBytesFrom, the native with this number, of three arguments. */
bool mote_translated_copy(mote_vm *vm, uint32_t at, uint32_t number);
/** Whether an object may have the field for itself, so that it is not that of its class. */
bool mote_translated_has_own(const mote_vm *vm, mote_value object, mote_value key);
bool mote_translated_push(mote_vm *vm, uint32_t at, mote_value key);

/*
 * Ways out of try blocks, at `at`: the place where the function goes on, bytes from the image's start. 0: in another
 * turn, or not at all.
 */

/** The end of a finally block, with what it is to throw again or where it is to go. */
uint32_t mote_translated_throw_again(mote_vm *vm, uint32_t at, mote_value v);
uint32_t mote_translated_throw_jump(mote_vm *vm, uint32_t at, uint32_t target, mote_value levels);

/* What ends a function's turn; all return false, but for mote_translated_leave. */

bool mote_translated_call_array(mote_vm *vm, uint32_t at, mote_value function, mote_value array);
bool mote_translated_throw(mote_vm *vm, uint32_t at, mote_value v);
/** The host gets a turn, or the guard ends the program; the function goes on at `at`. */
bool mote_translated_interrupt(mote_vm *vm, uint32_t at);
bool mote_translated_invalid(mote_vm *vm);
/**
 * The interpreter goes on with the statement at `at`, of which nothing has been done yet: something is not as the C
 * expects it. Behind its next call, or in its next turn, the function may go on as C.
 */
bool mote_translated_interpret(mote_vm *vm, uint32_t at);
/** The new object of a constructor that is called by `new`, with room for so many fields. */
bool mote_translated_make_object(mote_vm *vm, unsigned given, uint32_t at, uint32_t class, uint32_t fields);
/** The lowest translated function returns: its caller is on no host's stack, or interpreted. */
bool mote_translated_leave(mote_vm *vm, mote_value result);

static inline bool mote_translated_return(mote_vm *vm, mote_value result)
{
    if (vm->depth == vm->nested_from) return mote_translated_leave(vm, result);
    const mote_value *link = vm->link;
    vm->ret_val = result;
    vm->depth--;
    vm->operands = vm->link + LINK_WORDS;
    vm->link = vm->stack + small_int(link[3]);
    return true;
}

/** What entering a function takes, all of it constants. */
typedef struct {
    uint16_t index, slots; /* slots and arguments with `this` */
    uint8_t tries, arguments;
    bool method;
} translated_entry;
/** What the entry of a function does in place where flash is no matter. */
bool mote_translated_enter(mote_vm *vm, uint32_t at, const translated_entry *of);

static ALWAYS mote_value *mote_translated_slots(mote_value *base, translated_entry of)
{
    return of.method ? base : base + 1;
}

/** Counts a call. False: there may be no room for it, or the host gets its turn: mote_translated_call_function knows.
 */
static ALWAYS bool mote_translated_may_begin(mote_vm *vm, mote_value *base, translated_entry of)
{
    mote_value *operands = mote_translated_slots(base, of) + of.slots + of.tries + LINK_WORDS;
    vm->budget -= CALL_OPERATIONS;
    return operands <= vm->stack_peak && vm->depth < vm->depth_limit && vm->budget >= 0;
}

/** Enters a function: base[0] is the receiver, all arguments are there, and its other slots are undefined. */
static ALWAYS void mote_translated_begin(mote_vm *vm, mote_value *base, uint32_t at, translated_entry of)
{
    mote_value *slots = mote_translated_slots(base, of);
    mote_value *link = base - LINK_WORDS;
    vm->depth++;
    link[0] = small_value((int32_t)of.index);
    link[1] = small_value((int32_t)at);
    link[2] = MOTE_UNDEFINED;
    link[3] = small_value((int32_t)(vm->link - vm->stack));
    for (uint32_t i = 0; i < of.tries; i++) slots[of.slots + i] = small_value(0);
    vm->link = link;
    vm->slots = slots;
    vm->sp = vm->operands = slots + of.slots + of.tries + LINK_WORDS;
}

static ALWAYS const block_table *mote_translated_table(const mote_value *fields)
{
    return (const block_table *)((uintptr_t)fields - offsetof(block_table, values));
}

/** The fields of an object that had some before other code ran. False: it is a dictionary now. */
static ALWAYS bool mote_translated_find_fields(const mote_vm *vm, mote_value object, mote_value **fields)
{
    const block_map *map = (const block_map *)at_offset(vm, object);
    *fields = ((block_table *)at_offset(vm, map->table))->values;
    return mote_translated_table(*fields)->used != 0;
}

/** Whether one of such fields has the key. */
static ALWAYS bool mote_translated_is_key(const mote_value *fields, uint32_t place, mote_value key)
{
    return numbers_of(mote_translated_table(fields))[place] == payload(key);
}

/** Whether a value that was read from a field is a function, which an object binds. */
static inline bool mote_translated_is_code(const mote_vm *vm, mote_value v)
{
    return !is_small(v) && (is_code(v) || (is_heap(v) && (header_of(vm, v) & 15u) == KIND_CLOSURE));
}

/** Whether the class with this number is that of the object: its methods are known then. */
static ALWAYS bool mote_translated_is_of(const mote_vm *vm, mote_value object, uint32_t class)
{
    if (!is_heap(object)) return false;
    const block_map *map = (const block_map *)at_offset(vm, object);
    return (map->header & 15u) == KIND_MAP && map->prototype == vm->class_prototypes[class];
}

/** The registers as the interpreter has them before an operation, with so many operands. */
static inline void mote_translated_registers(mote_vm *vm, uint32_t at, uint32_t operands)
{
    vm->sp = vm->operands + (at >> DEPTH_SHIFT) + operands;
    vm->pc = vm->image.bytes + (at & ((1u << DEPTH_SHIFT) - 1));
}

static inline mote_value *mote_translated_globals(const mote_vm *vm)
{
    return ((block_values *)at_offset(vm, vm->globals))->items;
}

#endif
