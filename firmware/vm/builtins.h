/* Builtin objects and strings, numbered as in images, and the machine's native functions. */
#ifndef MOTE_BUILTINS_H
#define MOTE_BUILTINS_H

#include "bytecode.h"
#include "mote_vm.h"

#include <stdint.h>

enum builtin_object {
#define X(name) OBJECT_##name,
    MOTE_BUILTIN_OBJECTS(X)
#undef X
        NUM_BUILTIN_OBJECTS
};

enum builtin_string {
#define X(name, text) S_##name,
    MOTE_BUILTIN_STRINGS(X)
#undef X
        NUM_BUILTIN_STRINGS
};

/** Text of a builtin string, ended by NUL. */
const char *mote_builtin_text(uint32_t string);

enum native_kind {
    NATIVE_FUNCTION,
    NATIVE_METHOD,
    NATIVE_PROPERTY, /* an accessor: runs when the field is read */
    NATIVE_CTOR
};

/** `num_args` of natives that take any number of arguments. */
#define VARIADIC 0

typedef struct {
    uint8_t object; /* enum builtin_object */
    uint8_t name;   /* enum builtin_string */
    uint8_t kind;   /* enum native_kind */
    uint8_t num_args;
    mote_native call;
} native_entry;

/* One table per theme, each terminated by an entry whose `call` is NULL; natives.c lists the tables. */
extern const native_entry mote_array_natives[], mote_buffer_natives[], mote_string_natives[], mote_math_natives[],
    mote_object_natives[], mote_error_natives[], mote_json_natives[], mote_fiber_natives[], mote_device_natives[],
    mote_pin_natives[];

#endif
