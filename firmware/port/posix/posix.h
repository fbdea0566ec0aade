/* The rooms of the Linux port. */
#ifndef MOTE_POSIX_H
#define MOTE_POSIX_H

#include "mote_vm.h"

/** Takes `name=value`; false when it is none or there are too many (64). */
bool add_setting(const char *given);
/** Settings of a file, one `name=value` in each line; lines that begin with # do not count. */
bool read_settings(const char *path);

/** Flash in a file, or in memory when there is no path. False, with errno, when the file cannot be used. */
bool open_flash(const char *path);

/** File descriptor that becomes readable when work beside the script is done; -1 when it cannot be made. */
int open_worker(void);

#endif
