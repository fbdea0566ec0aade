#include "panic.h"

#include <stdio.h>
#include <string.h>

enum { MOST_POSITIONS = 8, MOST_EXCEPTION = 200 };

void mote_panic_describe(mote_vm *vm, char *text, size_t size)
{
    char exception[MOST_EXCEPTION];
    uint32_t positions[MOST_POSITIONS];
    unsigned count = mote_vm_trace(vm, positions, MOST_POSITIONS);
    bool full = mote_vm_panic(vm) == MOTE_PANIC_OUT_OF_MEMORY;
    mote_vm_exception(vm, exception, sizeof exception);
    const char *what = full ? "out of memory: a larger arena helps" : exception[0] != 0 ? exception : "panic";
    snprintf(text, size, "%s; at", what);
    for (unsigned i = 0; i < count; i++) {
        size_t length = strlen(text);
        snprintf(text + length, size - length, " %lu", (unsigned long)positions[i]);
    }
}
