/* Counts the instructions spent in each native. */
#ifndef MOTE_METER_H
#define MOTE_METER_H

#include "mote_vm.h"

/** mote_natives, each wrapped in a counter: for mote_host.natives. */
const mote_native_entry *metered_natives(void);
void meter_reset(void);
/** Total instructions of all natives since the reset. */
uint64_t meter_total(void);
/** Prints one line for each native that was called: `native: NAME calls N instructions N`. */
void meter_report(void);

#endif
