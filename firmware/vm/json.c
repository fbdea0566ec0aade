/*
 * JSON.parse and JSON.stringify (serialize.c writes the text). The parser keeps open containers on a stack in the heap
 * and does not recurse in C. MOTE_WITHOUT_JSON leaves all of this out of a firmware whose programs do not need it; both
 * functions are undefined then.
 */
#include "array.h"
#include "builtins.h"
#include "exception.h"
#include "heap.h"
#include "interpreter.h"
#include "number.h"
#include "object.h"
#include "state.h"
#include "text.h"
#include "utf8_string.h"

#include <string.h>

#ifndef MOTE_WITHOUT_JSON

enum { MOST_INDENT = 1000 };

typedef struct {
    mote_vm *vm;
    const char *start, *at, *end;
    mote_value stack; /* array of the open containers, each map followed by its current key; rooted */
} reader;

static mote_value unexpected(reader *r)
{
    if (r->at >= r->end) return mote_throw_error(r->vm, MOTE_SYNTAX_ERROR, "Unexpected end of JSON input");
    char token[5] = {0};
    uint32_t code, size = mote_utf8_decode(r->at, &code);
    memcpy(token, r->at, size);
    uint32_t position = mote_utf8_count(r->start, (uint32_t)(r->at - r->start));
    return mote_throw_error(r->vm, MOTE_SYNTAX_ERROR, "Unexpected token '%s' in JSON at position %u", token,
                            (unsigned)position);
}

static void skip_space(reader *r)
{
    while (r->at < r->end && strchr(" \t\n\r", *r->at) != NULL && *r->at != 0) r->at++;
}

static bool take(reader *r, char c)
{
    skip_space(r);
    if (r->at >= r->end || *r->at != c) return false;
    r->at++;
    return true;
}

static int hex_digits(const char *at, const char *end)
{
    int code = 0;
    if (end - at < 4) return -1;
    for (int i = 0; i < 4; i++) {
        unsigned digit = mote_digit(at[i]);
        if (digit >= 16) return -1;
        code = code * 16 + (int)digit;
    }
    return code;
}

/** After `\u`: reads one code unit, or the two of a surrogate pair. */
static bool read_unicode(reader *r, text_builder *text)
{
    int code = hex_digits(r->at, r->end);
    if (code < 0) return false;
    r->at += 4;
    if (code >= 0xd800 && code < 0xdc00 && r->end - r->at >= 6 && r->at[0] == '\\' && r->at[1] == 'u') {
        int low = hex_digits(r->at + 2, r->end);
        if (low >= 0xdc00 && low < 0xe000) {
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            r->at += 6;
        }
    }
    char bytes[4];
    mote_text_add(text, bytes, mote_utf8_encode((uint32_t)code, bytes));
    return true;
}

static bool read_escape(reader *r, text_builder *text)
{
    if (r->at >= r->end) return false;
    const char *known = memchr("\"\\/bfnrt", *r->at, 8);
    if (known != NULL) {
        r->at++;
        mote_text_add(text, &"\"\\/\b\f\n\r\t"[known - "\"\\/bfnrt"], 1);
        return true;
    }
    if (*r->at != 'u') return false;
    r->at++;
    return read_unicode(r, text);
}

/** Reads the rest of a string after its opening quote. */
static mote_value read_string(reader *r)
{
    text_builder text;
    if (!mote_text_begin(&text, r->vm, UINT32_MAX)) return MOTE_FAILED;
    for (;;) {
        const char *from = r->at;
        while (r->at < r->end && *r->at != '"' && *r->at != '\\') r->at++;
        mote_text_add(&text, from, (uint32_t)(r->at - from));
        if (r->at < r->end && *r->at++ == '"') return mote_text_end(&text);
        if (r->at < r->end && read_escape(r, &text)) continue;
        mote_text_drop(&text);
        return unexpected(r);
    }
}

static mote_value read_number(reader *r)
{
    const char *end;
    double number = mote_text_to_double(r->at, &end);
    if (number != number || end > r->end) return unexpected(r);
    r->at = end;
    return mote_number(r->vm, number);
}

static mote_value read_word(reader *r)
{
    static const struct {
        const char *word;
        mote_value value;
    } words[] = {{"true", MOTE_TRUE}, {"false", MOTE_FALSE}, {"null", MOTE_NULL}};
    for (uint32_t i = 0; i < 3; i++) {
        size_t length = strlen(words[i].word);
        if ((size_t)(r->end - r->at) < length || memcmp(r->at, words[i].word, length) != 0) continue;
        r->at += length;
        return words[i].value;
    }
    return unexpected(r);
}

/** Returns a leaf or an empty container, or VALUE_NONE after opening a container that has entries. */
static mote_value read_value(reader *r, bool *want_key)
{
    *want_key = false;
    skip_space(r);
    if (r->at >= r->end) return unexpected(r);
    char c = *r->at;
    if (c == '"') {
        r->at++;
        return read_string(r);
    }
    if (c == '-' || (c >= '0' && c <= '9')) return read_number(r);
    if (c != '[' && c != '{') return read_word(r);
    r->at++;
    mote_value v = c == '[' ? mote_array_new(r->vm, 0) : mote_map_new(r->vm, MOTE_UNDEFINED);
    if (v == MOTE_FAILED) return v;
    if (take(r, c == '[' ? ']' : '}')) return v;
    *want_key = c == '{';
    return mote_array_push(r->vm, r->stack, v) ? VALUE_NONE : MOTE_FAILED;
}

static bool read_key(reader *r)
{
    if (!take(r, '"')) {
        unexpected(r);
        return false;
    }
    mote_value key = read_string(r);
    if (key == MOTE_FAILED || !mote_array_push(r->vm, r->stack, key)) return false;
    if (take(r, ':')) return true;
    unexpected(r);
    return false;
}

/** Stores a complete value in its container. Returns the container if that is complete, too, otherwise VALUE_NONE. */
static mote_value put_value(reader *r, mote_value v, bool *want_key)
{
    mote_vm *vm = r->vm;
    uint32_t top = array_length(vm, r->stack) - 1;
    mote_value container = array_items(vm, r->stack)[top];
    bool is_array = has_kind(vm, container, KIND_ARRAY);
    if (is_array) {
        if (!mote_array_push(vm, container, v)) return MOTE_FAILED;
    } else {
        mote_value key = container;
        container = array_items(vm, r->stack)[--top];
        if (!mote_map_set(vm, container, key, v) || !mote_array_resize(vm, r->stack, top + 1)) return MOTE_FAILED;
    }
    *want_key = !is_array;
    if (take(r, ',')) return VALUE_NONE;
    if (!take(r, is_array ? ']' : '}')) return unexpected(r);
    return mote_array_resize(vm, r->stack, top) ? container : MOTE_FAILED;
}

static mote_value read_document(reader *r)
{
    bool want_key = false;
    for (;;) {
        if (want_key && !read_key(r)) return MOTE_FAILED;
        mote_value v = read_value(r, &want_key);
        while (v != MOTE_FAILED && v != VALUE_NONE && array_length(r->vm, r->stack) > 0) {
            root_push(r->vm, v);
            v = put_value(r, v, &want_key);
            roots_drop(r->vm, 1);
        }
        if (v == MOTE_FAILED) return v;
        if (v == VALUE_NONE) continue;
        skip_space(r);
        return r->at < r->end ? unexpected(r) : v;
    }
}

static mote_value json_parse(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    uint32_t length;
    mote_value source = mote_to_string(vm, args[0]);
    if (source == MOTE_FAILED) return source;
    root_push(vm, source);
    mote_value stack = mote_array_new(vm, 0), v = MOTE_FAILED;
    if (stack != MOTE_FAILED) {
        root_push(vm, stack);
        const char *text = mote_string_text(vm, source, &length, NULL);
        reader r = {vm, text, text, text + length, stack};
        v = read_document(&r);
        roots_drop(vm, 1);
    }
    roots_drop(vm, 1);
    return v;
}

static mote_value json_stringify(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    if (!is_nullish(args[1]))
        return mote_throw_error(vm, MOTE_TYPE_ERROR, "JSON.stringify replacer not supported (yet)");
    int32_t spaces = is_nullish(args[2]) ? 0 : mote_to_int(vm, args[2]);
    uint32_t indent = spaces < 0 ? 0 : spaces > MOST_INDENT ? MOST_INDENT : (uint32_t)spaces;
    text_builder text;
    if (!mote_text_begin(&text, vm, UINT32_MAX)) return MOTE_FAILED;
    if (!mote_serialize(&text, args[0], STYLE_JSON, indent)) text.failed = true;
    return mote_text_end(&text);
}

#endif

const native_entry mote_json_natives[] = {
#ifndef MOTE_WITHOUT_JSON
    {OBJECT_JSON, S_parse, NATIVE_FUNCTION, 2, json_parse},
    {OBJECT_JSON, S_stringify, NATIVE_FUNCTION, 3, json_stringify},
#endif
    {0},
};
