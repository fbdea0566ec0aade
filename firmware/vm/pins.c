/*
 * Pins as @devicescript/gpio expects them: fields P0, P1... of GPIO, where ds.gpio of the prelude looks for them, and
 * the natives of GPIO.prototype. They call natives of the host, which do the work.
 */
#include "builtins.h"
#include "heap.h"
#include "native_lookup.h"
#include "object.h"
#include "property.h"
#include "state.h"
#include "utf8_string.h"

enum { PINS = 64 };

static bool add_pin(mote_vm *vm, mote_value map, int32_t number)
{
    const uint8_t tens = (uint8_t)('0' + number / 10), units = (uint8_t)('0' + number % 10);
    const uint8_t text[] = {'P', number < 10 ? units : tens, units};
    mote_value name = mote_string_from_bytes(vm, text, number < 10 ? 2 : 3);
    if (name == MOTE_FAILED) return false;
    root_push(vm, name);
    mote_value pin = mote_map_new(vm, immediate(TAG_BUILTIN, OBJECT_GPIO_prototype));
    root_push(vm, pin);
    bool done = pin != MOTE_FAILED && mote_map_set(vm, pin, builtin_value(S_gpio), small_value(number)) &&
                mote_map_set(vm, map, name, pin);
    roots_drop(vm, 2);
    return done;
}

mote_value mote_pins_expose(mote_vm *vm)
{
    mote_value gpio = immediate(TAG_BUILTIN, OBJECT_GPIO), map = mote_attached_map(vm, gpio, false);
    if (map != 0) return map;
    map = mote_attached_map(vm, gpio, true);
    for (int32_t number = 0; map != MOTE_FAILED && number < PINS; number++) {
        const mote_value args[] = {small_value(number)};
        mote_value known = mote_native_call_host(vm, "_moteGpioCapabilities", args, 1);
        if (known == VALUE_NONE) return map; /* a host without pins */
        if (known == MOTE_FAILED || (mote_to_int(vm, known) != 0 && !add_pin(vm, map, number))) return MOTE_FAILED;
    }
    return map;
}

/** Calls a native of the host, with the pin's number as the first argument. */
static mote_value ask(mote_vm *vm, const char *native, mote_value receiver, const mote_value *value)
{
    mote_value args[2] = {MOTE_UNDEFINED, value == NULL ? MOTE_UNDEFINED : *value};
    if (has_kind(vm, receiver, KIND_MAP)) args[0] = mote_map_get(vm, receiver, builtin_value(S_gpio));
    if (!is_small(args[0])) return mote_throw(vm, MOTE_TYPE_ERROR, "this is no pin");
    mote_value answer = mote_native_call_host(vm, native, args, value == NULL ? 1 : 2);
    return answer == VALUE_NONE ? mote_throw(vm, MOTE_TYPE_ERROR, "there are no pins here") : answer;
}

static mote_value pin_mode(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)args, (void)count;
    return ask(vm, "_moteGpioMode", receiver, NULL);
}

static mote_value pin_capabilities(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)args, (void)count;
    return ask(vm, "_moteGpioCapabilities", receiver, NULL);
}

static mote_value pin_value(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)args, (void)count;
    return ask(vm, "_moteGpioValue", receiver, NULL);
}

static mote_value pin_set_mode(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)count;
    return ask(vm, "_moteGpioSetMode", receiver, &args[0]);
}

const native_entry mote_pin_natives[] = {{OBJECT_GPIO_prototype, S_mode, NATIVE_PROPERTY, 0, pin_mode},
                                         {OBJECT_GPIO_prototype, S_capabilities, NATIVE_PROPERTY, 0, pin_capabilities},
                                         {OBJECT_GPIO_prototype, S_value, NATIVE_PROPERTY, 0, pin_value},
                                         {OBJECT_GPIO_prototype, S_setMode, NATIVE_METHOD, 1, pin_set_mode},
                                         {0}};
