/*
 * Values as text: as JSON, and as console output shows them. Open values are kept on a stack in the heap instead of
 * recursing in C: the program decides how deeply values nest, and the port how large the C stack is.
 */
#include "array.h"
#include "builtins.h"
#include "exception.h"
#include "heap.h"
#include "interpreter.h"
#include "methods.h"
#include "number.h"
#include "object.h"
#include "state.h"
#include "text.h"
#include "utf8_string.h"

#include <string.h>

typedef struct {
    text_builder *text;
    mote_value stack; /* array of pairs: container, number of entries begun; rooted */
    int style;
    uint32_t indent; /* spaces per level */
} writer;

static void add_quoted(text_builder *text, mote_value v)
{
    uint32_t length;
    const char *bytes = mote_string_text(text->vm, v, &length, NULL);
    mote_text_add_literal(text, "\"");
    for (uint32_t i = 0, from = 0; i <= length; i++) {
        uint8_t c = i < length ? (uint8_t)bytes[i] : 0;
        if (i < length && c >= 0x20 && c != '"' && c != '\\') continue;
        mote_text_add(text, bytes + from, i - from);
        from = i + 1;
        if (i == length) break;
        const char *known = memchr("\"\\\n\r\t", c, 5);
        char escape[6] = {'\\', 'u', '0', '0', "0123456789abcdef"[c >> 4], "0123456789abcdef"[c & 15]};
        if (known != NULL) escape[1] = "\"\\nrt"[known - "\"\\\n\r\t"];
        mote_text_add(text, escape, known != NULL ? 2 : 6);
    }
    mote_text_add_literal(text, "\"");
}

static bool is_identifier(const char *text, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++) {
        char c = text[i], lower = (char)(c | 0x20);
        bool letter = (lower >= 'a' && lower <= 'z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9')) return false;
    }
    return true;
}

static void add_key(writer *w, mote_value key)
{
    uint32_t length;
    const char *bytes = mote_string_text(w->text->vm, key, &length, NULL);
    if (w->style == STYLE_INSPECT && is_identifier(bytes, length)) mote_text_add(w->text, bytes, length);
    else add_quoted(w->text, key);
    mote_text_add_literal(w->text, w->indent > 0 ? ": " : ":");
}

static void add_line(writer *w, uint32_t depth)
{
    if (w->indent == 0) return;
    mote_text_add_literal(w->text, "\n");
    for (uint32_t i = 0; i < depth * w->indent && !w->text->failed; i++) mote_text_add_literal(w->text, " ");
}

static bool is_container(const mote_vm *vm, mote_value v)
{
    return has_kind(vm, v, KIND_ARRAY) || has_kind(vm, v, KIND_MAP);
}

static void add_leaf(writer *w, mote_value v)
{
    mote_vm *vm = w->text->vm;
    if (mote_is_string(vm, v)) {
        add_quoted(w->text, v);
    } else if (w->style == STYLE_INSPECT) {
        mote_text_add_value(w->text, v);
    } else if (v == VALUE_NAN || v == VALUE_INFINITY || v == VALUE_MINUS_INFINITY) {
        mote_text_add_literal(w->text, "null");
    } else if (mote_is_number(vm, v) || has_tag(v, TAG_CONSTANT)) {
        mote_text_add_value(w->text, v);
    } else {
        mote_text_add_literal(w->text, "{}");
    }
}

static bool is_open(const writer *w, mote_value v)
{
    const mote_vm *vm = w->text->vm;
    for (uint32_t i = 0; i < array_length(vm, w->stack); i += 2)
        if (array_items(vm, w->stack)[i] == v) return true;
    return false;
}

/** Opens a container, or adds a leaf. */
static bool begin_value(writer *w, mote_value v)
{
    mote_vm *vm = w->text->vm;
    if (!is_container(vm, v)) {
        add_leaf(w, v);
        return true;
    }
    if (is_open(w, v)) {
        if (w->style == STYLE_JSON) mote_throw_error(vm, MOTE_TYPE_ERROR, "Converting circular structure to JSON");
        mote_text_add_literal(w->text, "[Circular]");
        return w->style == STYLE_INSPECT;
    }
    mote_text_add_literal(w->text, has_kind(vm, v, KIND_ARRAY) ? "[" : "{");
    return mote_array_push(vm, w->stack, v) && mote_array_push(vm, w->stack, small_value(0));
}

static uint32_t size_of(mote_vm *vm, mote_value container)
{
    if (has_kind(vm, container, KIND_ARRAY)) return array_length(vm, container);
    return mote_table_count(vm, mote_methods_table(vm, container));
}

static mote_value entry_of(const mote_vm *vm, mote_value container, uint32_t index, mote_value *key)
{
    if (has_kind(vm, container, KIND_ARRAY)) return array_items(vm, container)[index];
    return *mote_table_entry(vm, ((const block_map *)at_offset(vm, container))->table, index, key);
}

static bool is_left_out(const writer *w, mote_value key, mote_value v)
{
    return w->style == STYLE_JSON && key != 0 && (v == MOTE_UNDEFINED || mote_is_function(w->text->vm, v));
}

static bool any_before(const writer *w, mote_value container, uint32_t index)
{
    mote_value key = 0;
    for (uint32_t i = 0; i < index; i++) {
        mote_value v = entry_of(w->text->vm, container, i, &key);
        if (!is_left_out(w, key, v)) return true;
    }
    return false;
}

/** Adds the next entry of the innermost open container, or closes it. */
static bool next_entry(writer *w)
{
    mote_vm *vm = w->text->vm;
    uint32_t top = array_length(vm, w->stack) - 2, depth = top / 2 + 1;
    mote_value *items = array_items(vm, w->stack), container = items[top], key = 0;
    uint32_t index = (uint32_t)small_int(items[top + 1]);
    bool is_array = has_kind(vm, container, KIND_ARRAY), comma_after = w->style == STYLE_INSPECT && !is_array;
    bool any = index > 0 && any_before(w, container, index);
    if (any && comma_after) mote_text_add_literal(w->text, ",");
    if (index >= size_of(vm, container)) {
        if (any) add_line(w, depth - 1);
        mote_text_add_literal(w->text, is_array ? "]" : "}");
        return mote_array_resize(vm, w->stack, top);
    }
    items[top + 1] = small_value((int32_t)index + 1);
    mote_value v = entry_of(vm, container, index, &key);
    if (is_left_out(w, key, v)) return true;
    if (any && !comma_after) mote_text_add_literal(w->text, ",");
    add_line(w, depth);
    if (key != 0) add_key(w, key);
    return begin_value(w, v);
}

bool mote_serialize(text_builder *text, mote_value v, int style, uint32_t indent)
{
    mote_vm *vm = text->vm;
    root_push(vm, v);
    mote_value stack = mote_array_new(vm, 0);
    root_push(vm, stack);
    writer w = {text, stack, style, indent};
    bool done = stack != MOTE_FAILED && begin_value(&w, v);
    while (done && !text->failed && array_length(vm, stack) > 0 && text->length < text->limit) done = next_entry(&w);
    roots_drop(vm, 2);
    return done && !text->failed;
}
