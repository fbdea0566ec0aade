/*
 * The compiler's image as it lies in flash: little-endian and position-independent. verify.c checks it once, on
 * loading.
 */
#ifndef MOTE_IMAGE_H
#define MOTE_IMAGE_H

#include "bytecode.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IMAGE_MAGIC0 = 0x53766544, IMAGE_SECTIONS = 10, IMAGE_HEADER = 32 };
#define IMAGE_MAGIC1 0xf1296e0au

enum image_section {
    SECTION_FUNCTIONS,
    SECTION_CODE,
    SECTION_FLOATS,
    SECTION_ROLES,
    SECTION_ASCII,
    SECTION_UTF8,
    SECTION_BUFFERS,
    SECTION_STRING_DATA,
    SECTION_SPECS,
    SECTION_CONFIGURATION
};

enum { FUNCTION_NEEDS_THIS = 1, FUNCTION_IS_CTOR = 2, FUNCTION_HAS_REST = 4 };

/** One function, 16 bytes in the image. */
typedef struct {
    uint32_t start; /* of the code, in bytes from the image's start */
    uint32_t length;
    uint16_t num_slots;
    uint8_t num_args;
    uint8_t flags;
    uint16_t name;
    uint8_t num_tries;
    uint8_t reserved;
} image_function;

/** StrIdx: kind in bits 14 and 15, index below. */
enum string_kind { STRING_BUFFER, STRING_BUILTIN, STRING_ASCII, STRING_UTF8 };
#define STRING_INDEX(kind, index) (((uint32_t)(kind) << 14) | (index))

typedef struct {
    const uint8_t *bytes;
    const image_function *functions;
    uint32_t length;
    const uint32_t *floats; /* pairs: low, high word */
    const uint16_t *ascii;
    const uint32_t *utf8;
    const uint32_t *buffers; /* pairs: offset, length */
    const uint8_t *string_data;
    uint32_t num_functions, num_floats, num_ascii, num_utf8, num_buffers, string_bytes;
    uint16_t num_globals, num_specs;
} mote_image;

/** Finds the sections of an image and checks its header. Returns NULL, or what is wrong. */
const char *mote_image_open(mote_image *image, const void *bytes, size_t length);
uint32_t mote_image_longest_function(const mote_image *image);
/**
 * Verifies code and literals, so that the interpreter needs no checks. `statements` is scratch memory of one bit per
 * byte of the longest function, (mote_image_longest_function + 7) / 8 bytes. Returns NULL, or what is wrong.
 */
const char *mote_image_verify(const mote_image *image, uint8_t *statements);

/** Text of the string with this StrIdx. `characters` (may be NULL) gets the number of code points. */
const char *mote_image_string(const mote_image *image, uint32_t index, uint32_t *bytes, uint32_t *characters);
/** Byte offset of code point number `character` in a UTF-8 string, by means of its jump table. */
uint32_t mote_image_utf8_offset(const mote_image *image, uint32_t index, uint32_t character);

static inline const uint8_t *image_buffer(const mote_image *image, uint32_t index, uint32_t *length)
{
    *length = image->buffers[2 * index + 1];
    return image->string_data + image->buffers[2 * index];
}

#endif
