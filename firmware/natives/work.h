/* Slow natives: they run in the background while the calling fiber waits. */
#ifndef MOTE_WORK_H
#define MOTE_WORK_H

#include "port.h"

/** Suspends the calling fiber until the work is done; the work is one block of calloc and is freed afterwards. */
mote_value mote_work_start(mote_vm *vm, work *job);
/** Resumes the fibers whose work is done. */
void mote_work_poll(mote_vm *vm);
bool mote_work_is_under_way(void);
/** The program has ended: results of work under way are dropped. */
void mote_work_forget(void);

#endif
