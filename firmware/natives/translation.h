/* Translations that are built into the firmware (MOTE_TRANSLATED), found by the hash of their image. */
#ifndef MOTE_NATIVES_TRANSLATION_H
#define MOTE_NATIVES_TRANSLATION_H

#include "mote_vm.h"

/** After mote_vm_load: functions of this image that the firmware has as C run instead of their bytecode. */
void mote_natives_translate(mote_vm *vm, const void *image, size_t length);

#endif
