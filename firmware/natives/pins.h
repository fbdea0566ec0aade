/* Pins: digital and analog inputs, outputs. The machine gives them the form of @devicescript/gpio (vm/pins.c). */
#ifndef MOTE_PINS_H
#define MOTE_PINS_H

#include "mote_vm.h"

mote_value mote_native_gpio_capabilities(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_gpio_mode(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_gpio_set_mode(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_gpio_value(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);

/** Switches every pin off that a program has used. */
void mote_pins_close(void);

#endif
