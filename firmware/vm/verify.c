/*
 * The verifier: once an image has passed, the interpreter trusts every index, jump and operand depth in its code.
 *
 * Sections lie in order inside the image; every literal, text and offset is in its section. The code of each function
 * is walked twice. The first walk checks operations, immediates and operand depth, and records where statements begin
 * (where the operand stack is empty) in one bit per byte. The second checks that jumps lead to statements, and those of
 * `try` to handlers. The last statement must be final, so that execution cannot run past the end of a function.
 */
#include "builtins.h"
#include "image.h"
#include "ops.h"
#include "utf8_string.h"

#include <string.h>

const uint8_t mote_op_shape[OP_END] = {[0] = 0xff,
                                       [42] = 0xff,
                                       [77] = 0xff,
#define X(number, name, kind, operands, immediate) [number] = (uint8_t)((operands) | ((immediate) << 4)),
                                       MOTE_OPS(X)
#undef X
};

const uint8_t mote_op_kind[OP_END] = {
#define X(number, name, kind, operands, immediate) [number] = kind,
    MOTE_OPS(X)
#undef X
};

static uint32_t read_u32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static const char *open_sections(mote_image *image, uint32_t starts[], uint32_t lengths[])
{
    uint32_t end = IMAGE_HEADER + IMAGE_SECTIONS * 8;
    for (uint32_t i = 0; i < IMAGE_SECTIONS; i++) {
        const uint8_t *entry = image->bytes + IMAGE_HEADER + i * 8;
        starts[i] = read_u32(entry);
        lengths[i] = read_u32(entry + 4);
        if (starts[i] != end || (lengths[i] & 3u) != 0) return "sections are not contiguous";
        if (lengths[i] > image->length - end) return "a section ends behind the image";
        end += lengths[i];
    }
    return NULL;
}

const char *mote_image_open(mote_image *image, const void *bytes, size_t length)
{
    uint32_t starts[IMAGE_SECTIONS], lengths[IMAGE_SECTIONS];
    if (((uintptr_t)bytes & 3u) != 0) return "the image is not aligned to 4 bytes";
    if (length < IMAGE_HEADER + IMAGE_SECTIONS * 8 || length > 0x3ffffff) return "the image has no room for its header";
    memset(image, 0, sizeof *image);
    image->bytes = bytes;
    image->length = (uint32_t)length;
    if (read_u32(image->bytes) != IMAGE_MAGIC0 || read_u32(image->bytes + 4) != IMAGE_MAGIC1) return "this is no image";
    uint32_t version = read_u32(image->bytes + 8), minor = (version >> 16) & 0xff;
    if (version >> 24 != 2 || minor < 7 || minor > 16) return "the image is of another version";
    const char *error = open_sections(image, starts, lengths);
    if (error != NULL) return error;
    const void *sections[IMAGE_SECTIONS];
    for (uint32_t i = 0; i < IMAGE_SECTIONS; i++) sections[i] = image->bytes + starts[i];
    image->functions = sections[SECTION_FUNCTIONS];
    image->num_functions = lengths[SECTION_FUNCTIONS] / sizeof(image_function);
    image->floats = sections[SECTION_FLOATS];
    image->num_floats = lengths[SECTION_FLOATS] / 8;
    image->ascii = sections[SECTION_ASCII];
    image->num_ascii = lengths[SECTION_ASCII] / 2;
    image->utf8 = sections[SECTION_UTF8];
    image->num_utf8 = lengths[SECTION_UTF8] / 4;
    image->buffers = sections[SECTION_BUFFERS];
    image->num_buffers = lengths[SECTION_BUFFERS] / 8;
    image->string_data = sections[SECTION_STRING_DATA];
    image->string_bytes = lengths[SECTION_STRING_DATA];
    memcpy(&image->num_globals, image->bytes + 12, 2);
    memcpy(&image->num_specs, image->bytes + 14, 2);
    if (lengths[SECTION_FUNCTIONS] % sizeof(image_function) != 0 || image->num_functions == 0) return "function table";
    if (image->num_functions > 0xffff || image->num_ascii > 0x3fff || image->num_utf8 > 0x3fff)
        return "too many entries";
    if (lengths[SECTION_ROLES] != 0) return "the roles section is not empty";
    if (lengths[SECTION_FLOATS] % 8 != 0 || lengths[SECTION_BUFFERS] % 8 != 0) return "table size";
    if (image->string_bytes == 0 || image->string_data[image->string_bytes - 1] != 0) return "string data is not ended";
    return NULL;
}

static bool is_float_literal(uint32_t low, uint32_t high)
{
    (void)low;
    uint32_t exponent = (high >> 20) & 0x7ff;
    if (high == 0xffffffffu) return true; /* an int32 */
    if (exponent == 0x7ff) return false;
    return exponent != 0 || ((high & 0xfffffu) == 0 && low == 0);
}

/** Checks a UTF-8 entry. Entries must not overlap: `*end` is where the last one ended. */
static bool is_utf8_entry(const mote_image *image, uint32_t offset, uint32_t *end)
{
    uint16_t size, length, jump;
    if ((offset & 1u) != 0 || offset > image->string_bytes - 1 || image->string_bytes - offset < 5) return false;
    if (offset < *end) return false;
    const uint8_t *entry = image->string_data + offset;
    memcpy(&size, entry, 2);
    memcpy(&length, entry + 2, 2);
    uint32_t jumps = (uint32_t)length >> 4;
    if (image->string_bytes - offset < 4 + 2 * jumps + size + 1u) return false;
    const uint8_t *text = entry + 4 + 2 * jumps;
    if (text[size] != 0) return false;
    *end = offset + 4 + 2 * jumps + size + 1;
    uint32_t at = 0, characters = 0;
    while (at < size) {
        if (characters > 0 && (characters & 15u) == 0) {
            uint32_t k = (characters >> 4) - 1;
            if (k >= jumps) return false;
            memcpy(&jump, entry + 4 + 2 * k, 2);
            if (jump != at) return false;
        }
        uint32_t step = mote_utf8_valid(text + at, size - at);
        if (step == 0) return false;
        at += step;
        characters++;
    }
    if ((characters & 15u) == 0 && jumps > 0) {
        memcpy(&jump, entry + 4 + 2 * (jumps - 1), 2);
        if (jump != size) return false;
    }
    return characters == length;
}

/**
 * Checks an ASCII entry. It is shorter than 200 bytes, a limit of the official loader; since entries may overlap, the
 * limit also bounds the time that this takes.
 */
static bool is_ascii_entry(const mote_image *image, uint32_t offset)
{
    if (offset >= image->string_bytes) return false;
    const uint8_t *text = image->string_data + offset;
    uint32_t length = 0;
    while (length < 200 && text[length] != 0 && text[length] < 0x80) length++;
    return length < 200 && text[length] == 0;
}

static const char *verify_literals(const mote_image *image)
{
    for (uint32_t i = 0; i < image->num_floats; i++)
        if (!is_float_literal(image->floats[2 * i], image->floats[2 * i + 1])) return "float literal";
    for (uint32_t i = 0; i < image->num_ascii; i++)
        if (!is_ascii_entry(image, image->ascii[i])) return "ASCII string";
    for (uint32_t i = 0, end = 0; i < image->num_utf8; i++)
        if (!is_utf8_entry(image, image->utf8[i], &end)) return "UTF-8 string";
    for (uint32_t i = 0; i < image->num_buffers; i++) {
        uint32_t start = image->buffers[2 * i], size = image->buffers[2 * i + 1];
        if (start > image->string_bytes || size > image->string_bytes - start) return "buffer literal";
    }
    return NULL;
}

static bool is_string_index(const mote_image *image, uint32_t index)
{
    uint32_t at = index & 0x3fff;
    switch (index >> 14) {
    case STRING_BUFFER: return false;
    case STRING_BUILTIN: return at < NUM_BUILTIN_STRINGS;
    case STRING_ASCII: return at < image->num_ascii;
    default: return at < image->num_utf8;
    }
}

static bool immediate_fits(const mote_image *image, const image_function *function, unsigned kind, int32_t value)
{
    static const uint32_t unlimited = 0xffffffffu;
    const uint32_t limits[] = {
        [IMM_LOCAL] = function->num_slots,
        [IMM_GLOBAL] = image->num_globals,
        [IMM_FUNCTION] = image->num_functions,
        [IMM_BUILTIN_STRING] = NUM_BUILTIN_STRINGS,
        [IMM_ASCII] = image->num_ascii,
        [IMM_UTF8] = image->num_utf8,
        [IMM_BUFFER] = image->num_buffers,
        [IMM_FLOAT] = image->num_floats,
        [IMM_BUILTIN_OBJECT] = NUM_BUILTIN_OBJECTS,
        [IMM_SPEC] = image->num_specs,
        [IMM_INT] = unlimited,
        [IMM_SLOT] = 0x10000,
    };
    return kind == IMM_INT || (uint32_t)value < limits[kind];
}

struct walk {
    const mote_image *image;
    const image_function *function;
    const uint8_t *code;
    uint8_t *statements;
};

static bool is_statement(const struct walk *walk, uint32_t at)
{
    return (walk->statements[at >> 3] & (1u << (at & 7u))) != 0;
}

/**
 * Checks one operation. Updates `depth`; `jump` gets the target of a jump, or -1. Returns the size, or 0 if it is
 * invalid.
 */
static uint32_t check_operation(const struct walk *walk, uint32_t at, uint32_t *depth, bool *final, int64_t *jump)
{
    const uint8_t *pc = walk->code + at;
    uint8_t op = *pc++;
    *final = false;
    *jump = -1;
    if (op >= FIRST_SMALL_INT) {
        (*depth)++;
        return 1;
    }
    if (op >= OP_END || mote_op_shape[op] == 0xff) return 0;
    unsigned operands = mote_op_shape[op] & 15u, kind = mote_op_shape[op] >> 4;
    if (*depth < operands) return 0;
    if (kind != IMM_NONE) {
        uint32_t left = walk->function->length - at - 1;
        if (left == 0 || (*pc >= FIRST_MULTIBYTE && left < (*pc & 3u) + 2)) return 0;
        int32_t value = read_immediate(&pc);
        if (kind == IMM_JUMP) *jump = (int64_t)at + value;
        else if (!immediate_fits(walk->image, walk->function, kind, value)) return 0;
        if (kind == IMM_JUMP && (*jump < 0 || *jump >= walk->function->length)) return 0;
    }
    *depth -= operands;
    if (mote_op_kind[op] == EXPR) (*depth)++;
    else if (*depth != 0) return 0;
    *final = mote_op_kind[op] == FINAL;
    return (uint32_t)(pc - walk->code) - at;
}

static bool jump_target_fits(const struct walk *walk, uint8_t op, uint32_t target)
{
    if (!is_statement(walk, target)) return false;
    if (op != OP_TRY) return true;
    return walk->code[target] == OP_CATCH || walk->code[target] == OP_FINALLY;
}

/** First walk: marks where statements start. Second walk: jumps must lead there. */
static bool walk_function(const struct walk *walk, bool second)
{
    uint32_t at = 0, depth = 0, length = walk->function->length;
    bool final = false, ended = false;
    while (at < length) {
        if (depth == 0 && ended && walk->code[at] == 0 && length - at < 4) break; /* padding */
        if (depth == 0 && !second) walk->statements[at >> 3] |= (uint8_t)(1u << (at & 7u));
        int64_t jump;
        uint8_t op = walk->code[at];
        uint32_t size = check_operation(walk, at, &depth, &final, &jump);
        if (size == 0 || depth > MAX_STACK) return false;
        if (second && jump >= 0 && !jump_target_fits(walk, op, (uint32_t)jump)) return false;
        ended = depth == 0 && final;
        at += size;
    }
    return ended;
}

static const char *verify_function(const mote_image *image, const image_function *function, uint8_t *statements)
{
    if ((function->flags & FUNCTION_IS_CTOR) != 0 && (function->flags & FUNCTION_NEEDS_THIS) == 0) return "constructor";
    if ((function->flags & FUNCTION_HAS_REST) != 0 && function->num_args == 0) return "rest argument";
    if ((function->flags & FUNCTION_NEEDS_THIS) != 0 && function->num_args == 0) return "method without this";
    if (function->num_args > function->num_slots) return "more arguments than slots";
    if (!is_string_index(image, function->name)) return "function name";
    memset(statements, 0, (function->length + 7) / 8);
    const struct walk walk = {image, function, image->bytes + function->start, statements};
    if (!walk_function(&walk, false)) return "code";
    return walk_function(&walk, true) ? NULL : "jump target";
}

static const char *verify_layout(const mote_image *image)
{
    uint32_t end = (uint32_t)((const uint8_t *)image->functions - image->bytes) +
                   image->num_functions * (uint32_t)sizeof(image_function);
    uint32_t limit = (uint32_t)((const uint8_t *)image->floats - image->bytes);
    for (uint32_t i = 0; i < image->num_functions; i++) {
        const image_function *function = &image->functions[i];
        if (function->start != end || (function->length & 3u) != 0 || function->length == 0)
            return "code is not contiguous";
        if (function->length > limit - end) return "code ends behind its section";
        end += function->length;
    }
    return NULL;
}

uint32_t mote_image_longest_function(const mote_image *image)
{
    uint32_t longest = 0;
    for (uint32_t i = 0; i < image->num_functions; i++) {
        uint32_t length = image->functions[i].length;
        if (length > longest) longest = length;
    }
    return longest < image->length ? longest : image->length;
}

const char *mote_image_verify(const mote_image *image, uint8_t *statements)
{
    const char *error = verify_layout(image);
    if (error == NULL) error = verify_literals(image);
    for (uint32_t i = 0; error == NULL && i < image->num_functions; i++)
        error = verify_function(image, &image->functions[i], statements);
    if (error == NULL && image->functions[0].num_args != 0) error = "the entry point has arguments";
    return error;
}
