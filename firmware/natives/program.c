#include "program.h"
#include "crc.h"
#include "port.h"

#include <string.h>

/** Blob in storage: number of the program 4, attempts 1, verdict 1. */
enum { RECORD_BYTES = 6, ON_TRIAL = 0, GOOD = 1, BAD = 2 };
static const char *const record_names[PROGRAM_SLOTS] = {"mote-slot-0", "mote-slot-1"};

typedef struct {
    bool whole, confirms_itself;
    uint32_t number;
    size_t length;
    uint8_t attempts, verdict;
} state;

static uint32_t read_32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/** False if storage is full or broken: then starts cannot be counted. */
static bool save(unsigned slot, const state *of)
{
    const uint8_t record[RECORD_BYTES] = {(uint8_t)of->number,
                                          (uint8_t)(of->number >> 8),
                                          (uint8_t)(of->number >> 16),
                                          (uint8_t)(of->number >> 24),
                                          of->attempts,
                                          of->verdict};
    return mote_storage_save(record_names[slot], record, sizeof record) == 0;
}

static bool has_header(const program_slot *slot)
{
    if (slot->bytes == NULL || slot->size < PROGRAM_HEADER_BYTES) return false;
    uint8_t mark = slot->bytes[PROGRAM_MARK_AT];
    return memcmp(slot->bytes, "MSL", PROGRAM_MARK_AT) == 0 &&
           (mark == PROGRAM_IS_NEW || mark == PROGRAM_CONFIRMS_ITSELF || mark == PROGRAM_HAS_LASTED);
}

static state look(unsigned index, const program_slot *slot)
{
    state found = {0};
    uint8_t record[RECORD_BYTES];
    if (!has_header(slot)) return found;
    found.length = read_32(slot->bytes + 4);
    found.number = read_32(slot->bytes + PROGRAM_NUMBER_AT);
    found.confirms_itself = slot->bytes[PROGRAM_MARK_AT] == PROGRAM_CONFIRMS_ITSELF;
    found.whole = found.length <= slot->size - PROGRAM_HEADER_BYTES &&
                  mote_crc32_of(0, slot->bytes + PROGRAM_HEADER_BYTES, found.length) == read_32(slot->bytes + 8);
    if (slot->bytes[PROGRAM_MARK_AT] == PROGRAM_HAS_LASTED) {
        found.verdict = GOOD;
        return found;
    }
    bool known = mote_storage_load(record_names[index], record, sizeof record) == RECORD_BYTES;
    if (!known || read_32(record) != found.number) return found; /* a program that has never run */
    found.attempts = record[4];
    found.verdict = record[5];
    return found;
}

/** The newest complete program that is not bad; a bad one is better than none. */
static unsigned choose(const state *states)
{
    unsigned newer = states[1].number > states[0].number ? 1 : 0;
    if (!states[0].whole || !states[1].whole) return states[1].whole ? 1 : 0;
    bool keep = states[newer].verdict != BAD || states[1 - newer].verdict == BAD;
    return keep ? newer : 1 - newer;
}

static const char *reason(const state *newest)
{
    if (!newest->whole) return "the newest program is not whole: its checksum does not fit";
    return "the newest program did not last through its first starts";
}

static program_choice chosen_program;

/** Runs a program known to be good instead: starts that cannot be counted could go on for ever. */
static program_choice fall_back(const program_slot *slots, unsigned slot, const state *states)
{
    chosen_program = (program_choice){.image = slots[slot].bytes + PROGRAM_HEADER_BYTES,
                                      .length = states[slot].length,
                                      .slot = slot,
                                      .number = states[slot].number,
                                      .other_number = states[1 - slot].number,
                                      .mark = slots[slot].mark,
                                      .fallback = "storage has no room to try the newest program"};
    return chosen_program;
}

void mote_program_confirm_chosen(void)
{
    if (chosen_program.image != NULL && chosen_program.on_trial) mote_program_confirm(&chosen_program);
}

void mote_program_confirm_itself(void)
{
    if (chosen_program.image == NULL || !(chosen_program.on_trial || chosen_program.unconfirmed)) return;
    mote_program_confirm(&chosen_program);
    chosen_program.on_trial = chosen_program.unconfirmed = false;
}

program_choice *mote_program_chosen(void)
{
    return &chosen_program;
}

uint64_t mote_program_deadline(uint32_t trial_ms)
{
    if (chosen_program.unconfirmed) return (uint64_t)trial_ms * PROGRAM_CONFIRM_TRIALS;
    return chosen_program.on_trial ? trial_ms : UINT64_MAX;
}

bool mote_program_is_overdue(uint64_t now, uint32_t trial_ms)
{
    return chosen_program.unconfirmed && now >= mote_program_deadline(trial_ms);
}

program_choice mote_program_choose(const program_slot *slots)
{
    state states[PROGRAM_SLOTS];
    for (unsigned i = 0; i < PROGRAM_SLOTS; i++) {
        states[i] = look(i, &slots[i]);
        if (!states[i].whole || states[i].verdict != ON_TRIAL || states[i].attempts < PROGRAM_ATTEMPTS) continue;
        states[i].verdict = BAD;
        save(i, &states[i]);
    }
    unsigned slot = choose(states), other = 1 - slot;
    state *chosen = &states[slot];
    bool tried = chosen->verdict == ON_TRIAL;
    program_choice choice = {.slot = slot,
                             .on_trial = tried && !chosen->confirms_itself,
                             .unconfirmed = tried && chosen->confirms_itself,
                             .number = chosen->number,
                             .other_number = states[other].whole ? states[other].number : 0,
                             .mark = slots[slot].mark};
    if (!chosen->whole) return choice;
    choice.image = slots[slot].bytes + PROGRAM_HEADER_BYTES;
    choice.length = chosen->length;
    if (states[other].number > chosen->number) choice.fallback = reason(&states[other]);
    if (tried) {
        chosen->attempts++;
        bool counted = save(slot, chosen);
        bool safe = states[other].whole && states[other].verdict == GOOD;
        if (!counted && safe) return fall_back(slots, other, states);
    }
    chosen_program = choice;
    return choice;
}

void mote_program_confirm(const program_choice *choice)
{
    const uint8_t *header = choice->image - PROGRAM_HEADER_BYTES;
    const state good = {.number = read_32(header + PROGRAM_NUMBER_AT), .verdict = GOOD};
    save(choice->slot, &good);
    if (choice->mark != NULL) choice->mark(choice->slot);
}
