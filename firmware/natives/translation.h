/* Translations that were built into the firmware (MOTE_TRANSLATED), found by the hash of the image they are of. */
#ifndef MOTE_NATIVES_TRANSLATION_H
#define MOTE_NATIVES_TRANSLATION_H

#include "mote_vm.h"

/** After mote_vm_load: what the firmware has of this image as C runs in place of its bytecode. */
void mote_natives_translate(mote_vm *vm, const void *image, size_t length);

#endif
