/* Activations: entering and leaving functions, and exception handlers. */
#ifndef MOTE_CALL_H
#define MOTE_CALL_H

#include "state.h"

/** Enters a call: base[0] is the function, followed by its `count` arguments. */
void mote_call_enter(mote_vm *vm, mote_value *base, unsigned count, mote_value receiver);
void mote_call_array(mote_vm *vm, mote_value function, mote_value array);
/**
 * Enters a function of the image. base[0] is the receiver, MOTE_UNDEFINED if there is none; it stays alive because it
 * is on the operand stack. Returns false if an exception or panic is pending.
 */
bool mote_call_enter_function(mote_vm *vm, mote_value *base, uint32_t index, unsigned count, mote_value env);
/** The same without the fast path: any kind of function, stack growth, and the check of the call depth. */
bool mote_call_enter_in_full(mote_vm *vm, mote_value *base, uint32_t index, unsigned count, mote_value env);
/** Calls a native; its result is in vm->ret_val, unless an exception or panic is pending. */
void mote_call_enter_native(mote_vm *vm, mote_value *base, uint32_t index, unsigned count);
/** Called after a native has failed: raises an Error unless an exception or panic is pending already. */
void mote_call_native_failed(mote_vm *vm);
/** Stores a new object of constructor `index` in base[0]. */
bool mote_call_make_object(mote_vm *vm, mote_value *base, uint32_t index, mote_value env);
/** Leaves the running activation with `result`. */
void mote_call_return(mote_vm *vm, mote_value result);
/** Moves the slots of the running activation to a frame, unless they are in one. False if there is no memory. */
bool mote_call_capture(mote_vm *vm);
/** Restores the registers of the activation with these link words, except pc. */
void mote_frame_restore(mote_vm *vm, mote_value *link);
const image_function *mote_running_function(const mote_vm *vm);

/* unwind.c */

/**
 * Unwinds to the innermost handler. The exception stays pending if no activation of the innermost run (translation.c)
 * has one.
 */
void mote_unwind_exception(mote_vm *vm);
void mote_unwind_jump(mote_vm *vm, uint32_t target, uint32_t levels);
/** Resumes a saved jump, or rethrows a saved exception, at the end of a finally block. */
void mote_unwind_again(mote_vm *vm, mote_value saved);
bool mote_try_enter(mote_vm *vm, uint32_t handler);
bool mote_try_leave(mote_vm *vm);
bool mote_try_is_top(const mote_vm *vm, uint32_t handler);

#endif
