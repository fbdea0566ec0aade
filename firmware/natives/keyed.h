/*
 * A cache of keyed contexts of the crypto library, which cost 300 to 400 bytes each, most of it AES's key schedule.
 * Only the most recently used keys have one; an idle connection keeps just its keys. Recreating a context takes a key
 * expansion (AES: some hundred of a record's twenty thousand instructions).
 */
#ifndef MOTE_KEYED_H
#define MOTE_KEYED_H

#include <stddef.h>
#include <stdint.h>

/** Contexts of each kind: enough for a client and a server in one program. */
enum { KEYED_CONTEXTS = 4 };

/** All contexts of one kind. */
typedef struct {
    struct {
        const void *key; /* NULL: free */
        void *context;
        uint32_t last_use;
    } entries[KEYED_CONTEXTS];
    uint32_t uses;               /* look-ups so far, modulo 2^32 */
    void (*free)(void *context); /* erases it */
} keyed_contexts;

/** The context of a key, which becomes the most recently used; NULL if it has none. */
static inline void *mote_keyed_find(keyed_contexts *all, const void *key)
{
    for (unsigned place = 0; place < KEYED_CONTEXTS; place++) {
        if (all->entries[place].key != key) continue;
        all->entries[place].last_use = ++all->uses;
        return all->entries[place].context;
    }
    return NULL;
}
/** Frees the least recently used context if all places are taken. */
void mote_keyed_make_room(keyed_contexts *all);
/** Adds a context; call it after mote_keyed_make_room. */
void mote_keyed_put(keyed_contexts *all, const void *key, void *context);
/** Removes the context of a key that is being erased. */
void mote_keyed_remove(keyed_contexts *all, const void *key);

#endif
