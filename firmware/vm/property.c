/*
 * Fields of values of any kind: look-up, binding, storing; also equality and instanceof.
 *
 * A look-up goes from the value's own table along its prototype chain to the builtin objects. These return what the
 * program has stored in them (attached maps) before their natives. The lookup cache holds only results for prototypes
 * and builtin objects, including "there is none"; storing into a map that is a prototype (FLAG_PROTOTYPE) clears it.
 */
#include "property.h"
#include "array.h"
#include "buffer.h"
#include "builtins.h"
#include "exception.h"
#include "heap.h"
#include "interpreter.h"
#include "lookup.h"
#include "methods.h"
#include "native_lookup.h"
#include "object.h"
#include "operations.h"
#include "state.h"
#include "text.h"
#include "utf8_string.h"

#include <string.h>

void mote_cache_clear(mote_vm *vm)
{
    memset(vm->cache, 0, sizeof vm->cache);
}

static bool is_map(const mote_vm *vm, mote_value v)
{
    return has_kind(vm, v, KIND_MAP);
}

bool mote_is_function(const mote_vm *vm, mote_value v)
{
    return has_tag(v, TAG_FUNCTION) || has_tag(v, TAG_NATIVE) || has_kind(vm, v, KIND_CLOSURE) ||
           has_kind(vm, v, KIND_BOUND);
}

/** The function whose code runs: unwraps closures and bound functions. */
mote_value mote_code_of(const mote_vm *vm, mote_value function)
{
    if (has_kind(vm, function, KIND_BOUND)) function = ((const block_bound *)at_offset(vm, function))->function;
    if (has_kind(vm, function, KIND_CLOSURE)) function = ((const block_closure *)at_offset(vm, function))->function;
    return function;
}

static mote_value builtin(enum builtin_object object)
{
    return immediate(TAG_BUILTIN, (uint32_t)object);
}

mote_value mote_attached_map(mote_vm *vm, mote_value owner, bool create)
{
    mote_value map = mote_table_find(vm, vm->attached, owner);
    if (map != VALUE_NONE) return map;
    if (!create) return 0;
    map = mote_map_new(vm, MOTE_UNDEFINED);
    if (map == MOTE_FAILED || !mote_table_set(vm, owner, &vm->attached, owner, map)) return MOTE_FAILED;
    *(uint32_t *)at_offset(vm, map) |= FLAG_PROTOTYPE;
    mote_cache_clear(vm);
    if (has_tag(owner, TAG_BUILTIN)) mote_translation_forget_natives(vm);
    return map;
}

/* Looking up. */

static mote_value parent_of(uint32_t object)
{
    switch (object) {
    case OBJECT_Object_prototype: return VALUE_NONE;
    case OBJECT_TypeError_prototype:
    case OBJECT_RangeError_prototype: return builtin(OBJECT_Error_prototype);
    default: break;
    }
    return builtin(mote_builtin_prototype(object) != 0 ? OBJECT_Function_prototype : OBJECT_Object_prototype);
}

static mote_value prototype_of_map(const mote_vm *vm, mote_value map)
{
    mote_value prototype = ((const block_map *)at_offset(vm, map))->prototype;
    return is_nullish(prototype) ? builtin(OBJECT_Object_prototype) : prototype;
}

/** The next holder on the prototype chain; VALUE_NONE at its end. */
static mote_value parent_holder(const mote_vm *vm, mote_value holder)
{
    return is_map(vm, holder) ? prototype_of_map(vm, holder) : parent_of(payload(holder));
}

static mote_value own_field(mote_vm *vm, mote_value holder, mote_value key)
{
    if (is_map(vm, holder)) return mote_map_get(vm, holder, key);
    mote_value map = mote_attached_map(vm, holder, false);
    mote_value found = map == 0 ? VALUE_NONE : mote_map_get(vm, map, key);
    return found != VALUE_NONE ? found : mote_native_lookup(vm, payload(holder), key);
}

static mote_value walk(mote_vm *vm, mote_value holder, mote_value key)
{
    /* Prototypes could form a cycle; no real chain is this long. */
    for (int steps = 0; holder != VALUE_NONE && steps < 100; steps++) {
        mote_value found = own_field(vm, holder, key);
        if (found != VALUE_NONE) return found;
        holder = parent_holder(vm, holder);
    }
    return VALUE_NONE;
}

/**
 * A miss of the lookup cache: searches, and stores the result. The entry that it displaces moves to its second slot.
 */
static RARE mote_value remember(mote_vm *vm, mote_value holder, mote_value key)
{
    mote_value found = walk(vm, holder, key);
    /* Negative results are cached, too: fields that are set later are often read before. */
    if (found == MOTE_FAILED || !is_immediate(key) || holder >= CACHE_REACH) return found;
    uint32_t tag = cache_tag(holder, key);
    cache_entry *entry = &vm->cache[cache_place(tag)], displaced = *entry;
    vm->cache[second_place(displaced.tag)] = displaced;
    *entry = (cache_entry){tag, found};
    return found;
}

mote_value mote_lookup(mote_vm *vm, mote_value holder, mote_value key)
{
    const cache_entry *entry = is_immediate(key) ? cache_find(vm, holder, key) : NULL;
    return entry != NULL ? entry->found : remember(vm, holder, key);
}

/** Where the look-up of a field starts for a value that is not a map. */
static mote_value start_of(mote_vm *vm, mote_value v)
{
    if (is_small(v)) return builtin(OBJECT_Number_prototype);
    if (has_tag(v, TAG_BUILTIN)) return v;
    if (mote_is_string(vm, v)) return builtin(OBJECT_String_prototype);
    if (mote_is_function(vm, v)) {
        mote_value map = mote_attached_map(vm, mote_code_of(vm, v), false);
        return map != 0 ? map : builtin(OBJECT_Function_prototype);
    }
    if (v == MOTE_TRUE || v == MOTE_FALSE) return builtin(OBJECT_Boolean_prototype);
    if (has_tag(v, TAG_IMAGE_BUFFER)) return builtin(OBJECT_Buffer_prototype);
    if (!is_heap(v)) return builtin(OBJECT_Number_prototype);
    switch (kind_of(vm, v)) {
    case KIND_ARRAY: return builtin(OBJECT_Array_prototype);
    case KIND_BUFFER: return builtin(OBJECT_Buffer_prototype);
    case KIND_FIBER: return builtin(OBJECT_DsFiber_prototype);
    case KIND_DOUBLE: return builtin(OBJECT_Number_prototype);
    default: return builtin(OBJECT_Object_prototype);
    }
}

static mote_value throw_field(mote_vm *vm, const char *what, mote_value key, const char *of)
{
    uint32_t length = 0;
    root_push(vm, key);
    mote_value text = mote_to_string(vm, key);
    roots_drop(vm, 1);
    if (text == MOTE_FAILED) return text;
    return mote_throw_error(vm, MOTE_TYPE_ERROR, "%s field '%s' of %s", what, mote_string_text(vm, text, &length, NULL),
                            of);
}

static mote_value find_field(mote_vm *vm, mote_value object, mote_value key)
{
    if (is_map(vm, object)) {
        mote_value found = mote_map_get(vm, object, key);
        return found != VALUE_NONE ? found : mote_lookup(vm, prototype_of_map(vm, object), key);
    }
    if (is_nullish(object)) return throw_field(vm, "getting", key, object == MOTE_NULL ? "null" : "undefined");
    mote_value start = start_of(vm, object), found = mote_lookup(vm, start, key);
    /* A function's own fields are followed by Function.prototype, not Object.prototype. */
    if (is_map(vm, start) && mote_is_function(vm, object)) {
        found = mote_map_get(vm, start, key);
        if (found == VALUE_NONE) found = mote_lookup(vm, builtin(OBJECT_Function_prototype), key);
    }
    return found;
}

mote_value mote_property_get_unbound(mote_vm *vm, mote_value object, mote_value key)
{
    mote_value found = find_field(vm, object, key);
    if (found == VALUE_NONE) return MOTE_UNDEFINED;
    if (is_accessor(found)) return mote_accessor_run(vm, payload(found), object);
    return found;
}

mote_value mote_bind_function(mote_vm *vm, mote_value function, mote_value receiver)
{
    root_push(vm, function);
    root_push(vm, receiver);
    mote_value v = mote_heap_new(vm, KIND_BOUND, sizeof(block_bound) - 4);
    roots_drop(vm, 2);
    if (v == MOTE_FAILED) return v;
    block_bound *bound = at_offset(vm, v);
    bound->function = function;
    bound->receiver = receiver;
    return v;
}

mote_value mote_property_get(mote_vm *vm, mote_value object, mote_value key, bool bind)
{
    mote_value found = mote_property_get_unbound(vm, object, key);
    if (!bind || !mote_is_function(vm, found) || has_kind(vm, found, KIND_BOUND)) return found;
    return mote_bind_function(vm, found, object);
}

mote_value mote_builtin_get(mote_vm *vm, uint32_t object, mote_value key)
{
    mote_value found = mote_lookup(vm, immediate(TAG_BUILTIN, object), key);
    return found == VALUE_NONE ? MOTE_UNDEFINED : found;
}

/* Storing. */

static bool is_writable_builtin(uint32_t object)
{
    static const uint8_t objects[] = {OBJECT_Math,
                                      OBJECT_DeviceScript,
                                      OBJECT_Buffer,
                                      OBJECT_GPIO,
                                      OBJECT_GPIO_prototype,
                                      OBJECT_Array_prototype,
                                      OBJECT_Buffer_prototype,
                                      OBJECT_String_prototype,
                                      OBJECT_DsRole_prototype,
                                      OBJECT_DsRegister_prototype,
                                      OBJECT_DsEvent_prototype,
                                      OBJECT_Image_prototype};
    return memchr(objects, (int)object, sizeof objects) != NULL;
}

/** The map in which fields of `object` are stored. Throws and returns 0 if `object` cannot have any. */
static mote_value map_for_fields(mote_vm *vm, mote_value object, mote_value key)
{
    if (is_map(vm, object)) return object;
    if (is_nullish(object)) return throw_field(vm, "setting", key, object == MOTE_NULL ? "null" : "undefined");
    if (has_tag(object, TAG_BUILTIN)) {
        if (is_writable_builtin(payload(object))) return mote_attached_map(vm, object, true);
        return throw_field(vm, "setting", key, "a builtin frozen object");
    }
    if (mote_is_function(vm, object)) return mote_attached_map(vm, mote_code_of(vm, object), true);
    if (has_kind(vm, object, KIND_ARRAY)) return throw_field(vm, "setting", key, "an array");
    if (has_kind(vm, object, KIND_BUFFER)) return throw_field(vm, "setting", key, "a Buffer");
    return throw_field(vm, "setting", key, "a primitive");
}

bool mote_property_set(mote_vm *vm, mote_value object, mote_value key, mote_value value)
{
    if (is_map(vm, object)) return mote_map_set(vm, object, key, value);
    if (has_tag(object, TAG_BUILTIN) && mote_string_equals(vm, key, builtin_value(S_length))) vm->length_stored = true;
    root_push(vm, key);
    root_push(vm, value);
    mote_value map = map_for_fields(vm, object, key);
    roots_drop(vm, 2);
    return map != MOTE_FAILED && mote_map_set(vm, map, key, value);
}

mote_value mote_key_value(mote_vm *vm, mote_value key)
{
    return mote_is_string(vm, key) ? key : mote_to_string(vm, key);
}

/** NaN and the infinities are names of fields, not indexes. */
static bool is_index(const mote_vm *vm, mote_value key)
{
    return is_small(key) || has_kind(vm, key, KIND_DOUBLE);
}

mote_value mote_index_get(mote_vm *vm, mote_value object, mote_value key)
{
    if (is_index(vm, key)) {
        uint32_t index = (uint32_t)mote_to_int(vm, key), length;
        if (has_kind(vm, object, KIND_ARRAY))
            return index < array_length(vm, object) ? array_items(vm, object)[index] : MOTE_UNDEFINED;
        const uint8_t *data = mote_buffer_data(vm, object, &length);
        if (data != NULL) return index < length ? small_value(data[index]) : MOTE_UNDEFINED;
        if (mote_is_string(vm, object)) return mote_string_at(vm, object, index);
    }
    if (is_nullish(object)) return throw_field(vm, "getting", key, object == MOTE_NULL ? "null" : "undefined");
    root_push(vm, object);
    key = mote_key_value(vm, key);
    if (key != MOTE_FAILED) {
        root_push(vm, key);
        key = mote_property_get(vm, object, key, true);
        roots_drop(vm, 1);
    }
    roots_drop(vm, 1);
    return key;
}

static bool array_store(mote_vm *vm, mote_value array, uint32_t index, mote_value value)
{
    if (index >= array_length(vm, array)) {
        root_push(vm, value);
        bool done = mote_array_resize(vm, array, index == UINT32_MAX ? index : index + 1);
        roots_drop(vm, 1);
        if (!done) return false;
    }
    array_items(vm, array)[index] = value;
    return true;
}

static bool byte_store(mote_vm *vm, mote_value object, uint32_t index, mote_value value)
{
    uint32_t length;
    uint8_t *data = mote_buffer_data(vm, object, &length);
    if (index >= length) {
        mote_throw_error(vm, MOTE_RANGE_ERROR, "buffer write at %u, len=%u", (unsigned)index, (unsigned)length);
        return false;
    }
    data[index] = (uint8_t)mote_to_int(vm, value);
    return true;
}

bool mote_index_set(mote_vm *vm, mote_value object, mote_value key, mote_value value)
{
    if (is_index(vm, key)) {
        uint32_t index = (uint32_t)mote_to_int(vm, key);
        if (has_kind(vm, object, KIND_ARRAY)) return array_store(vm, object, index, value);
        if (has_kind(vm, object, KIND_BUFFER)) return byte_store(vm, object, index, value);
        if (has_tag(object, TAG_IMAGE_BUFFER) || mote_is_string(vm, object)) {
            mote_throw_expecting(vm, "array", object);
            return false;
        }
    }
    root_push(vm, object);
    root_push(vm, value);
    key = mote_key_value(vm, key);
    bool done = key != MOTE_FAILED;
    if (done) {
        root_push(vm, key);
        done = mote_property_set(vm, object, key, value);
        roots_drop(vm, 1);
    }
    roots_drop(vm, 2);
    return done;
}

bool mote_index_delete(mote_vm *vm, mote_value object, mote_value key, bool *existed)
{
    root_push(vm, object);
    key = mote_key_value(vm, key);
    root_push(vm, key);
    mote_value map = key == MOTE_FAILED ? MOTE_FAILED : map_for_fields(vm, object, key);
    if (map != MOTE_FAILED) *existed = mote_table_delete(vm, mote_methods_table(vm, map), key);
    roots_drop(vm, 2);
    if (map == MOTE_FAILED) return false;
    mote_cache_clear(vm);
    return true;
}

/* Classes. */

mote_value mote_prototype_of_ctor(mote_vm *vm, mote_value function)
{
    function = mote_code_of(vm, function);
    bool ctor = has_tag(function, TAG_FUNCTION) && (function_at(vm, payload(function))->flags & FUNCTION_IS_CTOR) != 0;
    if (!ctor) return mote_throw_expecting(vm, "ctor function", function);
    /*
     * The key is made as if the function's number were a string index, so that the compact kind of table can hold it.
     */
    mote_value key = immediate(TAG_STRING, payload(function)), *known;
    uint8_t *guess = &vm->guesses[payload(function) % GUESSES];
    if (guess_value(vm, vm->prototypes, *guess, payload(function), &known)) return *known;
    known = search_value(vm, vm->prototypes, guess, payload(function));
    if (known != NULL) return *known;
    mote_value prototype = mote_table_find(vm, vm->prototypes, key);
    if (prototype != VALUE_NONE) return prototype;
    prototype = mote_methods_new(vm);
    if (prototype == MOTE_FAILED) return prototype;
    if (!mote_table_set(vm, function, &vm->prototypes, key, prototype)) return MOTE_FAILED;
    mote_translation_note_class(vm, payload(function), prototype);
    return prototype;
}

static mote_value prototype_for_instance_of(mote_vm *vm, mote_value ctor)
{
    if (is_nullish(ctor))
        return throw_field(vm, "getting", builtin_value(S_prototype), ctor == MOTE_NULL ? "null" : "undefined");
    if (has_tag(ctor, TAG_BUILTIN) && mote_builtin_prototype(payload(ctor)) != 0)
        return immediate(TAG_BUILTIN, mote_builtin_prototype(payload(ctor)));
    if (mote_is_function(vm, ctor) && !has_tag(mote_code_of(vm, ctor), TAG_NATIVE))
        return mote_prototype_of_ctor(vm, ctor);
    mote_value found = is_map(vm, ctor) ? mote_map_get(vm, ctor, builtin_value(S_prototype)) : VALUE_NONE;
    if (found == VALUE_NONE) return mote_throw_error(vm, MOTE_TYPE_ERROR, "no .prototype");
    bool fits = is_map(vm, found) || has_tag(found, TAG_BUILTIN);
    return fits ? found : mote_throw_error(vm, MOTE_TYPE_ERROR, "invalid .prototype");
}

bool mote_instance_of(mote_vm *vm, mote_value object, mote_value ctor, bool *result)
{
    root_push(vm, object);
    mote_value wanted = prototype_for_instance_of(vm, ctor);
    roots_drop(vm, 1);
    if (wanted == MOTE_FAILED) return false;
    *result = false;
    if (is_falsy_constant(object)) return true;
    mote_value holder = is_map(vm, object) ? prototype_of_map(vm, object) : start_of(vm, object);
    for (int steps = 0; holder != VALUE_NONE && steps < 100 && !*result; steps++) {
        *result = holder == wanted;
        holder = parent_holder(vm, holder);
    }
    return true;
}

/* Comparing. */

static bool same_bound(const mote_vm *vm, mote_value a, mote_value b)
{
    if (!has_kind(vm, a, KIND_BOUND) || !has_kind(vm, b, KIND_BOUND)) return false;
    const block_bound *bound_a = at_offset(vm, a), *bound_b = at_offset(vm, b);
    return bound_a->receiver == bound_b->receiver && bound_a->function == bound_b->function &&
           is_immediate(bound_a->function);
}

/** `===` */
bool mote_values_equal(mote_vm *vm, mote_value a, mote_value b)
{
    if (a == b) return a != VALUE_NAN;
    if (mote_is_string(vm, a) && mote_is_string(vm, b)) return mote_string_equals(vm, a, b);
    if (has_kind(vm, a, KIND_DOUBLE) && has_kind(vm, b, KIND_DOUBLE))
        return mote_to_double(vm, a) == mote_to_double(vm, b);
    return same_bound(vm, a, b);
}

mote_value mote_type_name(const mote_vm *vm, mote_value v)
{
    if (mote_is_number(vm, v)) return builtin_value(S_number);
    if (mote_is_string(vm, v)) return builtin_value(S_string);
    if (v == MOTE_TRUE || v == MOTE_FALSE) return builtin_value(S_boolean);
    if (v == MOTE_UNDEFINED) return builtin_value(S_undefined);
    if (mote_is_function(vm, v)) return builtin_value(S_function);
    return builtin_value(S_object);
}
