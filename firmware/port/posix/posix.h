/* The parts of the Linux port. */
#ifndef MOTE_POSIX_H
#define MOTE_POSIX_H

#include "mote_vm.h"
#include "program.h"

/** Takes `name=value`; false if it is malformed, or there are too many (64). */
bool add_setting(const char *given);
/** Reads settings from a file, one `name=value` per line; lines beginning with # are ignored. */
bool read_settings(const char *path);

/**
 * Opens simulated flash in a file, or in memory if there is no path. False, with errno set, if the file cannot be used.
 */
bool open_flash(const char *path);

/** Returns a file descriptor that becomes readable when background work is done; -1 if it cannot be created. */
int open_worker(void);

/** Reads an image; NULL if it cannot be read. */
uint8_t *read_image(const char *path, size_t *length);
/** Reads the programs slot0 and slot1 in a folder. The name of the folder must stay valid while they run. */
void read_slots(const char *folder, program_slot *slots);
void free_programs(void);

/** Ends the process after `ms` unless called again; 0 stops the watchdog. */
void start_watchdog(uint32_t ms);

/* tls.c */

/** Lets programs open TLS streams from now on, if mbedTLS supports them. */
void start_tls(void);

#endif
