/*
 * Prints a line for each arena that mote_vm_create is given: the reason for refusing it, or "made". Then whether a
 * machine that runs no program makes a string.
 */
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

static void allocate(const char *name, mote_vm *vm)
{
    printf("%s: %s\n", name, mote_new_string(vm, "x", 1) == MOTE_FAILED ? "full" : "made");
}

int main(void)
{
    static const _Alignas(4) unsigned char no_image[64];
    try("aligned", memory, BYTES);
    try("at 4 bytes", memory + 4, BYTES);
    try("none", NULL, BYTES);
    try("small", memory, 1024);
    try("small at 4 bytes", memory + 4, 1024);
    try("huge", memory, (64u << 20) + 8);
    const mote_config config = {.arena = memory, .arena_bytes = BYTES};
    mote_vm *vm = mote_vm_create(&config);
    allocate("no program", vm);
    mote_vm_load(vm, no_image, sizeof no_image);
    allocate("refused program", vm);
    mote_vm_erase(vm);
    allocate("erased", vm);
    return 0;
}
