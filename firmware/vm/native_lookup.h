/* Native functions by number: looking them up and calling them. */
#ifndef MOTE_NATIVE_LOOKUP_H
#define MOTE_NATIVE_LOOKUP_H

#include "builtins.h"
#include "state.h"

/* Ranges of native numbers, see natives.c. NATIVE_ACCESSOR is a flag of natives that run when a field is read. */
enum {
    NATIVE_ACCESSOR = 0x2000,
    NATIVE_HOST = 0x4000,
    NATIVE_HOST_BUFFER = 0x8000,
    NATIVE_BYTES = 0xc000,
    NATIVE_BYTE_FUNCTIONS = 0xc100
};

static inline bool is_accessor(mote_value v)
{
    mote_value bits = immediate(TAG_NATIVE, NATIVE_ACCESSOR);
    return (v & (0x1fu | (NATIVE_BYTES | NATIVE_ACCESSOR) << 5)) == bits;
}

const native_entry *mote_native_of(uint32_t index);
/** The native or constant `key` of a builtin object; VALUE_NONE if it has none. */
mote_value mote_native_lookup(mote_vm *vm, uint32_t object, mote_value key);
/** X.prototype of a builtin X, or 0. */
uint32_t mote_builtin_prototype(uint32_t object);
/** The map with all pins of the device, created when a program first accesses GPIO. */
mote_value mote_pins_expose(mote_vm *vm);
/** Calls a native of the host by name, for natives of the machine that depend on it. VALUE_NONE: the host lacks it. */
mote_value mote_native_call_host(mote_vm *vm, const char *name, const mote_value *args, unsigned count);
mote_value mote_native_call(mote_vm *vm, uint32_t index, mote_value receiver, mote_value *args, unsigned count);
/** The name of a function of the program, or of a native. */
const char *mote_function_name(const mote_vm *vm, mote_value code, uint32_t *length);
mote_value mote_accessor_run(mote_vm *vm, uint32_t index, mote_value receiver);

#endif
