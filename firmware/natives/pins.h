/* Pins: digital and analog inputs, and outputs. The machine gives them the API of @devicescript/gpio (vm/pins.c). */
#ifndef MOTE_PINS_H
#define MOTE_PINS_H

#include "mote_vm.h"

/** Switches off every pin that a program has used. */
void mote_pins_close(void);

#endif
