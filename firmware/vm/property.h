/* Fields of any value: look-up, binding, storing; equality and instanceof. */
#ifndef MOTE_PROPERTY_H
#define MOTE_PROPERTY_H

#include "state.h"

/** Looks up a field, starting at a prototype or builtin object, through the lookup cache. VALUE_NONE: there is none. */
mote_value mote_lookup(mote_vm *vm, mote_value holder, mote_value key);
/** A field of a builtin object, not bound. */
mote_value mote_builtin_get(mote_vm *vm, uint32_t object, mote_value key);
mote_value mote_property_get(mote_vm *vm, mote_value object, mote_value key, bool bind);
/** Like mote_property_get without binding, for method calls. Accessors are run, too. */
mote_value mote_property_get_unbound(mote_vm *vm, mote_value object, mote_value key);
bool mote_property_set(mote_vm *vm, mote_value object, mote_value key, mote_value value);
mote_value mote_index_get(mote_vm *vm, mote_value object, mote_value key);
bool mote_index_set(mote_vm *vm, mote_value object, mote_value key, mote_value value);
bool mote_index_delete(mote_vm *vm, mote_value object, mote_value key, bool *existed);
mote_value mote_bind_function(mote_vm *vm, mote_value function, mote_value receiver);
mote_value mote_code_of(const mote_vm *vm, mote_value function);
/** C.prototype. Throws a TypeError and returns 0 if `function` is not a constructor. */
mote_value mote_prototype_of_ctor(mote_vm *vm, mote_value function);
bool mote_instance_of(mote_vm *vm, mote_value object, mote_value ctor, bool *result);
bool mote_values_equal(mote_vm *vm, mote_value a, mote_value b);
mote_value mote_type_name(const mote_vm *vm, mote_value v);
/**
 * The map of fields that a program has stored in a function or builtin object. If there is none, it is created if
 * `create` is set; otherwise the result is 0.
 */
mote_value mote_attached_map(mote_vm *vm, mote_value owner, bool create);
void mote_cache_clear(mote_vm *vm);
mote_value mote_key_value(mote_vm *vm, mote_value key);

/* Fast paths of the interpreter (field.c). */

/**
 * `object.key`, where the object is at sp[-1], `key` is a string of the image, and vm->pc is after the operation. A
 * method that is about to be called is not bound: vm->receiver holds its object.
 */
mote_value mote_field_get(mote_vm *vm, mote_value object, mote_value key);
/** The same, never bound. Accessors are run, too. */
mote_value mote_field_find(mote_vm *vm, mote_value object, mote_value key);
/** `object[key] = value`. */
bool mote_field_set(mote_vm *vm, mote_value object, mote_value key, mote_value value);

#endif
