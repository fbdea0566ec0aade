/*
 * What the operations of the interpreter's loop share: these macros use its local variables pc, sp, slots, budget and
 * op, and its labels. SAVE writes pc and sp back before anything that may allocate, throw or enter a call; LOAD reads
 * all three registers again afterwards, since a stack may have moved.
 *
 * Dispatch is threaded: each operation jumps directly to the next one, which helps branch prediction and register
 * allocation.
 */
#ifndef MOTE_DISPATCH_H
#define MOTE_DISPATCH_H

#include "interpreter.h"
#include "ops.h"
#include "state.h"

#define SAVE() (vm->pc = pc, vm->sp = sp)
#define LOAD() (pc = vm->pc, sp = vm->sp, slots = vm->slots)
#define OFFSET(offset) at_offset(vm, offset)

/** Reads an index. Nearly all have one byte, which is handled inline. */
static inline uint32_t read_index(const uint8_t **pc)
{
    uint32_t index = **pc;
    if (index < FIRST_MULTIBYTE) (*pc)++;
    else index = (uint32_t)read_immediate(pc);
    return index;
}

#ifdef MOTE_PROFILE
/** Increments a profile counter of the running function. */
#define COUNT(what)                                                                                                    \
    do {                                                                                                               \
        if (vm->profile != NULL) vm->profile[(uint32_t)small_int(vm->link[0]) & 0xffff].what++;                        \
    } while (0)
/** Notes that the operation at `pc` runs. */
#define NOTE()                                                                                                         \
    do {                                                                                                               \
        COUNT(operations);                                                                                             \
        if (vm->ran != NULL) vm->ran[pc - vm->image.bytes] = 1;                                                        \
    } while (0)
#else
#define COUNT(what) ((void)0)
#define NOTE() ((void)0)
#endif

#define PUSH(v) (*sp++ = (v))

/** Moves past the opcode at `pc`, which runs now. */
#define TAKE()                                                                                                         \
    do {                                                                                                               \
        NOTE();                                                                                                        \
        pc++;                                                                                                          \
        budget--;                                                                                                      \
    } while (0)

/**
 * Dispatches the next operation. A dispatch per operation instead of a shared one saves a twentieth of all
 * instructions. WebAssembly has no jumps to computed places: there the dispatch is a shared switch.
 */
#ifdef __wasm__
#define NEXT() goto dispatch
#else
#define NEXT()                                                                                                         \
    do {                                                                                                               \
        op = *pc;                                                                                                      \
        TAKE();                                                                                                        \
        goto *places[op];                                                                                              \
    } while (0)
#endif

/** Replaces `n` operands by the result of something that may fail. */
#define REPLACE(n, expression)                                                                                         \
    do {                                                                                                               \
        SAVE();                                                                                                        \
        mote_value result_ = (expression);                                                                             \
        if (result_ == MOTE_FAILED) goto failed;                                                                       \
        sp -= (n)-1;                                                                                                   \
        sp[-1] = result_;                                                                                              \
    } while (0)

/**
 * Compares small integers inline, and takes the conditional jump that usually follows. All other operands are compared
 * in one place for all operations.
 */
#define COMPARE(test)                                                                                                  \
    do {                                                                                                               \
        mote_value x_ = sp[-2], y_ = sp[-1];                                                                           \
        if (!both_small(x_, y_)) goto examine;                                                                         \
        bool holds_ = (int32_t)x_ test(int32_t) y_;                                                                    \
        if (*pc == OP_JMP_Z) {                                                                                         \
            sp -= 2;                                                                                                   \
            TAKE();                                                                                                    \
            if (holds_) goto go_on;                                                                                    \
            goto jump;                                                                                                 \
        }                                                                                                              \
        sp--;                                                                                                          \
        sp[-1] = bool_value(holds_);                                                                                   \
        NEXT();                                                                                                        \
    } while (0)

#define BITWISE(expression)                                                                                            \
    do {                                                                                                               \
        mote_value x_ = sp[-2], y_ = sp[-1];                                                                           \
        if (!both_small(x_, y_)) goto operate_binary;                                                                  \
        sp--;                                                                                                          \
        sp[-1] = (expression) | 1u;                                                                                    \
    } while (0)

/** After a call, which may have thrown, yielded or panicked, or have entered a translated function. */
#define CHECK()                                                                                                        \
    do {                                                                                                               \
        if (has_failed(vm)) goto failed;                                                                               \
        if (vm->yielding) goto leave;                                                                                  \
        if (running_translation(vm) != NULL) goto call_translated;                                                     \
    } while (0)

#endif
