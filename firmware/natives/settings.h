/*
 * Settings of a device: lines NAME=VALUE in its flash, a key among them. They are read where they lie, so that no copy
 * stays behind.
 */
#ifndef MOTE_SETTINGS_H
#define MOTE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

/**
 * For ports: the value of the first line with that name, in `lines` of at most `bytes` bytes, which end earlier at an
 * empty line, a NUL or erased flash. It ends with `length`, not with a NUL. NULL when there is none.
 */
const char *mote_settings_find(const char *lines, size_t bytes, const char *name, size_t *length);

/** Copies a setting and its NUL; false, and nothing is written, when there is none or it does not fit. Not for keys. */
bool mote_setting_text(const char *name, char *target, size_t size);
/** A setting that is a decimal number; `usual` when there is none. */
double mote_setting_number(const char *name, double usual);

#endif
