/* The rooms of the ESP32-C3 port. */
#ifndef MOTE_ESP32C3_H
#define MOTE_ESP32C3_H

#include "program.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Maps the partition `settings`. */
bool mote_settings_open(void);
/** Opens the namespace of the blobs in NVS. */
bool mote_storage_open(void);
/** Starts the station; it connects, and connects again, for ever. Names and passwords are settings. */
bool mote_wifi_start(void);
/** Waits until the network has had an address once, IPv4 or global IPv6. False: not within `ms`. */
bool mote_network_wait(uint32_t ms);
/** Starts the task for slow work, and makes what mote_port_crypto_lock takes: before the program. Returns a descriptor
 * that is readable when some is done, -1 without one. */
int mote_worker_start(void);
/** The radio runs, so the hardware's random numbers are good. */
void mote_random_is_good(void);
/** The two partitions of programs, mapped, and how programs write them; none where there are no two. */
void mote_programs_open(program_slot *slots);

#endif
