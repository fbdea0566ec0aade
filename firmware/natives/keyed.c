#include "keyed.h"

/** KEYED_CONTEXTS if the key has no context; NULL: a free place. */
static unsigned place_of(const keyed_contexts *all, const void *key)
{
    unsigned place = 0;
    while (place < KEYED_CONTEXTS && all->entries[place].key != key) place++;
    return place;
}

void mote_keyed_make_room(keyed_contexts *all)
{
    unsigned oldest = 0;
    if (place_of(all, NULL) < KEYED_CONTEXTS) return;
    for (unsigned place = 1; place < KEYED_CONTEXTS; place++)
        if (all->uses - all->entries[place].last_use > all->uses - all->entries[oldest].last_use) oldest = place;
    mote_keyed_remove(all, all->entries[oldest].key);
}

void mote_keyed_put(keyed_contexts *all, const void *key, void *context)
{
    unsigned place = place_of(all, NULL);
    all->entries[place].key = key;
    all->entries[place].context = context;
    all->entries[place].last_use = ++all->uses;
}

void mote_keyed_remove(keyed_contexts *all, const void *key)
{
    unsigned place = place_of(all, key);
    if (place == KEYED_CONTEXTS) return;
    all->free(all->entries[place].context);
    all->entries[place].key = NULL;
    all->entries[place].context = NULL;
}
