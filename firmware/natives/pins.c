#include "pins.h"
#include "arguments.h"
#include "port.h"

enum { PINS = 64, BASE = 0x0f, FULL_SCALE = 65535 };

/** GPIOMode of each pin, as set last. */
static uint8_t modes[PINS];

static bool pin_argument(mote_vm *vm, mote_value value, unsigned *pin)
{
    int32_t number;
    if (!mote_integer_argument(vm, value, "pin", 0, PINS - 1, &number)) return false;
    *pin = (unsigned)number;
    return true;
}

mote_value mote_native_gpio_capabilities(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t number;
    if (!mote_integer_argument(vm, args[0], "pin", 0, UINT8_MAX, &number)) return MOTE_FAILED;
    return mote_int(vm, number < PINS ? (int32_t)mote_port_pin_capabilities((unsigned)number) : 0);
}

mote_value mote_native_gpio_mode(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    unsigned pin;
    return pin_argument(vm, args[0], &pin) ? mote_int(vm, modes[pin]) : MOTE_FAILED;
}

/** The capability that a pin needs for a mode; 0 for an unknown mode. */
static uint32_t needs_of(int32_t mode)
{
    switch (mode) {
    case PIN_OFF:
    case PIN_INPUT: return PIN_CAN_INPUT;
    case PIN_OFF_PULL_UP:
    case PIN_INPUT_PULL_UP: return PIN_CAN_INPUT | PIN_CAN_PULL_UP;
    case PIN_OFF_PULL_DOWN:
    case PIN_INPUT_PULL_DOWN: return PIN_CAN_INPUT | PIN_CAN_PULL_DOWN;
    case PIN_OUTPUT:
    case PIN_OUTPUT_HIGH:
    case PIN_OUTPUT_LOW: return PIN_CAN_OUTPUT;
    case PIN_ANALOG_IN: return PIN_CAN_ANALOG;
    default: return 0;
    }
}

mote_value mote_native_gpio_set_mode(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    unsigned pin;
    int32_t mode;
    if (!pin_argument(vm, args[0], &pin) || !mote_integer_argument(vm, args[1], "mode", 0, UINT8_MAX, &mode))
        return MOTE_FAILED;
    uint32_t needs = needs_of(mode);
    if (needs == 0) return mote_throw_range(vm, "mode", "a GPIOMode");
    if ((mote_port_pin_capabilities(pin) & needs) != needs)
        return mote_throw_range(vm, "mode", "one that this pin has");
    if (!mote_port_pin_configure(pin, mode)) return mote_throw(vm, MOTE_ERROR, "the pin is in use");
    modes[pin] = (uint8_t)mode;
    return MOTE_UNDEFINED;
}

mote_value mote_native_gpio_value(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    unsigned pin;
    if (!pin_argument(vm, args[0], &pin)) return MOTE_FAILED;
    int32_t base = modes[pin] & BASE;
    if (base == PIN_INPUT || base == PIN_OUTPUT) return mote_int(vm, mote_port_pin_digital(pin) ? 1 : 0);
    if (base != PIN_ANALOG_IN) return MOTE_UNDEFINED;
    int32_t level = mote_port_pin_analog(pin);
    return level < 0 ? MOTE_UNDEFINED : mote_number(vm, (double)level / FULL_SCALE);
}

void mote_pins_close(void)
{
    for (unsigned pin = 0; pin < PINS; pin++)
        if (modes[pin] != PIN_OFF && mote_port_pin_configure(pin, PIN_OFF)) modes[pin] = PIN_OFF;
}
