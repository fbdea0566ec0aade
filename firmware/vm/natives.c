/*
 * Native functions are numbered, so that a value word can refer to one: theme * 64 + place in the theme's table for the
 * machine's own, and ranges from 0x4000 on for the lists of the host, of Buffer, and of bytes.c. The numbers need not
 * be stable: images contain none, since programs refer to natives by name.
 *
 * The host's natives are looked up first, so that a port can replace one of the machine's.
 */
#include "buffer.h"
#include "builtins.h"
#include "heap.h"
#include "native_lookup.h"
#include "object.h"
#include "property.h"
#include "state.h"
#include "utf8_string.h"

#include <string.h>

enum { THEME_SHIFT = 6, HOST_MASK = 0x3fff };

static const native_entry *const themes[] = {
    mote_array_natives, mote_buffer_natives, mote_string_natives, mote_math_natives,   mote_object_natives,
    mote_error_natives, mote_json_natives,   mote_fiber_natives,  mote_device_natives, mote_pin_natives};

const native_entry *mote_native_of(uint32_t index)
{
    index &= ~(uint32_t)NATIVE_ACCESSOR;
    return &themes[index >> THEME_SHIFT][index & ((1u << THEME_SHIFT) - 1)];
}

static const mote_native_entry *host_native(const mote_vm *vm, uint32_t index)
{
    if (index >= NATIVE_BYTE_FUNCTIONS) return mote_byte_functions + (index - NATIVE_BYTE_FUNCTIONS);
    const mote_native_entry *entries = (index & NATIVE_BYTES) == NATIVE_BYTES ? mote_byte_natives
                                       : (index & NATIVE_HOST) != 0           ? vm->host->natives
                                                                              : vm->host->buffer_natives;
    return entries + (index & HOST_MASK);
}

uint32_t mote_builtin_prototype(uint32_t object)
{
    static const uint8_t prototypes[NUM_BUILTIN_OBJECTS] = {
#define PROTOTYPE_OF(name) [OBJECT_##name] = OBJECT_##name##_prototype
        PROTOTYPE_OF(Object),     PROTOTYPE_OF(Array),       PROTOTYPE_OF(Buffer),        PROTOTYPE_OF(String),
        PROTOTYPE_OF(Number),     PROTOTYPE_OF(DsFiber),     PROTOTYPE_OF(DsRole),        PROTOTYPE_OF(Function),
        PROTOTYPE_OF(Boolean),    PROTOTYPE_OF(DsPacket),    PROTOTYPE_OF(Error),         PROTOTYPE_OF(TypeError),
        PROTOTYPE_OF(RangeError), PROTOTYPE_OF(SyntaxError), PROTOTYPE_OF(DsServiceSpec), PROTOTYPE_OF(DsPacketSpec),
        PROTOTYPE_OF(Image),      PROTOTYPE_OF(GPIO),
#undef PROTOTYPE_OF
    };
    return prototypes[object];
}

static bool key_is(const mote_vm *vm, mote_value key, uint32_t builtin)
{
    if (is_immediate(key)) return key == builtin_value((enum builtin_string)builtin);
    return mote_string_equals(vm, key, builtin_value((enum builtin_string)builtin));
}

/** Index of a name in a list; -1 if it is not there. */
static int32_t place_of_name(const mote_native_entry *entries, const char *name)
{
    for (int32_t i = 0; entries != NULL && entries[i].call != NULL; i++)
        if (strcmp(entries[i].name, name) == 0) return i;
    return -1;
}

static mote_value find_host(const mote_vm *vm, const mote_native_entry *entries, uint32_t kind, mote_value key)
{
    uint32_t length;
    int32_t place = place_of_name(entries, mote_string_text(vm, key, &length, NULL));
    return place < 0 ? VALUE_NONE : immediate(TAG_NATIVE, kind | (uint32_t)place);
}

static uint32_t number_of(uint32_t theme, uint32_t place)
{
    bool accessor = themes[theme][place].kind == NATIVE_PROPERTY;
    return (theme << THEME_SHIFT) | place | (accessor ? NATIVE_ACCESSOR : 0u);
}

static mote_value find_native(const mote_vm *vm, uint32_t object, mote_value key)
{
    for (uint32_t theme = 0; theme < sizeof themes / sizeof themes[0]; theme++) {
        const native_entry *entries = themes[theme];
        for (uint32_t i = 0; entries[i].call != NULL; i++)
            if (entries[i].object == object && key_is(vm, key, entries[i].name))
                return immediate(TAG_NATIVE, number_of(theme, i));
    }
    return VALUE_NONE;
}

static mote_value math_constant(mote_vm *vm, mote_value key)
{
    static const uint8_t names[] = {S_E, S_PI, S_LN10, S_LN2, S_LOG10E, S_LOG2E, S_SQRT1_2, S_SQRT2};
    static const double numbers[] = {2.71828182845904523536,  3.14159265358979323846,  2.30258509299404568402,
                                     0.693147180559945309417, 0.434294481903251827651, 1.44269504088896340736,
                                     0.707106781186547524401, 1.41421356237309504880};
    for (uint32_t i = 0; i < sizeof names; i++)
        if (key_is(vm, key, names[i])) return mote_number(vm, numbers[i]);
    return VALUE_NONE;
}

mote_value mote_native_lookup(mote_vm *vm, uint32_t object, mote_value key)
{
    mote_value found = VALUE_NONE;
    if (object == OBJECT_DeviceScript) found = find_host(vm, vm->host->natives, NATIVE_HOST, key);
    if (object == OBJECT_Buffer || object == OBJECT_Buffer_prototype)
        found = find_host(vm, vm->host->buffer_natives, NATIVE_HOST_BUFFER, key);
    if (found == VALUE_NONE && object == OBJECT_Buffer_prototype)
        found = find_host(vm, mote_byte_natives, NATIVE_BYTES, key);
    if (found == VALUE_NONE && object == OBJECT_Buffer)
        found = find_host(vm, mote_byte_functions, NATIVE_BYTE_FUNCTIONS, key);
    if (found == VALUE_NONE) found = find_native(vm, object, key);
    if (found == VALUE_NONE && object == OBJECT_Math) found = math_constant(vm, key);
    if (found != VALUE_NONE) return found;
    if (mote_builtin_prototype(object) != 0 && key_is(vm, key, S_prototype))
        return immediate(TAG_BUILTIN, mote_builtin_prototype(object));
    bool has_ctor = object > 0 && mote_builtin_prototype(object - 1) == object && key_is(vm, key, S_constructor);
    if (has_ctor) return find_native(vm, object - 1, builtin_value(S___func__));
    /* The board's pins are created when a program first accesses them. */
    bool asks_pins = object == OBJECT_GPIO && !key_is(vm, key, S___func__);
    if (!asks_pins || mote_attached_map(vm, immediate(TAG_BUILTIN, object), false) != 0) return VALUE_NONE;
    mote_value map = mote_pins_expose(vm);
    return map == MOTE_FAILED ? map : mote_map_get(vm, map, key);
}

static const char *ctor_name(uint32_t object)
{
    switch (object) {
    case OBJECT_Array: return "Array";
    case OBJECT_Object: return "Object";
    case OBJECT_TypeError: return mote_builtin_text(S_TypeError);
    case OBJECT_RangeError: return mote_builtin_text(S_RangeError);
    case OBJECT_SyntaxError: return mote_builtin_text(S_SyntaxError);
    default: return mote_builtin_text(S_Error);
    }
}

const char *mote_function_name(const mote_vm *vm, mote_value code, uint32_t *length)
{
    uint32_t index = payload(code);
    if (has_tag(code, TAG_FUNCTION)) return mote_image_string(&vm->image, function_at(vm, index)->name, length, NULL);
    const native_entry *own = index >= NATIVE_HOST ? NULL : mote_native_of(index);
    const char *name = own == NULL                ? host_native(vm, index)->name
                       : own->kind == NATIVE_CTOR ? ctor_name(own->object)
                                                  : mote_builtin_text(own->name);
    *length = (uint32_t)strlen(name);
    return name;
}

mote_value mote_accessor_run(mote_vm *vm, uint32_t index, mote_value receiver)
{
    return mote_native_of(index)->call(vm, receiver, NULL, 0);
}

mote_value mote_native_call_host(mote_vm *vm, const char *name, const mote_value *args, unsigned count)
{
    int32_t place = place_of_name(vm->host->natives, name);
    if (place < 0) return VALUE_NONE;
    vm->running_native = (uint32_t)place;
    return vm->host->natives[place].call(vm, MOTE_UNDEFINED, args, count);
}

/** Missing arguments become undefined. vm->sp is after all arguments, so that they stay alive. */
static inline void begin_native(mote_vm *vm, uint32_t index, mote_value *args, unsigned count, unsigned wanted)
{
    for (unsigned i = count; i < wanted; i++) args[i] = MOTE_UNDEFINED;
    vm->sp = args + (count < wanted ? wanted : count);
    vm->natives++;
    vm->running_native = index & HOST_MASK;
}

/** A builtin constructor that is called without an object to initialise. */
static RARE mote_value construct_native(mote_vm *vm, const native_entry *own, const mote_value *args, unsigned count)
{
    mote_value receiver = mote_map_new(vm, MOTE_UNDEFINED);
    if (receiver == MOTE_FAILED) return receiver;
    root_push(vm, receiver);
    mote_value result = own->call(vm, receiver, args, count);
    roots_drop(vm, 1);
    return result;
}

/** `args` are on the operand stack, which has room for the missing ones. */
mote_value mote_native_call(mote_vm *vm, uint32_t index, mote_value receiver, mote_value *args, unsigned count)
{
    if (index >= NATIVE_HOST) {
        const mote_native_entry *host = host_native(vm, index);
        begin_native(vm, index, args, count, host->num_args);
        return host->call(vm, receiver, args, count);
    }
    const native_entry *own = mote_native_of(index);
    begin_native(vm, index, args, count, own->num_args);
    if (own->kind == NATIVE_CTOR && !has_kind(vm, receiver, KIND_MAP)) return construct_native(vm, own, args, count);
    return own->call(vm, receiver, args, count);
}
