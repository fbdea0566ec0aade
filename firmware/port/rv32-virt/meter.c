#include "meter.h"
#include "board.h"
#include "native_list.h"
#include "natives.h"

#include <stdio.h>
#include <string.h>

/* The number of natives, and an end marker. */
#define X(name, function, arguments) +1
enum { MOST_NATIVES = 1 MOTE_NATIVES(X) };
#undef X

static mote_native_entry entries[MOST_NATIVES];
static struct {
    uint32_t calls;
    uint64_t instructions;
} counts[MOST_NATIVES];

static mote_value metered(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    unsigned index = mote_running_native(vm);
    uint32_t start = board_instructions();
    mote_value result = mote_natives[index].call(vm, receiver, args, count);
    counts[index].instructions += board_instructions() - start;
    counts[index].calls++;
    return result;
}

const mote_native_entry *metered_natives(void)
{
    for (unsigned i = 0; i < MOST_NATIVES - 1 && mote_natives[i].call != NULL; i++) {
        entries[i] = mote_natives[i];
        entries[i].call = metered;
    }
    return entries;
}

void meter_reset(void)
{
    memset(counts, 0, sizeof counts);
}

uint64_t meter_total(void)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < MOST_NATIVES; i++) total += counts[i].instructions;
    return total;
}

void meter_report(void)
{
    for (unsigned i = 0; i < MOST_NATIVES; i++)
        if (counts[i].calls > 0)
            printf("native: %s calls %lu instructions %llu\n", entries[i].name, (unsigned long)counts[i].calls,
                   (unsigned long long)counts[i].instructions);
}
