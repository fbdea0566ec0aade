/*
 * Text builder, ToString, and ds.format. A builder refers to its block by a root and looks it up at each use, since
 * growing moves the block. After a failure, adding does nothing and mote_text_end reports it, so that callers need to
 * check only once.
 */
#include "text.h"
#include "buffer.h"
#include "heap.h"
#include "native_lookup.h"
#include "number.h"
#include "property.h"
#include "state.h"
#include "utf8_string.h"

#include <limits.h>
#include <string.h>

enum { FIRST_TEXT = 32, MOST_INSPECTED = 97, MOST_BYTES_SHOWN = 32 };

static block_buffer *text_block(const text_builder *text)
{
    return at_offset(text->vm, text->vm->roots[text->root]);
}

bool mote_text_begin(text_builder *text, mote_vm *vm, uint32_t limit)
{
    *text = (text_builder){.vm = vm, .root = vm->num_roots, .limit = limit};
    mote_value block = mote_new_buffer(vm, FIRST_TEXT);
    if (block == MOTE_FAILED) return false;
    root_push(vm, block);
    return true;
}

static bool text_reserve(text_builder *text, uint32_t length)
{
    mote_vm *vm = text->vm;
    if (length <= text_block(text)->length) return true;
    uint32_t size = text_block(text)->length * 2 < length ? length : text_block(text)->length * 2;
    mote_value old = vm->roots[text->root], grown = mote_new_buffer(vm, size);
    if (grown == MOTE_FAILED) return false;
    memcpy(((block_buffer *)at_offset(vm, grown))->data, text_block(text)->data, text->length);
    vm->roots[text->root] = grown;
    mote_heap_free(vm, old);
    return true;
}

void mote_text_add(text_builder *text, const char *bytes, uint32_t length)
{
    uint32_t room = text->limit - text->length;
    if (length > room) length = room;
    if (text->failed || length == 0) return;
    if (!text_reserve(text, text->length + length)) {
        text->failed = true;
        return;
    }
    memcpy(text_block(text)->data + text->length, bytes, length);
    text->length += length;
}

void mote_text_add_literal(text_builder *text, const char *literal)
{
    mote_text_add(text, literal, (uint32_t)strlen(literal));
}

static void add_hex_digit(text_builder *text, uint32_t digit)
{
    mote_text_add(text, &"0123456789abcdef"[digit & 15], 1);
}

void mote_text_add_hex(text_builder *text, const uint8_t *data, uint32_t length)
{
    for (uint32_t i = 0; i < 2 * length; i++) add_hex_digit(text, (uint32_t)data[i / 2] >> (i % 2 == 0 ? 4 : 0));
}

void mote_text_add_number(text_builder *text, double number, int digits)
{
    char buffer[NUMBER_TEXT];
    mote_text_add(text, buffer, mote_number_text(number, digits, buffer));
}

const char *mote_text_bytes(const text_builder *text)
{
    return (const char *)text_block(text)->data;
}

void mote_text_drop(text_builder *text)
{
    mote_heap_free(text->vm, text->vm->roots[text->root]);
    roots_drop(text->vm, 1);
}

mote_value mote_text_end(text_builder *text)
{
    mote_value string =
        text->failed ? MOTE_FAILED : mote_string_from_bytes(text->vm, text_block(text)->data, text->length);
    mote_text_drop(text);
    return string;
}

/* ToString. */

static void add_function(text_builder *text, mote_value v)
{
    mote_vm *vm = text->vm;
    const char *kind = has_kind(vm, v, KIND_CLOSURE) ? "[Closure: " : "[Function: ";
    if (has_kind(vm, v, KIND_BOUND)) {
        kind = "[Method: ";
        if (has_kind(vm, ((const block_bound *)at_offset(vm, v))->function, KIND_CLOSURE)) {
            mote_text_add_literal(text, "function");
            return;
        }
    }
    uint32_t length;
    const char *name = mote_function_name(vm, mote_code_of(vm, v), &length);
    mote_text_add_literal(text, kind);
    mote_text_add(text, name, length);
    mote_text_add_literal(text, "]");
}

static void add_buffer(text_builder *text, mote_value v)
{
    uint32_t length;
    const uint8_t *data = mote_buffer_data(text->vm, v, &length);
    mote_text_add_literal(text, "[Buffer[");
    mote_text_add_number(text, length, 7);
    mote_text_add_literal(text, "] ");
    mote_text_add_hex(text, data, length < MOST_BYTES_SHOWN ? length : MOST_BYTES_SHOWN);
    mote_text_add_literal(text, length > MOST_BYTES_SHOWN ? "...]" : "]");
}

static void add_fiber(text_builder *text, mote_value v)
{
    uint32_t id = ((const block_fiber *)at_offset(text->vm, v))->id, digits = 1;
    while (digits < 8 && id >> (4 * digits) != 0) digits++;
    mote_text_add_literal(text, "[Fiber: 0x");
    while (digits-- > 0) add_hex_digit(text, id >> (4 * digits));
    mote_text_add_literal(text, "]");
}

static const char *constant_text(mote_value v)
{
    switch (v) {
    case MOTE_NULL: return "null";
    case MOTE_TRUE: return "true";
    case MOTE_FALSE: return "false";
    default: return "undefined";
    }
}

void mote_text_add_value(text_builder *text, mote_value v)
{
    mote_vm *vm = text->vm;
    uint32_t length;
    if (mote_is_number(vm, v)) {
        mote_text_add_number(text, mote_to_double(vm, v), 7);
    } else if (mote_is_string(vm, v)) {
        const char *bytes = mote_string_text(vm, v, &length, NULL);
        mote_text_add(text, bytes, length);
    } else if (mote_is_function(vm, v)) {
        add_function(text, v);
    } else if (mote_buffer_data(vm, v, &length) != NULL) {
        add_buffer(text, v);
    } else if (has_kind(vm, v, KIND_FIBER)) {
        add_fiber(text, v);
    } else if (has_kind(vm, v, KIND_ARRAY)) {
        mote_text_add_literal(text, "array");
    } else {
        mote_text_add_literal(text, has_tag(v, TAG_CONSTANT) ? constant_text(v) : "map");
    }
}

mote_value mote_to_string(mote_vm *vm, mote_value v)
{
    if (mote_is_string(vm, v)) return v;
    text_builder text;
    root_push(vm, v);
    mote_value string = MOTE_FAILED;
    if (mote_text_begin(&text, vm, UINT32_MAX)) {
        mote_text_add_value(&text, v);
        string = mote_text_end(&text);
    }
    roots_drop(vm, 1);
    return string;
}

/* format */

/** Adds a value as console output shows it: at most 97 bytes, then dots. False if an exception is pending. */
static bool add_inspected(text_builder *text, mote_value v)
{
    text_builder part;
    if (!mote_text_begin(&part, text->vm, MOST_INSPECTED + 1)) return false;
    bool done = mote_serialize(&part, v, STYLE_INSPECT, 0) && !part.failed;
    if (done) mote_text_add(text, mote_text_bytes(&part), part.length > MOST_INSPECTED ? MOST_INSPECTED : part.length);
    if (part.length > MOST_INSPECTED) mote_text_add_literal(text, "...");
    mote_text_drop(&part);
    return done;
}

/**
 * Adds argument N of a `{NP}`; numbers have P + 1 significant digits, at least 4, or 7 without P. `at` is after the
 * opening brace. Returns where the text continues, or NULL if an exception is pending.
 */
static const char *add_directive(text_builder *text, const char *at, const char *end, const mote_value *args,
                                 unsigned count)
{
    const char *close = memchr(at, '}', (size_t)(end - at));
    if (close == NULL) {
        if (at == end) mote_text_add(text, "{", 1);
        return end;
    }
    unsigned number = mote_digit(*at), precision = at == close || at + 1 == close ? UINT_MAX : mote_digit(at[1]);
    int digits = precision == UINT_MAX ? 7 : precision < 3 ? 4 : (int)precision + 1;
    if (number == UINT_MAX) {
        mote_text_add_literal(text, "!");
        return at == close ? close + 1 : at + 1;
    }
    if (number >= count) {
        mote_text_add_literal(text, "?");
    } else if (mote_is_number(text->vm, args[number])) {
        mote_text_add_number(text, mote_to_double(text->vm, args[number]), digits);
    } else if (mote_is_string(text->vm, args[number])) {
        mote_text_add_value(text, args[number]);
    } else if (!add_inspected(text, args[number])) {
        return NULL;
    }
    return close + 1;
}

mote_value mote_format_values(mote_vm *vm, const mote_value *args, unsigned count)
{
    uint32_t length;
    if (count == 0 || !mote_is_string(vm, args[0])) return MOTE_UNDEFINED;
    const char *at = mote_string_text(vm, args[0], &length, NULL), *end = at + length;
    text_builder text;
    if (!mote_text_begin(&text, vm, UINT32_MAX)) return MOTE_FAILED;
    while (at < end) {
        const char *from = at;
        while (at < end && *at != '{' && *at != '}') at++;
        mote_text_add(&text, from, (uint32_t)(at - from));
        if (at == end) break;
        char brace = *at++;
        if (at < end && *at == brace) {
            mote_text_add(&text, at++, 1);
        } else if (brace == '}') {
            mote_text_add(&text, "}", 1);
        } else {
            at = add_directive(&text, at, end, args + 1, count - 1);
            if (at == NULL) {
                mote_text_drop(&text);
                return MOTE_FAILED;
            }
        }
    }
    return mote_text_end(&text);
}
