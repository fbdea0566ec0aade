/* Natives of Object and Function. */
#include "array.h"
#include "builtins.h"
#include "exception.h"
#include "fiber.h"
#include "methods.h"
#include "native_lookup.h"
#include "object.h"
#include "property.h"
#include "state.h"
#include "utf8_string.h"

static mote_value object_construct(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)count, (void)vm;
    return is_nullish(args[0]) ? receiver : args[0];
}

/**
 * Gets the table of own fields, 0 if it is empty. False if the value has no fields; for null and undefined, an
 * exception is raised as well.
 */
static bool fields_of(mote_vm *vm, mote_value v, mote_value *table)
{
    *table = 0;
    if (is_nullish(v)) {
        mote_throw_error(vm, MOTE_TYPE_ERROR, "getting fields of %s", v == MOTE_NULL ? "null" : "undefined");
        return false;
    }
    mote_value map = v;
    if (mote_is_function(vm, v) || has_tag(v, TAG_BUILTIN)) map = mote_attached_map(vm, mote_code_of(vm, v), false);
    if (v == immediate(TAG_BUILTIN, OBJECT_GPIO)) map = mote_pins_expose(vm);
    if (map == 0 && mote_is_function(vm, v)) return true;
    if (!has_kind(vm, map, KIND_MAP)) return false;
    *table = mote_methods_table(vm, map);
    return true;
}

static mote_value list_fields(mote_vm *vm, mote_value v, bool keys)
{
    mote_value table, key;
    if (!fields_of(vm, v, &table)) return vm->exception != VALUE_NONE ? MOTE_FAILED : MOTE_UNDEFINED;
    uint32_t count = mote_table_count(vm, table);
    mote_value list = mote_array_new(vm, count);
    if (list == MOTE_FAILED) return list;
    for (uint32_t i = 0; i < count; i++) {
        mote_value value = *mote_table_entry(vm, table, i, &key);
        array_items(vm, list)[i] = keys ? key : value;
    }
    return list;
}

static mote_value object_keys(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    return list_fields(vm, args[0], true);
}

static mote_value object_values(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    return list_fields(vm, args[0], false);
}

static mote_value object_assign(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    mote_value table, key;
    if (is_nullish(args[1])) return args[0];
    if (is_nullish(args[0]))
        return mote_throw_error(vm, MOTE_TYPE_ERROR, "setting fields of %s",
                                args[0] == MOTE_NULL ? "null" : "undefined");
    if (has_tag(args[0], TAG_BUILTIN))
        return mote_throw_error(vm, MOTE_TYPE_ERROR, "setting fields of a builtin frozen object");
    if (!has_kind(vm, args[0], KIND_MAP) && !mote_is_function(vm, args[0]))
        return mote_throw_error(vm, MOTE_TYPE_ERROR, "setting fields of a primitive");
    if (!fields_of(vm, args[1], &table)) return vm->exception != VALUE_NONE ? MOTE_FAILED : args[0];
    for (uint32_t i = 0; i < mote_table_count(vm, table); i++) {
        mote_value value = *mote_table_entry(vm, table, i, &key);
        if (!mote_property_set(vm, args[0], key, value)) return MOTE_FAILED;
    }
    return args[0];
}

/** Whether `map` is on the prototype chain that starts at `prototype`. */
static bool would_be_ring(const mote_vm *vm, mote_value map, mote_value prototype)
{
    for (int steps = 0; has_kind(vm, prototype, KIND_MAP) && steps < 100; steps++) {
        if (prototype == map) return true;
        prototype = ((const block_map *)at_offset(vm, prototype))->prototype;
    }
    return false;
}

static mote_value object_set_prototype_of(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    if (!has_kind(vm, args[0], KIND_MAP)) return mote_throw_expecting(vm, "object", args[0]);
    bool fits = has_kind(vm, args[1], KIND_MAP) || is_nullish(args[1]) || has_tag(args[1], TAG_BUILTIN);
    if (!fits) return mote_throw_expecting(vm, "prototype", args[1]);
    if (would_be_ring(vm, args[0], args[1])) return mote_throw_error(vm, MOTE_TYPE_ERROR, "cyclic prototype");
    ((block_map *)at_offset(vm, args[0]))->prototype = args[1];
    if (has_kind(vm, args[1], KIND_MAP)) *(uint32_t *)at_offset(vm, args[1]) |= FLAG_PROTOTYPE;
    mote_cache_clear(vm);
    return args[0];
}

/* Functions. */

static mote_value function_prototype(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)args, (void)count;
    mote_value prototype = mote_prototype_of_ctor(vm, receiver);
    if (prototype != MOTE_FAILED) mote_methods_adopt(vm, prototype);
    return prototype;
}

static mote_value function_name(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)args, (void)count;
    mote_value v = mote_code_of(vm, receiver);
    if (has_tag(v, TAG_FUNCTION)) return immediate(TAG_STRING, function_at(vm, payload(v))->name);
    if (!has_tag(v, TAG_NATIVE)) return MOTE_UNDEFINED;
    uint32_t length;
    const char *name = mote_function_name(vm, v, &length);
    return mote_string_new(vm, name, length);
}

static mote_value function_start(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    if (has_tag(mote_code_of(vm, receiver), TAG_NATIVE))
        return mote_throw_error(vm, MOTE_TYPE_ERROR, "fiber started with a builtin function");
    return mote_fiber_new(vm, receiver, args, count);
}

const native_entry mote_object_natives[] = {
    {OBJECT_Object, S___func__, NATIVE_CTOR, 1, object_construct},
    {OBJECT_Object, S_assign, NATIVE_FUNCTION, 2, object_assign},
    {OBJECT_Object, S_keys, NATIVE_FUNCTION, 1, object_keys},
    {OBJECT_Object, S_values, NATIVE_FUNCTION, 1, object_values},
    {OBJECT_Object, S_setPrototypeOf, NATIVE_FUNCTION, 2, object_set_prototype_of},
    {OBJECT_Function_prototype, S_start, NATIVE_METHOD, VARIADIC, function_start},
    {OBJECT_Function_prototype, S_prototype, NATIVE_PROPERTY, 0, function_prototype},
    {OBJECT_Function_prototype, S_name, NATIVE_PROPERTY, 0, function_name},
    {0},
};
