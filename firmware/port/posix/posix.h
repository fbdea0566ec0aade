/* The rooms of the Linux port. */
#ifndef MOTE_POSIX_H
#define MOTE_POSIX_H

#include "mote_vm.h"
#include "program.h"

/** Takes `name=value`; false when it is none or there are too many (64). */
bool add_setting(const char *given);
/** Settings of a file, one `name=value` in each line; lines that begin with # do not count. */
bool read_settings(const char *path);

/** Flash in a file, or in memory when there is no path. False, with errno, when the file cannot be used. */
bool open_flash(const char *path);

/** File descriptor that becomes readable when work beside the script is done; -1 when it cannot be made. */
int open_worker(void);

/** The bytes of an image; NULL when it cannot be read. */
uint8_t *read_image(const char *path, size_t *length);
/** Programs of a folder, slot0 and slot1, which stays named while they run. */
void read_slots(const char *folder, program_slot *slots);
void free_programs(void);

/** After `ms` it ends the program; 0 calms it. */
void start_watchdog(uint32_t ms);

/* tls.c */

/** Programs may open TLS streams from now on, where mbedTLS has them. */
void start_tls(void);

#endif
