/*
 * Strings.
 *
 * Invariant: a string is valid UTF-8. Text from outside is checked, and malformed sequences become U+FFFD, so that no
 * other code has to check. Indexes count code points.
 *
 * A string of the image is an immediate with its StrIdx; others are heap blocks. Both end with NUL. Equal texts may
 * have different words: compare them with mote_string_equals. To find a code point, non-ASCII strings of the image have
 * a jump table with an entry for every 16th one; those in the heap are scanned.
 */
#include "builtins.h"
#include "heap.h"
#include "state.h"
#include "utf8_string.h"

#include <string.h>

uint32_t mote_utf8_valid(const uint8_t *text, uint32_t length)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (length == 0) return 0;
    uint32_t first = text[0];
    if (first < 0x80) return 1;
    uint32_t size = first >= 0xf8 ? 0 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 0;
    if (size == 0 || size > length) return 0;
    uint32_t code = first & (0x7fu >> size);
    for (uint32_t i = 1; i < size; i++) {
        if ((text[i] & 0xc0) != 0x80) return 0;
        code = (code << 6) | (text[i] & 0x3fu);
    }
    if (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return 0;
    return code == 0xfffe || code == 0xffff ? 0 : size;
}

static uint32_t utf8_size(char first)
{
    uint8_t byte = (uint8_t)first;
    return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

uint32_t mote_utf8_decode(const char *text, uint32_t *code_point)
{
    uint32_t size = utf8_size(text[0]), code = (uint8_t)text[0];
    if (size > 1) {
        code &= 0x7fu >> size;
        for (uint32_t i = 1; i < size; i++) code = (code << 6) | ((uint8_t)text[i] & 0x3fu);
    }
    *code_point = code;
    return size;
}

uint32_t mote_utf8_encode(uint32_t code, char *text)
{
    bool fits = code <= 0x10ffff && (code < 0xd800 || code >= 0xe000) && code != 0xfffe && code != 0xffff;
    if (!fits) code = 0xfffd;
    if (code < 0x80) {
        text[0] = (char)code;
        return 1;
    }
    uint32_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (uint32_t i = size - 1; i > 0; i--) {
        text[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    text[0] = (char)((0xf00u >> size) | code);
    return size;
}

uint32_t mote_utf8_count(const char *text, uint32_t bytes)
{
    uint32_t characters = 0;
    for (uint32_t i = 0; i < bytes; i++) characters += ((uint8_t)text[i] & 0xc0) != 0x80;
    return characters;
}

const char *mote_image_string(const mote_image *image, uint32_t index, uint32_t *bytes, uint32_t *characters)
{
    uint32_t at = index & 0x3fff;
    const char *text;
    if (index >> 14 == STRING_UTF8) {
        const uint8_t *entry = image->string_data + image->utf8[at];
        uint16_t size, length;
        memcpy(&size, entry, 2);
        memcpy(&length, entry + 2, 2);
        *bytes = size;
        if (characters != NULL) *characters = length;
        return (const char *)entry + 4 + 2 * (length >> 4);
    }
    text = index >> 14 == STRING_BUILTIN ? mote_builtin_text(at) : (const char *)image->string_data + image->ascii[at];
    *bytes = (uint32_t)strlen(text);
    if (characters != NULL) *characters = *bytes;
    return text;
}

uint32_t mote_image_utf8_offset(const mote_image *image, uint32_t index, uint32_t character)
{
    const uint8_t *entry = image->string_data + image->utf8[index & 0x3fff];
    uint32_t block = character >> 4, offset = 0;
    uint16_t jump;
    if (block > 0) {
        memcpy(&jump, entry + 4 + 2 * (block - 1), 2);
        offset = jump;
    }
    uint16_t length;
    memcpy(&length, entry + 2, 2);
    const char *text = (const char *)entry + 4 + 2 * (length >> 4);
    for (uint32_t i = block << 4; i < character; i++) offset += utf8_size(text[offset]);
    return offset;
}

bool mote_is_string(const mote_vm *vm, mote_value v)
{
    return has_tag(v, TAG_STRING) || has_kind(vm, v, KIND_STRING);
}

const char *mote_string_text(const mote_vm *vm, mote_value v, uint32_t *bytes, uint32_t *characters)
{
    if (has_tag(v, TAG_STRING)) return mote_image_string(&vm->image, payload(v), bytes, characters);
    const block_string *string = at_offset(vm, v);
    *bytes = string->bytes;
    bool ascii = (string->header & FLAG_ASCII) != 0;
    if (characters != NULL) *characters = ascii ? *bytes : mote_utf8_count(string->text, *bytes);
    return string->text;
}

static mote_value allocate_string(mote_vm *vm, uint32_t bytes)
{
    return mote_heap_new(vm, KIND_STRING, 4 + bytes + 1);
}

/** Ends a string whose text has been written. */
static void end_string(block_string *string, uint32_t bytes)
{
    string->bytes = bytes;
    string->text[bytes] = 0;
    if (mote_utf8_count(string->text, bytes) == bytes) string->header |= FLAG_ASCII;
}

mote_value mote_string_new(mote_vm *vm, const char *text, uint32_t bytes)
{
    if (bytes == 0) return builtin_value(S_EMPTY);
    mote_value v = allocate_string(vm, bytes);
    if (v == MOTE_FAILED) return v;
    block_string *string = at_offset(vm, v);
    memcpy(string->text, text, bytes);
    end_string(string, bytes);
    return v;
}

/** Length of a malformed sequence: its first byte and the continuation bytes that belong to it. */
static uint32_t utf8_bad(const uint8_t *text, uint32_t length)
{
    uint32_t wanted = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : text[0] >= 0xc0 ? 2 : 1, size = 1;
    while (size < wanted && size < length && (text[size] & 0xc0) == 0x80) size++;
    return size;
}

/** Copies text, replacing each malformed sequence by U+FFFD. Returns the size of the result; `to` may be NULL. */
static uint32_t copy_repaired(const uint8_t *data, uint32_t length, char *to)
{
    uint32_t size = 0;
    for (uint32_t i = 0, step; i < length; i += step) {
        if (data[i] < 0x80) {
            if (to != NULL) to[size] = (char)data[i];
            size++, step = 1;
            continue;
        }
        char replacement[4];
        uint32_t valid = mote_utf8_valid(data + i, length - i),
                 put = valid == 0 ? mote_utf8_encode(0xfffd, replacement) : valid;
        step = valid == 0 ? utf8_bad(data + i, length - i) : valid;
        if (to != NULL) memcpy(to + size, valid == 0 ? (const uint8_t *)replacement : data + i, put);
        size += put;
    }
    return size;
}

mote_value mote_string_from_bytes(mote_vm *vm, const uint8_t *data, uint32_t length)
{
    uint32_t size = copy_repaired(data, length, NULL);
    if (size == 0) return builtin_value(S_EMPTY);
    mote_value v = allocate_string(vm, size);
    if (v == MOTE_FAILED) return v;
    block_string *string = at_offset(vm, v);
    (void)copy_repaired(data, length, string->text);
    end_string(string, size);
    return v;
}

bool mote_string_equals(const mote_vm *vm, mote_value a, mote_value b)
{
    if (a == b) return true;
    uint32_t size_a, size_b;
    const char *text_a = mote_string_text(vm, a, &size_a, NULL), *text_b = mote_string_text(vm, b, &size_b, NULL);
    return size_a == size_b && memcmp(text_a, text_b, size_a) == 0;
}

/** Byte offset of a code point; `character` is at most the string's length. */
static uint32_t offset_of(const mote_vm *vm, mote_value v, uint32_t character)
{
    uint32_t bytes, characters;
    const char *text = mote_string_text(vm, v, &bytes, &characters);
    if (bytes == characters) return character;
    if (has_tag(v, TAG_STRING)) return mote_image_utf8_offset(&vm->image, payload(v), character);
    uint32_t offset = 0;
    while (character-- > 0) offset += utf8_size(text[offset]);
    return offset;
}

mote_value mote_string_at(mote_vm *vm, mote_value string, uint32_t character)
{
    uint32_t bytes, characters;
    const char *text = mote_string_text(vm, string, &bytes, &characters);
    if (character >= characters) return MOTE_UNDEFINED;
    const char *at = text + offset_of(vm, string, character);
    return mote_string_new(vm, at, utf8_size(*at));
}

/* Natives. */

/** False if the value is not a string: natives then return undefined. */
static bool get_text(mote_vm *vm, mote_value v, const char **text, uint32_t *bytes, uint32_t *characters)
{
    if (!mote_is_string(vm, v)) return false;
    *text = mote_string_text(vm, v, bytes, characters);
    return true;
}

static mote_value string_length(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)args, (void)count;
    uint32_t bytes, characters;
    const char *text;
    if (!get_text(vm, receiver, &text, &bytes, &characters)) return MOTE_UNDEFINED;
    return mote_int(vm, (int32_t)characters);
}

static mote_value string_byte_length(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)args, (void)count;
    uint32_t bytes;
    const char *text;
    if (!get_text(vm, receiver, &text, &bytes, NULL)) return MOTE_UNDEFINED;
    return mote_int(vm, (int32_t)bytes);
}

static mote_value string_char_code_at(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)count;
    uint32_t bytes, characters, code, at = (uint32_t)mote_to_int(vm, args[0]);
    const char *text;
    if (!get_text(vm, receiver, &text, &bytes, &characters)) return MOTE_UNDEFINED;
    if (at >= characters) return VALUE_NAN;
    mote_utf8_decode(text + offset_of(vm, receiver, at), &code);
    return mote_int(vm, (int32_t)code);
}

static mote_value string_char_at(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)count;
    if (!mote_is_string(vm, receiver)) return MOTE_UNDEFINED;
    return mote_string_at(vm, receiver, (uint32_t)mote_to_int(vm, args[0]));
}

static mote_value string_slice(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)count;
    uint32_t bytes, characters;
    const char *text;
    if (!get_text(vm, receiver, &text, &bytes, &characters)) return MOTE_UNDEFINED;
    uint32_t from = clamp_index(mote_to_int(vm, args[0]), characters);
    uint32_t to = is_nullish(args[1]) ? characters : clamp_index(mote_to_int(vm, args[1]), characters);
    if (from >= to) return builtin_value(S_EMPTY);
    uint32_t start = offset_of(vm, receiver, from), end = offset_of(vm, receiver, to);
    return mote_string_new(vm, text + start, end - start);
}

/**
 * Code point index of the first occurrence of args[0] in [from, end); if end is negative, of the last one in [from,
 * -end); -1 if there is none.
 */
static mote_value string_index_of(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)count;
    uint32_t bytes, characters, wanted_bytes;
    const char *text, *wanted;
    bool fits =
        get_text(vm, receiver, &text, &bytes, &characters) && get_text(vm, args[0], &wanted, &wanted_bytes, NULL);
    if (!fits || mote_to_int(vm, args[1]) < 0) return small_value(-1);
    int32_t end = is_nullish(args[2]) ? (int32_t)characters : mote_to_int(vm, args[2]);
    bool last = end < 0;
    if (last) end = end == INT32_MIN ? INT32_MAX : -end;
    if (end > (int32_t)characters) end = (int32_t)characters;
    int32_t found = -1, from = mote_to_int(vm, args[1]), first = bytes == characters ? from : 0;
    uint32_t offset = (uint32_t)first;
    for (int32_t i = first; i < end && bytes - offset >= wanted_bytes; i++) {
        /* Comparing the first byte (NUL in an empty text) saves most calls of memcmp. */
        bool begins = text[offset] == wanted[0] || wanted_bytes == 0;
        if (i >= from && begins && memcmp(text + offset, wanted, wanted_bytes) == 0) {
            found = i;
            if (!last) break;
        }
        offset += utf8_size(text[offset]);
    }
    return mote_int(vm, found);
}

static mote_value change_case(mote_vm *vm, mote_value receiver, char first, char last)
{
    uint32_t bytes;
    const char *text;
    if (!get_text(vm, receiver, &text, &bytes, NULL)) return MOTE_UNDEFINED;
    mote_value v = mote_string_new(vm, text, bytes);
    if (v == MOTE_FAILED || bytes == 0) return v;
    char *to = ((block_string *)at_offset(vm, v))->text;
    for (uint32_t i = 0; i < bytes; i++)
        if (to[i] >= first && to[i] <= last) to[i] = (char)(to[i] ^ 0x20);
    return v;
}

static mote_value string_to_lower(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)args, (void)count;
    return change_case(vm, receiver, 'A', 'Z');
}

static mote_value string_to_upper(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)args, (void)count;
    return change_case(vm, receiver, 'a', 'z');
}

static mote_value string_from_char_code(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver;
    char text[4 * (MAX_SPREAD_NATIVE + 1)];
    uint32_t bytes = 0;
    for (unsigned i = 0; i < count && i < MAX_SPREAD_NATIVE; i++)
        bytes += mote_utf8_encode((uint32_t)mote_to_int(vm, args[i]), text + bytes);
    return mote_string_new(vm, text, bytes);
}

const native_entry mote_string_natives[] = {
    {OBJECT_String, S_fromCharCode, NATIVE_FUNCTION, VARIADIC, string_from_char_code},
    {OBJECT_String_prototype, S_length, NATIVE_PROPERTY, 0, string_length},
    {OBJECT_String_prototype, S_byteLength, NATIVE_PROPERTY, 0, string_byte_length},
    {OBJECT_String_prototype, S_charCodeAt, NATIVE_METHOD, 1, string_char_code_at},
    {OBJECT_String_prototype, S_charAt, NATIVE_METHOD, 1, string_char_at},
    {OBJECT_String_prototype, S_slice, NATIVE_METHOD, 2, string_slice},
    {OBJECT_String_prototype, S_indexOf, NATIVE_METHOD, 3, string_index_of},
    {OBJECT_String_prototype, S_toLowerCase, NATIVE_METHOD, 0, string_to_lower},
    {OBJECT_String_prototype, S_toUpperCase, NATIVE_METHOD, 0, string_to_upper},
    {0},
};
