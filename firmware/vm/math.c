/* DeviceScript's part of Math. Results are normalized by number.c, so that integers stay small ones. */
#include "builtins.h"
#include "interpreter.h"
#include "number.h"
#include "state.h"

#include <math.h>

typedef double (*unary)(double);

static mote_value apply(mote_vm *vm, unary function, mote_value v)
{
    if (is_small(v)) return v;
    return mote_number(vm, function(mote_to_double(vm, v)));
}

static mote_value math_ceil(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    return apply(vm, ceil, args[0]);
}

static mote_value math_floor(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    return apply(vm, floor, args[0]);
}

/** Rounds halves away from zero. */
static mote_value math_round(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    return apply(vm, round, args[0]);
}

static mote_value math_abs(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    return mote_number(vm, fabs(mote_to_double(vm, args[0])));
}

static mote_value math_log(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    return mote_number(vm, log(mote_to_double(vm, args[0])));
}

static mote_value math_pow(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    return mote_number(vm, pow(mote_to_double(vm, args[0]), mote_to_double(vm, args[1])));
}

static mote_value math_idiv(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t x = mote_to_int(vm, args[0]), y = mote_to_int(vm, args[1]);
    if (y == 0) return small_value(0);
    return y == -1 ? mote_number(vm, -(double)x) : mote_int(vm, x / y);
}

static mote_value math_imod(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t x = mote_to_int(vm, args[0]), y = mote_to_int(vm, args[1]);
    return y == 0 || y == -1 ? small_value(0) : mote_int(vm, x % y);
}

static mote_value math_imul(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    return mote_int(vm, (int32_t)((uint32_t)mote_to_int(vm, args[0]) * (uint32_t)mote_to_int(vm, args[1])));
}

/** ToNumber. A value that already is a number is returned unchanged, so that nothing is allocated. */
static mote_value as_number(mote_vm *vm, mote_value v)
{
    return is_small(v) || has_kind(vm, v, KIND_DOUBLE) ? v : mote_number(vm, mote_to_double(vm, v));
}

static bool is_less(mote_vm *vm, mote_value x, mote_value y)
{
    return both_small(x, y) ? (int32_t)x < (int32_t)y : mote_to_double(vm, x) < mote_to_double(vm, y);
}

static mote_value math_min(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    return as_number(vm, args[is_less(vm, args[0], args[1]) ? 0 : 1]);
}

static mote_value math_max(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    return as_number(vm, args[is_less(vm, args[1], args[0]) ? 0 : 1]);
}

/** xorshift32, seeded with the host's random bytes if it has any; not for keys. */
static uint32_t next_random(mote_vm *vm)
{
    uint32_t state = vm->random_state;
    if (state == 0 && vm->host->random != NULL)
        vm->host->random(vm->host->context, (uint8_t *)&vm->random_state, sizeof vm->random_state);
    state = vm->random_state != 0 ? vm->random_state : 0x2545f491;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    vm->random_state = state;
    return state;
}

static mote_value math_random(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)args, (void)count;
    return mote_number(vm, next_random(vm) / 4294967296.0);
}

static mote_value math_random_int(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    uint32_t most = (uint32_t)mote_to_int(vm, args[0]), random = next_random(vm);
    return mote_uint_value(vm, most == UINT32_MAX ? random : random % (most + 1));
}

const native_entry mote_math_natives[] = {
    {OBJECT_Math, S_ceil, NATIVE_FUNCTION, 1, math_ceil},
    {OBJECT_Math, S_floor, NATIVE_FUNCTION, 1, math_floor},
    {OBJECT_Math, S_round, NATIVE_FUNCTION, 1, math_round},
    {OBJECT_Math, S_abs, NATIVE_FUNCTION, 1, math_abs},
    {OBJECT_Math, S_random, NATIVE_FUNCTION, 0, math_random},
    {OBJECT_Math, S_randomInt, NATIVE_FUNCTION, 1, math_random_int},
    {OBJECT_Math, S_log, NATIVE_FUNCTION, 1, math_log},
    {OBJECT_Math, S_pow, NATIVE_FUNCTION, 2, math_pow},
    {OBJECT_Math, S_idiv, NATIVE_FUNCTION, 2, math_idiv},
    {OBJECT_Math, S_imod, NATIVE_FUNCTION, 2, math_imod},
    {OBJECT_Math, S_imul, NATIVE_FUNCTION, 2, math_imul},
    {OBJECT_Math, S_min, NATIVE_FUNCTION, 2, math_min},
    {OBJECT_Math, S_max, NATIVE_FUNCTION, 2, math_max},
    {0},
};
