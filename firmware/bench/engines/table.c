/* A table of records by key, chained: inserts, looks up, deletes. */
#include "program.h"

#include <stddef.h>

enum { BUCKETS = 32, RECORDS = 96, STEPS = 2000 };

typedef struct record {
    int32_t key, value;
    struct record *next;
} record;

static record records[RECORDS];
static record *unused, *buckets[BUCKETS];
static int32_t count;

static void clear(void)
{
    count = 0;
    unused = NULL;
    for (int32_t i = 0; i < BUCKETS; i++) buckets[i] = NULL;
    for (int32_t i = 0; i < RECORDS; i++) {
        records[i].next = unused;
        unused = &records[i];
    }
}

static int32_t bucket_of(int32_t key)
{
    return (key ^ key >> 5) & (BUCKETS - 1);
}

static record *find(int32_t key)
{
    record *at = buckets[bucket_of(key)];
    while (at != NULL && at->key != key) at = at->next;
    return at;
}

static void insert(int32_t key, int32_t value)
{
    if (unused == NULL) return;
    record *added = unused;
    unused = added->next;
    int32_t bucket = bucket_of(key);
    *added = (record){key, value, buckets[bucket]};
    buckets[bucket] = added;
    count++;
}

static void delete (int32_t key)
{
    int32_t bucket = bucket_of(key);
    record *before = NULL, *at = buckets[bucket];
    while (at != NULL && at->key != key) {
        before = at;
        at = at->next;
    }
    if (at == NULL) return;
    if (before == NULL) buckets[bucket] = at->next;
    else before->next = at->next;
    at->next = unused;
    unused = at;
    count--;
}

int32_t bench_program(void)
{
    int32_t sum = 0, random = 1;
    clear();
    for (int32_t step = 0; step < STEPS; step++) {
        random = add_to(random, 12345 + step);
        int32_t key = random >> 4 & 127;
        record *found = find(key);
        if (found == NULL) insert(key, step);
        else if ((random & 3) == 0) delete (key);
        else found->value = add_to(found->value, step);
        sum = add_to(sum, found == NULL ? count : found->value);
    }
    return sum;
}
