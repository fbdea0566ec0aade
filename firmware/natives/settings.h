/*
 * Settings of a device: lines NAME=VALUE in its flash, including a key. They are read in place, so that no copy
 * remains.
 */
#ifndef MOTE_SETTINGS_H
#define MOTE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

/**
 * For ports: finds the value of the first line with that name in `lines` of at most `bytes` bytes; an empty line, a NUL
 * or erased flash ends them earlier. The value ends after `length` bytes, without a NUL. NULL if there is none.
 */
const char *mote_settings_find(const char *lines, size_t bytes, const char *name, size_t *length);

/**
 * Copies a setting and adds a NUL; writes nothing and returns false if there is none, or it does not fit. Not for keys.
 */
bool mote_setting_text(const char *name, char *target, size_t size);
/** A setting that is a decimal number; `usual` if there is none. */
double mote_setting_number(const char *name, double usual);

#endif
