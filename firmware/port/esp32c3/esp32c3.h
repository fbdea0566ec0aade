/* The parts of the ESP32-C3 port. */
#ifndef MOTE_ESP32C3_H
#define MOTE_ESP32C3_H

#include "program.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Maps the partition `settings` into memory. */
bool mote_settings_open(void);
/** Opens the NVS namespace of the blobs. */
bool mote_storage_open(void);
/** Starts the Wi-Fi station, which connects and reconnects for ever. Network names and passwords are settings. */
bool mote_wifi_start(void);
/** Waits until the network has had an address, IPv4 or global IPv6. False: not within `ms`. */
bool mote_network_wait(uint32_t ms);
/**
 * Starts the task for background work, and creates the lock of mote_port_crypto_lock; call it before the program
 * starts. Returns a descriptor that is readable when some work is done, or -1 without one.
 */
int mote_worker_start(void);
/** The radio is running, so the hardware's random numbers are good. */
void mote_random_is_good(void);
/** Maps the two program partitions and lets programs write them; no effect unless there are two. */
void mote_programs_open(program_slot *slots);

#endif
