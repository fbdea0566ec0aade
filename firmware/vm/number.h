/* Numbers as values, and conversion from and to text. */
#ifndef MOTE_NUMBER_H
#define MOTE_NUMBER_H

#include "state.h"

#include <string.h>

static inline double unbox(const mote_vm *vm, mote_value v)
{
    const block_double *box = at_offset(vm, v);
    uint64_t bits = ((uint64_t)box->high << 32) | box->low;
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

/** ToNumber of anything but a number. */
double mote_other_to_double(mote_vm *vm, mote_value v);
/** ToNumber. */
static INLINE_FOR_SPEED double to_double(mote_vm *vm, mote_value v)
{
    if (is_small(v)) return small_int(v);
    return has_kind(vm, v, KIND_DOUBLE) ? unbox(vm, v) : mote_other_to_double(vm, v);
}

mote_value mote_uint_value(mote_vm *vm, uint32_t number);
int32_t mote_double_to_int32(double number);
/** Parses the longest prefix that is a number. `end` (may be NULL) gets where it ends. `text` ends with NUL. */
double mote_text_to_double(const char *text, const char **end);
/**
 * Formats a number with up to `digits` significant digits, as programs see it. `text` has room for NUMBER_TEXT bytes;
 * no NUL is added. Returns the length.
 */
enum { NUMBER_TEXT = 48 };
uint32_t mote_number_text(double number, int digits, char *text);
double mote_number_log10(double number);
/** The value of a digit in bases up to 36; 36 or more if `c` is not a digit. */
unsigned mote_digit(char c);

#endif
