/*
 * The encoding of value words, which all other files access through these functions.
 *
 *   ...xxx1  integer of 31 bits
 *   ...xx00  heap block, as its offset from the machine (so the same on 32 and 64 bits); 0 is "failed"
 *   ...tt10  immediate: 3 bits of tag, 27 bits of payload
 *
 * Integers that need 32 bits and all other numbers are boxed doubles, except NaN and the infinities, which are
 * immediates.
 */
#ifndef MOTE_VALUE_H
#define MOTE_VALUE_H

#include "bytecode.h"
#include "mote_vm.h"

#define VALUE_NAN 0x82u
#define VALUE_INFINITY 0xa2u
#define VALUE_MINUS_INFINITY 0xc2u
/** Marks an absent value where `undefined` is a possible one. */
#define VALUE_NONE 0xe2u

#define SMALL_MAX ((int32_t)0x3fffffff)
#define SMALL_MIN (-SMALL_MAX - 1)

static inline bool is_small(mote_value v)
{
    return (v & 1u) != 0;
}

static inline bool both_small(mote_value a, mote_value b)
{
    return (a & b & 1u) != 0;
}

static inline bool fits_small(int32_t i)
{
    return i >= SMALL_MIN && i <= SMALL_MAX;
}

static inline int32_t small_int(mote_value v)
{
    return (int32_t)v >> 1;
}

static inline mote_value small_value(int32_t i)
{
    return ((uint32_t)i << 1) | 1u;
}

static inline bool is_heap(mote_value v)
{
    return (v & 3u) == 0;
}

static inline bool is_immediate(mote_value v)
{
    return (v & 3u) == 2;
}

static inline bool has_tag(mote_value v, enum tag tag)
{
    return (v & 0x1fu) == (((uint32_t)tag << 2) | 2u);
}

/** TAG_FUNCTION or TAG_NATIVE. */
static inline bool is_code(mote_value v)
{
    return (v & 0x0fu) == 6;
}

static inline mote_value immediate(enum tag tag, uint32_t payload)
{
    return (payload << 5) | ((uint32_t)tag << 2) | 2u;
}

static inline uint32_t payload(mote_value v)
{
    return v >> 5;
}

static inline bool is_nullish(mote_value v)
{
    return v == MOTE_UNDEFINED || v == MOTE_NULL;
}

/** The constants that optional arguments and `instanceof` treat as absent. */
static inline bool is_falsy_constant(mote_value v)
{
    return is_nullish(v) || v == MOTE_FALSE || v == VALUE_NAN;
}

static inline mote_value bool_value(bool truth)
{
    return truth ? MOTE_TRUE : MOTE_FALSE;
}

#endif
