/*
 * The builtin strings. They lie one behind the other, found by 16-bit offsets: a table of pointers would take twice as
 * much flash, and each text would be aligned for itself.
 */
#include "builtins.h"

#include <stddef.h>

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

static const uint16_t offsets[NUM_BUILTIN_STRINGS] = {
#define X(name, text) offsetof(builtin_texts, S_##name),
    MOTE_BUILTIN_STRINGS(X)
#undef X
};

const char *mote_builtin_text(uint32_t string)
{
    return (const char *)&texts + offsets[string];
}
