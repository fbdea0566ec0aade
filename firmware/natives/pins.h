/* Pins: digital and analog inputs, outputs. The machine gives them the form of @devicescript/gpio (vm/pins.c). */
#ifndef MOTE_PINS_H
#define MOTE_PINS_H

#include "mote_vm.h"

/** Switches every pin off that a program has used. */
void mote_pins_close(void);

#endif
