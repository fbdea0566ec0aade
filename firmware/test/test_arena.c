/* Prints a line for each arena that mote_vm_create is given: the reason for refusing it, or "made". */
#include "mote_vm.h"

#include <stdio.h>

enum { BYTES = 16384 };

static _Alignas(MOTE_ARENA_ALIGNMENT) unsigned char memory[BYTES + MOTE_ARENA_ALIGNMENT];

static void try(const char *name, void *arena, uint32_t bytes)
{
    const mote_config config = {.arena = arena, .arena_bytes = bytes};
    const char *error = mote_vm_create_error(&config);
    bool made = mote_vm_create(&config) != NULL;
    printf("%s: %s\n", name, made && error == NULL ? "made" : made ? "made in spite of an error" : error);
}

int main(void)
{
    try("aligned", memory, BYTES);
    try("at 4 bytes", memory + 4, BYTES);
    try("none", NULL, BYTES);
    try("small", memory, 1024);
    try("small at 4 bytes", memory + 4, 1024);
    try("huge", memory, (64u << 20) + 8);
    return 0;
}
