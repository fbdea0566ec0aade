/*
 * The interpreter's loop. dispatch.h has what its operations share.
 *
 * The image has been verified: indexes, jumps and operand depths are not checked here. What depends on run-time values
 * (closure levels, array indexes, number formats) is checked where it is used.
 *
 * Preemption: every operation decrements the budget, which is checked wherever a program can loop: at backward jumps
 * and at calls.
 */
#include "interpreter.h"
#include "activation.h"
#include "array.h"
#include "buffer.h"
#include "builtins.h"
#include "call.h"
#include "dispatch.h"
#include "fiber.h"
#include "heap.h"
#include "lookup.h"
#include "object.h"
#include "operations.h"
#include "ops.h"
#include "property.h"
#include "state.h"
#include "utf8_string.h"

#include <string.h>

/*
 * GCC would merge equal code of different operations, and so add jumps between them. Without these passes, records take
 * a hundredth fewer instructions. Compiled for size, the merging is wanted.
 */
#if defined __GNUC__ && !defined __clang__ && !defined __OPTIMIZE_SIZE__
#define SEPARATE_OPERATIONS __attribute__((optimize("no-crossjumping", "no-tree-pre")))
#else
#define SEPARATE_OPERATIONS
#endif

/* Labels as values: an extension of GCC and Clang. */
#pragma GCC diagnostic ignored "-Wpedantic"

SEPARATE_OPERATIONS
void mote_interpreter_run(mote_vm *vm)
{
    /* The image has been verified: no other operations occur. */
#ifndef __wasm__
    static const void *const places[256] = {
#define X(number, name, kind, operands, immediate) [number] = &&place_##name,
        MOTE_OPS(X)
#undef X
            [FIRST_SMALL_INT... 255] = &&place_constant,
    };
#endif
    const uint8_t *pc;
    mote_value *sp, *slots;
    int32_t budget = vm->budget;
    uint8_t op;
    LOAD();
    NEXT();

#ifdef __wasm__
dispatch:
    op = *pc;
    TAKE();
    switch (op) {
#define X(number, name, kind, operands, immediate)                                                                     \
    case number: goto place_##name;
        MOTE_OPS(X)
#undef X
    default: break;
    }
#endif
place_constant:
    PUSH(small_value((int32_t)op - SMALL_INT_ZERO));
    NEXT();

/* A quarter of all operations. Most indexes fit in one byte, which is all that this path handles. */
place_LOAD_LOCAL : {
    int32_t index = *(const int8_t *)pc;
    if (index < 0) goto load_far_local;
    pc++;
    PUSH(slots[index]);
    NEXT();
}
load_far_local:
    PUSH(slots[read_immediate(&pc)]);
    NEXT();
place_STORE_LOCAL : {
    int32_t index = *(const int8_t *)pc;
    if (index < 0) goto store_far_local;
    pc++;
    slots[index] = *--sp;
    NEXT();
}
store_far_local:
    slots[read_immediate(&pc)] = *--sp;
    NEXT();
place_LOAD_GLOBAL : {
    uint32_t index = read_index(&pc);
    PUSH(((block_values *)OFFSET(vm->globals))->items[index]);
    NEXT();
}
place_STORE_GLOBAL : {
    uint32_t index = read_index(&pc);
    ((block_values *)OFFSET(vm->globals))->items[index] = *--sp;
    NEXT();
}
place_LOAD_CLOSURE : {
    uint32_t index = read_index(&pc);
    mote_value *slot = captured_slot(vm, sp[-1], index);
    if (slot == NULL) goto leave_saved;
    sp[-1] = *slot;
    NEXT();
}
place_STORE_CLOSURE : {
    uint32_t index = read_index(&pc);
    mote_value *slot = captured_slot(vm, sp[-2], index);
    if (slot == NULL) goto leave_saved;
    *slot = sp[-1];
    sp -= 2;
    NEXT();
}

place_UNDEFINED:
    PUSH(MOTE_UNDEFINED);
    NEXT();
place_NULL:
    PUSH(MOTE_NULL);
    NEXT();
place_TRUE:
    PUSH(MOTE_TRUE);
    NEXT();
place_FALSE:
    PUSH(MOTE_FALSE);
    NEXT();
place_NAN:
    PUSH(VALUE_NAN);
    NEXT();
place_INF:
    PUSH(VALUE_INFINITY);
    NEXT();
place_RET_VAL:
    PUSH(vm->ret_val);
    NEXT();
place_LITERAL : {
    int32_t number = read_immediate(&pc);
    SAVE();
    mote_value v = mote_int(vm, number);
    if (v == MOTE_FAILED) goto failed;
    PUSH(v);
    NEXT();
}
place_LITERAL_F64 : {
    uint32_t index = read_index(&pc);
    mote_value v = *literal_place(vm, index);
    PUSH(v);
    if (v == MOTE_UNDEFINED) REPLACE(1, mote_make_literal(vm, index)); /* its first use */
    NEXT();
}
place_BUILTIN_OBJECT:
    PUSH(immediate(TAG_BUILTIN, read_index(&pc)));
    NEXT();
place_STATIC_BUFFER:
    PUSH(immediate(TAG_IMAGE_BUFFER, read_index(&pc)));
    NEXT();
place_STATIC_BUILTIN_STRING:
    PUSH(immediate(TAG_STRING, STRING_INDEX(STRING_BUILTIN, read_index(&pc))));
    NEXT();
place_STATIC_ASCII_STRING:
    PUSH(immediate(TAG_STRING, STRING_INDEX(STRING_ASCII, read_index(&pc))));
    NEXT();
place_STATIC_UTF8_STRING:
    PUSH(immediate(TAG_STRING, STRING_INDEX(STRING_UTF8, read_index(&pc))));
    NEXT();
place_STATIC_FUNCTION:
    PUSH(immediate(TAG_FUNCTION, read_index(&pc)));
    NEXT();
place_STATIC_SPEC:
place_STATIC_SPEC_PROTO : {
    uint32_t index = read_index(&pc);
    PUSH(MOTE_UNDEFINED);
    REPLACE(1, mote_spec_map(vm, index));
    NEXT();
}
place_MAKE_CLOSURE : {
    uint32_t index = read_index(&pc);
    PUSH(MOTE_UNDEFINED);
    REPLACE(1, mote_closure_new(vm, index));
    slots = vm->slots;
    NEXT();
}

place_BUILTIN_FIELD : {
    uint32_t index = read_index(&pc), name = STRING_INDEX(STRING_BUILTIN, index);
    mote_value found, length;
    if (field_guess(vm, sp[-1], name, &found)) sp[-1] = found;
    else if (index == S_length && (length = quick_length(vm, sp[-1])) != VALUE_NONE) sp[-1] = length;
    else REPLACE(1, mote_field_get(vm, sp[-1], immediate(TAG_STRING, name)));
    NEXT();
}
place_ASCII_FIELD : {
    uint32_t name = STRING_INDEX(STRING_ASCII, read_index(&pc));
    mote_value found;
    if (field_guess(vm, sp[-1], name, &found)) sp[-1] = found;
    else REPLACE(1, mote_field_get(vm, sp[-1], immediate(TAG_STRING, name)));
    NEXT();
}
/* Names that are not ASCII are rare and have no fast path. */
place_UTF8_FIELD : {
    mote_value key = immediate(TAG_STRING, STRING_INDEX(STRING_UTF8, read_index(&pc)));
    REPLACE(1, mote_field_get(vm, sp[-1], key));
    NEXT();
}
place_MATH_FIELD:
place_DS_FIELD:
place_OBJECT_FIELD : {
    uint32_t object = op == OP_MATH_FIELD ? OBJECT_Math : op == OP_DS_FIELD ? OBJECT_DeviceScript : OBJECT_Object;
    mote_value key = immediate(TAG_STRING, STRING_INDEX(STRING_BUILTIN, read_index(&pc)));
    PUSH(MOTE_UNDEFINED);
    REPLACE(1, mote_builtin_get(vm, object, key));
    NEXT();
}

place_INDEX : {
    mote_value object = sp[-2], key = sp[-1];
    if (is_small(key) && is_heap(object)) {
        uint32_t index = (uint32_t)small_int(key);
        if (kind_of(vm, object) == KIND_BUFFER && index < ((block_buffer *)OFFSET(object))->length) {
            sp--;
            sp[-1] = small_value(((block_buffer *)OFFSET(object))->data[index]);
            NEXT();
        }
        if (kind_of(vm, object) == KIND_ARRAY && index < array_length(vm, object)) {
            sp--;
            sp[-1] = array_items(vm, object)[index];
            NEXT();
        }
    }
    REPLACE(2, mote_index_get(vm, object, key));
    NEXT();
}
place_INDEX_SET : {
    mote_value object = sp[-3], key = sp[-2], value = sp[-1];
    if (has_tag(key, TAG_STRING) && store_guess(vm, object, key, value)) {
        sp -= 3;
        NEXT();
    }
    if (both_small(key, value) && has_kind(vm, object, KIND_BUFFER)) {
        block_buffer *buffer = OFFSET(object);
        uint32_t index = (uint32_t)small_int(key);
        if (index < buffer->length) {
            buffer->data[index] = (uint8_t)small_int(value);
            sp -= 3;
            NEXT();
        }
    }
    SAVE();
    if (!mote_field_set(vm, object, key, value)) goto failed;
    sp -= 3;
    NEXT();
}
place_INDEX_DELETE : {
    bool existed = false;
    SAVE();
    if (!mote_index_delete(vm, sp[-2], sp[-1], &existed)) goto failed;
    vm->ret_val = bool_value(existed);
    sp -= 2;
    NEXT();
}
place_LOAD_BUFFER:
    REPLACE(3, mote_buffer_load(vm, sp[-3], sp[-2], sp[-1]));
    NEXT();
place_STORE_BUFFER:
    SAVE();
    if (!mote_buffer_store(vm, sp[-4], sp[-3], sp[-2], sp[-1])) goto failed;
    sp -= 4;
    NEXT();

place_ALLOC_MAP:
    SAVE();
    vm->ret_val = mote_map_new(vm, MOTE_UNDEFINED);
    if (vm->ret_val == MOTE_FAILED) goto failed;
    NEXT();
place_ALLOC_ARRAY:
    SAVE();
    vm->ret_val = mote_alloc_array(vm, *--sp);
    if (vm->ret_val == MOTE_FAILED) goto failed;
    NEXT();
place_ALLOC_BUFFER:
    SAVE();
    vm->ret_val = mote_alloc_buffer(vm, *--sp);
    if (vm->ret_val == MOTE_FAILED) goto failed;
    NEXT();
place_BIND:
    REPLACE(2, mote_bind_value(vm, sp[-2], sp[-1]));
    NEXT();
place_NEW:
    REPLACE(1, mote_check_ctor(vm, sp[-1]));
    NEXT();
place_INSTANCE_OF : {
    bool result = false;
    SAVE();
    if (!mote_instance_of(vm, sp[-2], sp[-1], &result)) goto failed;
    sp--;
    sp[-1] = bool_value(result);
    NEXT();
}

place_ADD : {
    mote_value x = sp[-2], y = sp[-1];
    int32_t sum;
    if (both_small(x, y) && !__builtin_add_overflow((int32_t)x, (int32_t)(y - 1), &sum)) {
        sp--;
        sp[-1] = (uint32_t)sum;
        NEXT();
    }
    goto operate_binary;
}
place_SUB : {
    mote_value x = sp[-2], y = sp[-1];
    int32_t difference;
    if (both_small(x, y) && !__builtin_sub_overflow((int32_t)x, (int32_t)(y - 1), &difference)) {
        sp--;
        sp[-1] = (uint32_t)difference;
        NEXT();
    }
    goto operate_binary;
}
place_MUL : {
    mote_value x = sp[-2], y = sp[-1];
    int32_t product;
    if (both_small(x, y) && !__builtin_mul_overflow(small_int(x), small_int(y), &product) && fits_small(product)) {
        sp--;
        sp[-1] = small_value(product);
        NEXT();
    }
    goto operate_binary;
}
place_BIT_AND:
    BITWISE(x_ & y_);
    NEXT();
place_BIT_OR:
    BITWISE(x_ | y_);
    NEXT();
place_BIT_XOR:
    BITWISE(x_ ^ y_);
    NEXT();
place_DIV:
place_SHIFT_LEFT:
place_SHIFT_RIGHT:
place_SHIFT_RIGHT_UNSIGNED:
operate_binary:
    REPLACE(2, mote_operate_binary(vm, pc[-1], sp[-2], sp[-1]));
    NEXT();
place_BIT_NOT:
place_TO_INT:
place_NEG:
place_UPLUS:
place_ABS:
    REPLACE(1, mote_operate_unary(vm, pc[-1], sp[-1]));
    NEXT();

place_EQ:
place_APPROX_EQ:
    COMPARE(==);
place_NE:
place_APPROX_NE:
    COMPARE(!=);
place_LT:
    COMPARE(<);
place_LE:
    COMPARE(<=);
/* Most comparisons that get here are with undefined. */
examine:
    op = pc[-1];
    sp--;
    if (sp[0] == MOTE_UNDEFINED && op == OP_EQ) sp[-1] = bool_value(sp[-1] == MOTE_UNDEFINED);
    else if (sp[0] == MOTE_UNDEFINED && op == OP_NE) sp[-1] = bool_value(sp[-1] != MOTE_UNDEFINED);
    else sp[-1] = mote_examine(vm, op, sp[-1], sp[0]);
    NEXT();
place_NOT:
    sp[-1] = bool_value(!mote_to_bool(vm, sp[-1]));
    NEXT();
place_TO_BOOL:
    sp[-1] = bool_value(mote_to_bool(vm, sp[-1]));
    NEXT();
place_IS_NAN:
    sp[-1] = bool_value(sp[-1] == VALUE_NAN);
    NEXT();
place_IS_UNDEFINED:
    sp[-1] = bool_value(sp[-1] == MOTE_UNDEFINED);
    NEXT();
place_IS_NULLISH:
    sp[-1] = bool_value(is_nullish(sp[-1]));
    NEXT();
place_TYPEOF:
place_TYPEOF_STR:
    sp[-1] = mote_type_name(vm, sp[-1]);
    NEXT();

place_JMP_Z : {
    mote_value v = *--sp;
    if (v == MOTE_FALSE || (v != MOTE_TRUE && !mote_to_bool(vm, v))) goto jump;
}
go_on:
    skip_immediate(&pc);
    NEXT();
place_JMP_RET_VAL_Z:
    if (!is_nullish(vm->ret_val)) goto go_on;
    vm->ret_val = MOTE_UNDEFINED;
    goto jump;
place_END_TRY:
    if (!mote_try_leave(vm)) goto invalid;
place_JMP:
jump : {
    const uint8_t *from = pc - 1;
    int32_t offset = read_immediate(&pc);
    pc = from + offset;
    if (offset <= 0 && budget < 0) goto out_of_budget;
    NEXT();
}

place_CALL0:
place_CALL1:
place_CALL2:
place_CALL3:
place_CALL4:
place_CALL5:
place_CALL6:
place_CALL7:
place_CALL8 : {
    mote_value receiver = vm->receiver;
    COUNT(made);
    if (budget < 0) {
        if (vm->guard != 0) goto out_of_budget;
        vm->operations += SLICE; /* no preemption here, since operands are on the stack: extend the slice */
        budget += SLICE;
    }
    vm->receiver = VALUE_NONE;
    mote_value *base = vm->operands, called = base[0], self = receiver == VALUE_NONE ? MOTE_UNDEFINED : receiver;
    mote_value env = NO_FRAME;
    if (has_tag(called, TAG_FUNCTION)) {
    enter:
        base[0] = self;
        uint32_t index = payload(called);
        const image_function *function = enter_quickly(vm, base, index, op - OP_CALL0, env, pc);
        if (function != NULL) {
            pc = vm->image.bytes + function->start;
            sp = vm->operands;
            slots = vm->slots;
            if (running_translation(vm) == NULL) NEXT();
            SAVE();
            goto call_translated;
        }
        SAVE();
        if (!mote_call_enter_in_full(vm, base, index, op - OP_CALL0, env)) goto failed;
        if (running_translation(vm) != NULL) goto call_translated;
    } else if (has_kind(vm, called, KIND_CLOSURE)) {
        const block_closure *closure = OFFSET(called);
        called = closure->function;
        env = closure->frame;
        goto enter;
    } else {
        SAVE();
        if (has_tag(called, TAG_NATIVE)) {
            base[0] = self;
            mote_call_enter_native(vm, base, payload(called), op - OP_CALL0);
        } else {
            mote_call_enter(vm, base, op - OP_CALL0, receiver);
        }
        CHECK();
    }
    LOAD();
    NEXT();
}
place_CALL_ARRAY:
    SAVE();
    mote_call_array(vm, sp[-2], sp[-1]);
    CHECK();
    LOAD();
    NEXT();
place_RETURN:
    if (!leave_activation(vm, sp[-1], &pc)) {
        mote_fiber_end(vm);
        goto leave;
    }
    sp = vm->operands;
    slots = vm->slots;
    if (running_translation(vm) != NULL) goto leave_saved;
    NEXT();
place_STORE_RET_VAL:
    vm->ret_val = *--sp;
    NEXT();

place_TRY : {
    const uint8_t *from = pc - 1, *code = vm->image.bytes + mote_running_function(vm)->start;
    int32_t offset = read_immediate(&pc);
    if (!mote_try_enter(vm, (uint32_t)(from + offset - code))) goto invalid;
    NEXT();
}
place_CATCH:
    goto invalid;
place_FINALLY : {
    const uint8_t *code = vm->image.bytes + mote_running_function(vm)->start;
    if (!mote_try_is_top(vm, (uint32_t)(pc - 1 - code))) goto invalid;
    mote_try_leave(vm);
    vm->ret_val = MOTE_UNDEFINED;
    NEXT();
}
place_THROW:
    SAVE();
    mote_throw_value(vm, sp[-1]);
    goto failed;
place_RE_THROW:
    SAVE();
    if (sp[-1] == MOTE_UNDEFINED) {
        sp--;
        NEXT();
    }
    mote_unwind_again(vm, sp[-1]);
    if (has_failed(vm)) goto failed;
    LOAD();
    if (budget < 0) goto out_of_budget;
    NEXT();
place_THROW_JMP : {
    const uint8_t *from = pc - 1, *code = vm->image.bytes + mote_running_function(vm)->start;
    int32_t offset = read_immediate(&pc);
    uint32_t levels = (uint32_t)mote_to_int(vm, sp[-1]);
    SAVE();
    mote_unwind_jump(vm, (uint32_t)(from + offset - code), levels);
    if (has_failed(vm)) goto failed;
    LOAD();
    if (budget < 0) goto out_of_budget;
    NEXT();
}
place_DEBUGGER:
    NEXT();

call_translated:
    budget -= CALL_OPERATIONS;
    if (budget < 0) goto leave; /* preempted: the host gets its turn first */
    vm->budget = budget;
    mote_machine_run_translated(vm, running_translation(vm));
    budget = vm->budget;
    if (has_failed(vm)) goto failed;
    if (vm->yielding || vm->interrupted != 0 || running_translation(vm) != NULL) goto leave;
    LOAD();
    NEXT();

out_of_budget:
    SAVE();
    if (vm->guard != 0) mote_vm_stop(vm, MOTE_PANIC_GUARD);
    else vm->interrupted = vm->current;
    goto leave_saved;

failed:
    if (vm->panic != MOTE_RUNNING) goto leave;
    mote_unwind_exception(vm);
    if (vm->panic != MOTE_RUNNING || running_translation(vm) != NULL) goto leave;
    LOAD();
    if (budget < 0) goto out_of_budget;
    NEXT();

invalid:
    mote_vm_stop(vm, MOTE_PANIC_INVALID_PROGRAM);
leave_saved:
    SAVE();
leave:
    vm->budget = budget;
}
