/* Numbers as values, and their texts. */
#ifndef MOTE_NUMBER_H
#define MOTE_NUMBER_H

#include "state.h"

mote_value mote_uint_value(mote_vm *vm, uint32_t number);
int32_t mote_double_to_int32(double number);
/** `end` (may be NULL) gets where the number ends. `text` ends with NUL. */
double mote_text_to_double(const char *text, const char **end);
/** Digits as programs see them; returns the length. `text` has at least NUMBER_TEXT bytes. */
enum { NUMBER_TEXT = 48 };
uint32_t mote_number_text(double number, int digits, char *text);
double mote_number_log10(double number);
/** Of a digit of a base up to 36; what is no digit is more. */
unsigned mote_digit(char c);

#endif
