/* Handles: numbers by which programs refer to native objects. A number is not reused soon, so that stale ones are
 * detected. */
#ifndef MOTE_HANDLES_H
#define MOTE_HANDLES_H

#include "configuration.h"
#include "mote_vm.h"

typedef enum {
    HANDLE_FREE,
    HANDLE_HASH,
    HANDLE_HMAC,
    HANDLE_AEAD,
    HANDLE_KEY,
    HANDLE_SECRET,
    HANDLE_RECORD
} handle_kind;
enum { HIGHEST_HANDLE = 0x7fff };

/**
 * Takes ownership of the object. `close`, the same for all objects of the kind, erases and frees it; it is called at
 * once if there is no free slot, and then this throws.
 */
mote_value mote_handle_new(mote_vm *vm, handle_kind kind, void *object, void (*close)(void *object));
/** The object of an open handle; throws and returns NULL if it is not one of that kind. */
void *mote_handle_argument(mote_vm *vm, mote_value value, const char *name, handle_kind kind);
/** NULL if it is not an open handle of that kind. */
void *mote_handle_object(int32_t handle, handle_kind kind);
/** Closes the handle; no effect if it is closed already. */
void mote_handle_close(int32_t handle);
/** During a collection: notes the handles whose owners were collected. */
void mote_handles_collected(const mote_vm *vm);
/** Closes those handles. Not during a collection, because a native may be using one. */
void mote_handles_release(void);
/** Collects garbage and closes handles that have become unreachable: for natives that run out of another resource. */
void mote_handles_reclaim(mote_vm *vm);
void mote_handles_close_all(void);

#endif
