/*
 * The builtin strings, stored one after another. A text is found by adding up sizes, which saves a table of pointers:
 * texts are rarely needed, since programs refer to strings of the image by index.
 */
#include "builtins.h"

typedef struct {
#define X(name, text) char S_##name[sizeof text];
    MOTE_BUILTIN_STRINGS(X)
#undef X
} builtin_texts;

static const builtin_texts texts = {
#define X(name, text) text,
    MOTE_BUILTIN_STRINGS(X)
#undef X
};

static const uint8_t sizes[NUM_BUILTIN_STRINGS] = {
#define X(name, text) sizeof text,
    MOTE_BUILTIN_STRINGS(X)
#undef X
};

const char *mote_builtin_text(uint32_t string)
{
    const char *text = (const char *)&texts;
    while (string-- > 0) text += sizes[string];
    return text;
}
