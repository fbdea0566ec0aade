/* Text builder, ToString, inspect, format, JSON. */
#ifndef MOTE_TEXT_H
#define MOTE_TEXT_H

#include "state.h"

typedef struct {
    mote_vm *vm;
    uint32_t root;   /* index of the root that holds the block */
    uint32_t length; /* bytes so far */
    uint32_t limit;  /* in bytes; the rest is dropped */
    bool failed;
} text_builder;
bool mote_text_begin(text_builder *text, mote_vm *vm, uint32_t limit);
void mote_text_add(text_builder *text, const char *bytes, uint32_t length);
void mote_text_add_literal(text_builder *text, const char *literal);
void mote_text_add_hex(text_builder *text, const uint8_t *data, uint32_t length);
void mote_text_add_number(text_builder *text, double number, int digits);
const char *mote_text_bytes(const text_builder *text);
/** The finished string; releases the root. 0 if anything failed. */
mote_value mote_text_end(text_builder *text);
void mote_text_drop(text_builder *text);
void mote_text_add_value(text_builder *text, mote_value v);
mote_value mote_to_string(mote_vm *vm, mote_value v);
mote_value mote_format_values(mote_vm *vm, const mote_value *args, unsigned count);

enum { STYLE_JSON, STYLE_INSPECT };
/** Adds a value as JSON or as inspect shows it. False if an exception is pending. */
bool mote_serialize(text_builder *text, mote_value v, int style, uint32_t indent);

#endif
