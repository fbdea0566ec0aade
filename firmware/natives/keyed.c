#include "keyed.h"

#include <stddef.h>
#include <string.h>

enum { LAST = KEYED_CONTEXTS - 1 };

static unsigned place_of(const keyed_contexts *all, const void *key)
{
    unsigned place = 0;
    while (place < KEYED_CONTEXTS && all->entries[place].key != key) place++;
    return place;
}

/** Moves the first `place` entries one place down, over the entry there, and puts this one first. */
static void put_first(keyed_contexts *all, unsigned place, const void *key, void *context)
{
    memmove(&all->entries[1], &all->entries[0], place * sizeof all->entries[0]);
    all->entries[0].key = key;
    all->entries[0].context = context;
}

void *mote_keyed_find(keyed_contexts *all, const void *key)
{
    unsigned place = place_of(all, key);
    if (place == KEYED_CONTEXTS) return NULL;
    if (place > 0) put_first(all, place, key, all->entries[place].context);
    return all->entries[0].context;
}

void mote_keyed_make_room(keyed_contexts *all)
{
    if (all->entries[LAST].key != NULL) mote_keyed_remove(all, all->entries[LAST].key);
}

void mote_keyed_put(keyed_contexts *all, const void *key, void *context)
{
    put_first(all, LAST, key, context);
}

void mote_keyed_remove(keyed_contexts *all, const void *key)
{
    unsigned place = place_of(all, key);
    if (place == KEYED_CONTEXTS) return;
    all->free(all->entries[place].context);
    memmove(&all->entries[place], &all->entries[place + 1], (LAST - place) * sizeof all->entries[0]);
    all->entries[LAST].key = NULL;
    all->entries[LAST].context = NULL;
}
