/* Numbers that programs hold for native objects. A number is not used again soon, so that a stale one is noticed. */
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
 * Takes the object over: `close`, the same for all of the kind, erases and frees it, at once when there is no room.
 * Throws then.
 */
mote_value mote_handle_new(mote_vm *vm, handle_kind kind, void *object, void (*close)(void *object));
/** The object of an open handle; NULL and thrown when it is none of that kind. */
void *mote_handle_argument(mote_vm *vm, mote_value value, const char *name, handle_kind kind);
/** NULL when it is none of that kind. */
void *mote_handle_object(int32_t handle, handle_kind kind);
/** Closes it; nothing happens when it is closed already. */
void mote_handle_close(int32_t handle);
/** In a collection: notes the handles whose owners are gone. */
void mote_handles_collected(const mote_vm *vm);
/** Closes those. Not within a collection: a native may be at work with one. */
void mote_handles_release(void);
/** Collects garbage and closes what is out of reach then: for natives that find something else than handles used up. */
void mote_handles_reclaim(mote_vm *vm);
void mote_handles_close_all(void);

#endif
