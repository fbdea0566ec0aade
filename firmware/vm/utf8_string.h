/* Strings. The file is named after their encoding because <string.h> is the C library's. */
#ifndef MOTE_UTF8_STRING_H
#define MOTE_UTF8_STRING_H

#include "builtins.h"
#include "state.h"

/** Bytes of one well-formed UTF-8 sequence (1 to 4) at the start of `text`, or 0. */
uint32_t mote_utf8_valid(const uint8_t *text, uint32_t length);
const char *mote_string_text(const mote_vm *vm, mote_value v, uint32_t *bytes, uint32_t *characters);
/**
 * A string of `bytes` of valid UTF-8, copied from `text`, which lies outside the heap or in a block that stays
 * reachable.
 */
mote_value mote_string_new(mote_vm *vm, const char *text, uint32_t bytes);
mote_value mote_string_from_bytes(mote_vm *vm, const uint8_t *data, uint32_t length);
bool mote_string_equals(const mote_vm *vm, mote_value a, mote_value b);
mote_value mote_string_at(mote_vm *vm, mote_value string, uint32_t character);
uint32_t mote_utf8_count(const char *text, uint32_t bytes);
uint32_t mote_utf8_decode(const char *text, uint32_t *code_point);
uint32_t mote_utf8_encode(uint32_t code_point, char *text);
static inline mote_value builtin_value(enum builtin_string string)
{
    return immediate(TAG_STRING, STRING_INDEX(STRING_BUILTIN, (uint32_t)string));
}

#endif
