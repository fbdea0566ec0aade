/*
 * Keyed contexts of the crypto library cost some 300 to 400 bytes each, most of it AES' key schedule. Those keys have
 * one that were used last; an idle connection keeps its keys alone. A key without one has it again for the price of
 * expanding the key (AES: some hundred instructions of a record's twenty thousand).
 */
#ifndef MOTE_KEYED_H
#define MOTE_KEYED_H

/** Contexts of each kind: what a client and a server in one program use. */
enum { KEYED_CONTEXTS = 4 };

/** All contexts of one kind, the one used last first. */
typedef struct {
    struct {
        const void *key; /* NULL: free */
        void *context;
    } entries[KEYED_CONTEXTS];
    void (*free)(void *context); /* erases it */
} keyed_contexts;

/** The context of a key, which is the one used last then; NULL when it has none. */
void *mote_keyed_find(keyed_contexts *all, const void *key);
/** Frees the one that was not used for longest, if all are taken. */
void mote_keyed_make_room(keyed_contexts *all);
/** After mote_keyed_make_room. */
void mote_keyed_put(keyed_contexts *all, const void *key, void *context);
/** The key is no more. */
void mote_keyed_remove(keyed_contexts *all, const void *key);

#endif
