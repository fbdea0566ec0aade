/* Natives that take long: they run beside the script, whose fiber waits. */
#ifndef MOTE_WORK_H
#define MOTE_WORK_H

#include "port.h"

/** Suspends the calling fiber until the work is done; the work is one block of calloc and is freed then. */
mote_value work_start(mote_vm *vm, work *job);
/** Resumes the fibers whose work is done. */
void work_poll(mote_vm *vm);
bool work_is_under_way(void);
/** The program has ended: what is under way comes to nothing. */
void work_forget(void);

#endif
