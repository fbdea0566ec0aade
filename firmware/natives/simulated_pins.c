/*
 * Simulated pins for ports without any: those of an ESP32-C3. An output reads as it was set, an input as in the setting
 * `pin-N` (0 to 1), or according to its pull-up.
 */
#include "port.h"
#include "settings.h"

#include <stdio.h>

enum { PINS = 22, ANALOG_PINS = 5, FIRST_FLASH_PIN = 12, LAST_FLASH_PIN = 17, FULL_SCALE = 65535, NAME_BYTES = 8 };

static uint8_t levels[PINS];

uint32_t mote_port_pin_capabilities(unsigned pin)
{
    if (pin >= PINS || (pin >= FIRST_FLASH_PIN && pin <= LAST_FLASH_PIN)) return 0;
    uint32_t digital = PIN_CAN_PULL_UP | PIN_CAN_PULL_DOWN | PIN_CAN_INPUT | PIN_CAN_OUTPUT;
    return pin < ANALOG_PINS ? digital | PIN_CAN_ANALOG : digital;
}

static double outside(unsigned pin, double usual)
{
    char name[NAME_BYTES];
    snprintf(name, sizeof name, "pin-%u", pin);
    double level = mote_setting_number(name, usual);
    return level < 0 ? 0 : level > 1 ? 1 : level;
}

bool mote_port_pin_configure(unsigned pin, int32_t mode)
{
    bool output = (mode & PIN_MODE_BASE) == PIN_OUTPUT;
    if (mode == PIN_OUTPUT) return true;
    levels[pin] = output ? mode == PIN_OUTPUT_HIGH : outside(pin, mode == PIN_INPUT_PULL_UP ? 1 : 0) >= 0.5;
    return true;
}

bool mote_port_pin_digital(unsigned pin)
{
    return levels[pin] != 0;
}

int32_t mote_port_pin_analog(unsigned pin)
{
    return (int32_t)(outside(pin, 0) * FULL_SCALE + 0.5);
}
