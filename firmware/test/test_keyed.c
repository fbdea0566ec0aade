/* Uses keys in turn, and prints each whose context is freed to make room, oldest use first. */
#include "keyed.h"

#include <stdio.h>

static void forget(void *context)
{
    printf("%c", *(const char *)context);
}

static void use(keyed_contexts *all, char *key)
{
    if (mote_keyed_find(all, key) != NULL) return;
    mote_keyed_make_room(all);
    mote_keyed_put(all, key, key);
}

/** @param uses look-ups that have been counted before */
static void use_all(uint32_t uses)
{
    char keys[] = "abcdefgh";
    keyed_contexts all = {.uses = uses, .free = forget};
    for (unsigned i = 0; i < KEYED_CONTEXTS; i++) use(&all, &keys[i]);
    use(&all, &keys[0]);
    for (unsigned i = KEYED_CONTEXTS; keys[i] != 0; i++) use(&all, &keys[i]);
    printf("\n");
}

int main(void)
{
    use_all(0);
    use_all(UINT32_MAX - 3); /* the count begins again at 0 meanwhile */
    return 0;
}
