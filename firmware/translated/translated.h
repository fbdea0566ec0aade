/*
 * What the C functions that host/translate generates are made of. Slots, receivers and operands are on the fiber's
 * stack in the interpreter's layout, so that each can continue where the other stopped, and the collector finds every
 * value.
 *
 * `at` is the position after the operation, in bytes from the image's start, as stack traces need it. Its bits from
 * DEPTH_SHIFT on say how many operands of the statement are on the stack below those of the operation. MOTE_FAILED or
 * false: an exception or panic is pending, and the function must return false at once.
 */
#ifndef MOTE_TRANSLATED_H
#define MOTE_TRANSLATED_H

#include "activation.h"
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

/* Functions that generated code has inline, unless flash matters more than instructions. */
#ifdef TRANSLATED_SMALL
#define QUICK static inline
#else
#define QUICK static ALWAYS
#endif

mote_value mote_translated_unary(mote_vm *vm, uint32_t at, mote_value x);
mote_value mote_translated_index(mote_vm *vm, uint32_t at, mote_value object, mote_value key);
/** A field as a value: functions are bound to the object. */
mote_value mote_translated_field(mote_vm *vm, uint32_t at, mote_value object, mote_value key);
/** The same for a field that is probably the object's own, at `place` in its table. */
mote_value mote_translated_field_at(mote_vm *vm, uint32_t at, mote_value object, mote_value key, uint32_t place);
/** The same for a field whose value needs no binding: it is not a function, or is used without its object. */
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

/** A shape check in one word: the object has at least `count` fields, and the one at `place` has the key `key`. */
#define TRANSLATED_KNOWN(count, place, key) ((uint32_t)(count) | (uint32_t)(place) << 8 | (key) >> 5 << 16)
/**
 * The values of an object's fields if it passes the shape check `known`, otherwise NULL. They do not move until fields
 * are added or other code runs.
 */
mote_value *mote_translated_fields(const mote_vm *vm, mote_value object, uint32_t known);
/** A class check in place of a shape check: all objects of the class with this number have the same shape. */
#define TRANSLATED_OF(class) ((uint32_t)(class) << 8)
/** A shape or class check of the object in a slot, to be repeated when the function is resumed. */
typedef struct {
    uint32_t slot, known;
} translated_assumption;
/**
 * Repeats the checks of a function that is resumed at a place, which it returns. If one fails, the function must
 * return: TRANSLATED_NOWHERE.
 */
uint32_t mote_translated_resume(mote_vm *vm, uint32_t place, const mote_value *slots, const translated_assumption *all,
                                uint32_t count);
bool mote_translated_set_field(mote_vm *vm, uint32_t at, mote_value object, mote_value key, mote_value value);
bool mote_translated_set_field_at(mote_vm *vm, uint32_t at, mote_value object, mote_value key, mote_value value,
                                  uint32_t place);
/**
 * The same for a field that is new if the object has only `place` fields; it will have `fields` in the end. The key is
 * one of the translation's keys.
 */
bool mote_translated_add_field(mote_vm *vm, uint32_t at, mote_value object, mote_value key, mote_value value,
                               uint32_t place, uint32_t fields);
/** Consecutive fields that a new object gets. */
typedef struct {
    uint16_t place;  /* number of fields before that */
    uint8_t count;   /* number of fields to add */
    uint8_t fields;  /* number of fields in the end */
    uint16_t keys[]; /* string indexes */
} translated_additions;
/**
 * Adds the keys, and returns where the values must be stored at once. NULL: the object does not have the expected
 * shape, or memory is out.
 */
mote_value *mote_translated_add_fields(mote_vm *vm, uint32_t at, mote_value object, const translated_additions *of);
bool mote_translated_set_index(mote_vm *vm, uint32_t at, mote_value object, mote_value key, mote_value value);
bool mote_translated_delete(mote_vm *vm, uint32_t at, mote_value object, mote_value key);
bool mote_translated_set_closure(mote_vm *vm, uint32_t slot, mote_value levels, mote_value value);
/** The operands are on the stack. */
bool mote_translated_store(mote_vm *vm, uint32_t at);
/** The new object is in vm->ret_val. It has room for `fields` fields. */
bool mote_translated_alloc_map(mote_vm *vm, uint32_t at, uint32_t fields);
bool mote_translated_alloc_array(mote_vm *vm, uint32_t at, mote_value size);
bool mote_translated_alloc_buffer(mote_vm *vm, uint32_t at, mote_value size);

/*
 * Calls. Operands are as in mote_call_enter: `base` is vm->operands, the bottom of the operand stack. `at` is the
 * position after the call. True: the call has returned, vm->ret_val has its result, and vm->operands and vm->link are
 * the caller's again; the stack may have moved. False: the function must return, and is resumed after the call later,
 * unless an exception or panic is pending (translation.c).
 */

/** base[0] is the function, vm->receiver its receiver. */
bool mote_translated_call(mote_vm *vm, unsigned count, uint32_t at);
/** base[0] is the object, `key` the method's name. */
bool mote_translated_call_method(mote_vm *vm, unsigned count, uint32_t at, mote_value key);
/** base[0] is the receiver. */
bool mote_translated_call_native(mote_vm *vm, uint32_t index, unsigned count, uint32_t at);
/** A function of the program; base[0] is the receiver. */
bool mote_translated_call_function(mote_vm *vm, unsigned count, uint32_t at, uint32_t index);

/** A native of a builtin object, by its number in the translation; base[0] is the object. */
bool mote_translated_native(mote_vm *vm, unsigned count, uint32_t at, uint32_t number);
/** Intrinsics (quick.c). Of Buffers: readUIntBE, writeUIntBE, blitAt; of arrays: push of one value. */
bool mote_translated_read_uint(mote_vm *vm, uint32_t at, mote_value key);
bool mote_translated_write_uint(mote_vm *vm, uint32_t at, mote_value key);
bool mote_translated_blit(mote_vm *vm, uint32_t at, mote_value key);
/** Buffer.copyBytesFrom with three arguments; `number` is that of the native. */
bool mote_translated_copy(mote_vm *vm, uint32_t at, uint32_t number);
/** Whether an object may have the field itself, which would hide its class's method. */
bool mote_translated_has_own(const mote_vm *vm, mote_value object, mote_value key);
bool mote_translated_push(mote_vm *vm, uint32_t at, mote_value key);

/*
 * Leaving try blocks. These return where the function continues, in bytes from its beginning; TRANSLATED_NOWHERE: it
 * must return.
 */
#define TRANSLATED_NOWHERE UINT32_MAX

/** The end of a finally block; `v` is the exception to throw again, or the jump to resume. */
uint32_t mote_translated_throw_again(mote_vm *vm, uint32_t at, mote_value v);
uint32_t mote_translated_throw_jump(mote_vm *vm, uint32_t at, uint32_t target, mote_value levels);

/* Leaving the C function. All of these return false, except mote_translated_leave. */

bool mote_translated_call_array(mote_vm *vm, uint32_t at, mote_value function, mote_value array);
bool mote_translated_throw(mote_vm *vm, uint32_t at, mote_value v);
bool mote_translated_invalid(mote_vm *vm);
/*
 * Leaving in the middle of a function, at a place in bytes from its beginning. It is one exit, because each takes the
 * code that restores the registers.
 */
/** An exception or panic is pending. */
#define TRANSLATED_FAILED 0
/**
 * Deoptimization: something is not as the C code expects it, and the interpreter continues with the statement at the
 * place, of which nothing has been executed yet. After its next call, or in its next turn, the function may continue as
 * C.
 */
#define TRANSLATED_INTERPRETED(place) ((int32_t)(place) + 1)
/** Preemption: the host gets a turn, or the guard ends the program. The function is resumed at the place. */
#define TRANSLATED_INTERRUPTED(place) (-1 - (int32_t)(place))
/** Returns false. */
bool mote_translated_exit(mote_vm *vm, int32_t how);
/** Creates the object for a constructor that is called by `new`, with room for `fields` fields. */
bool mote_translated_make_object(mote_vm *vm, unsigned given, uint32_t at, uint32_t class, uint32_t fields);
/** Return of the lowest translated function: its caller is interpreted, or no longer on the C stack. */
bool mote_translated_leave(mote_vm *vm, mote_value result);

static inline bool mote_translated_return(mote_vm *vm, mote_value result)
{
    if (vm->depth == vm->nested_from) return mote_translated_leave(vm, result);
    const mote_value *link = vm->link;
    vm->ret_val = result;
    vm->depth--;
    vm->operands = vm->link + LINK_WORDS;
    vm->link = link_of_caller(vm, link);
    return true;
}

/** What is needed to enter a function; all of it is constant. Places are in bytes from the call's base[0]. */
typedef struct {
    uint16_t index, operands; /* the function's number; where its operand stack starts */
    uint16_t locals, tries;   /* where the slots that are not arguments start, and the words of its try blocks */
    uint8_t given;            /* number of arguments, without `this` */
    bool method;              /* whether it has `this`, so that base[0] is its first slot, not base[1] */
} translated_entry;
/** Enters and runs a function. Where flash does not matter, generated code does this inline. */
bool mote_translated_enter(mote_vm *vm, uint32_t at, const translated_entry *of);

static ALWAYS mote_value *mote_translated_place(mote_value *base, uint32_t bytes)
{
    return (mote_value *)((uintptr_t)base + bytes);
}

/**
 * Counts a call. False: there may be no room for it, or the host gets a turn; mote_translated_call_function decides.
 */
static ALWAYS bool mote_translated_may_begin(mote_vm *vm, mote_value *base, uint32_t operands)
{
    vm->budget -= CALL_OPERATIONS;
    return mote_translated_place(base, operands) <= vm->stack_peak && vm->depth < vm->depth_limit && vm->budget >= 0;
}

/** Enters a function: base[0] is the receiver, no argument is missing, and the other slots are undefined already. */
static ALWAYS void mote_translated_begin(mote_vm *vm, mote_value *base, uint32_t at, translated_entry of)
{
    mote_value *operands = mote_translated_place(base, of.operands);
    mote_value *link = base - LINK_WORDS;
    vm->depth++;
    link[0] = small_value((int32_t)of.index);
    link[1] = small_value((int32_t)at);
    link[2] = NO_FRAME;
    link[3] = place_of_link(vm, vm->link);
    for (mote_value *v = mote_translated_place(base, of.tries); v < operands - LINK_WORDS; v++) *v = small_value(0);
    vm->link = link;
    vm->slots = of.method ? base : base + 1;
    vm->sp = vm->operands = operands;
}

static ALWAYS const block_table *mote_translated_table(const mote_value *fields)
{
    return (const block_table *)((uintptr_t)fields - offsetof(block_table, values));
}

/** Finds the fields of an object again after other code has run; it had some before. False: it is a dictionary now. */
static ALWAYS bool mote_translated_find_fields(const mote_vm *vm, mote_value object, mote_value **fields)
{
    const block_map *map = (const block_map *)at_offset(vm, object);
    *fields = ((block_table *)at_offset(vm, map->table))->values;
#ifdef TRANSLATED_WITHOUT_DICTIONARIES
    return true;
#else
    return mote_translated_table(*fields)->used != 0;
#endif
}

/** Whether the field at `place` has the key. */
static ALWAYS bool mote_translated_is_key(const mote_value *fields, uint32_t place, mote_value key)
{
    return numbers_of(mote_translated_table(fields))[place] == payload(key);
}

/** Whether a value read from a field is a function that has to be bound to the object. */
QUICK bool mote_translated_is_code(const mote_vm *vm, mote_value v)
{
    return !is_small(v) && (is_code(v) || (is_heap(v) && (header_of(vm, v) & 15u) == KIND_CLOSURE));
}

/** The prototype of an object, by which its class is known (vm->class_prototypes); undefined for other values. */
static ALWAYS mote_value mote_translated_class_of(const mote_vm *vm, mote_value object)
{
    if (!is_heap(object)) return MOTE_UNDEFINED;
    const block_map *map = (const block_map *)at_offset(vm, object);
    return (map->header & 15u) == KIND_MAP ? map->prototype : MOTE_UNDEFINED;
}

/** Whether the object is of the class with this number, so that its methods are known. */
static ALWAYS bool mote_translated_is_of(const mote_vm *vm, mote_value object, uint32_t class)
{
    if (!is_heap(object)) return false;
    const block_map *map = (const block_map *)at_offset(vm, object);
    return (map->header & 15u) == KIND_MAP && map->prototype == vm->class_prototypes[class];
}

/** The values of an object's fields if it passes the class check and is no dictionary, otherwise NULL. */
QUICK mote_value *mote_translated_fields_of(const mote_vm *vm, mote_value object, uint32_t class)
{
    mote_value *fields;
    if (!mote_translated_is_of(vm, object, class)) return NULL;
    return mote_translated_find_fields(vm, object, &fields) ? fields : NULL;
}

/** Sets pc and sp as the interpreter has them at an operation with so many operands. */
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
