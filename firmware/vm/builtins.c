#include "builtins.h"

const char *const mote_builtin_strings[NUM_BUILTIN_STRINGS] = {
#define X(name, text) text,
    MOTE_BUILTIN_STRINGS(X)
#undef X
};
