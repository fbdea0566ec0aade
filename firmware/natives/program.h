/*
 * Programs in flash: two slots, the one that runs and the one before. A slot begins with a header: magic "MSL1",
 * length of the image 4, CRC-32 of the image 4, number 4 (the higher one is newer), little-endian; the image follows.
 * A program that has lasted is "MSL0": one bit that flash clears in place. By it mote flash knows the program that must
 * stay.
 *
 * A new program is on trial until it has run for PROGRAM_TRIAL_MS: when it crashes or resets the device
 * PROGRAM_ATTEMPTS times before, the other slot runs instead, and says why. Ports confirm it only when the machine has
 * come to rest: a program that hangs does not last, however long it does so.
 *
 * A program that came over the air (program_update.h) is "MSL3" and confirms itself: to run for long is not enough,
 * since one that no longer reaches anybody could never be replaced. Ports restart it after PROGRAM_CONFIRM_TRIALS times
 * the trial, and its third start without a confirmation was its last.
 */
#ifndef MOTE_PROGRAM_H
#define MOTE_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROGRAM_HEADER_BYTES = 16, PROGRAM_SLOTS = 2, PROGRAM_ATTEMPTS = 3, PROGRAM_TRIAL_MS = 60000 };
enum { PROGRAM_CONFIRM_TRIALS = 10 };
/** Where the header has the number. */
enum { PROGRAM_NUMBER_AT = 12 };
/** The byte of the header that says whether the program has lasted. */
enum { PROGRAM_MARK_AT = 3, PROGRAM_IS_NEW = '1', PROGRAM_CONFIRMS_ITSELF = '3', PROGRAM_HAS_LASTED = '0' };

/** A slot as it lies in memory. */
typedef struct {
    const uint8_t *bytes; /* NULL: there is no such slot */
    size_t size;
    /** Writes PROGRAM_HAS_LASTED into the header; NULL where flash cannot be written. */
    void (*mark)(unsigned slot);
} program_slot;

typedef struct {
    const uint8_t *image; /* NULL: no slot has a whole program */
    size_t length;
    unsigned slot;
    bool on_trial;                 /* until it has lasted */
    bool unconfirmed;              /* until it says so itself */
    uint32_t number, other_number; /* of the program, and of a whole one in the other slot: 0 when there is none */
    void (*mark)(unsigned slot);   /* of the slot */
    /** Why it is not the newest one: a sentence; NULL when it is. */
    const char *fallback;
} program_choice;

/** Chooses the program for this start and counts the attempt in storage. */
program_choice mote_program_choose(const program_slot *slots);
/** The chosen program has lasted: it is no longer on trial. */
void mote_program_confirm(const program_choice *choice);

/** The same for the program chosen last, which asks for deep sleep: nothing happens when there is none. */
void mote_program_confirm_chosen(void);
/** The program chosen last says that it does its work. */
void mote_program_confirm_itself(void);
/** The program chosen last, changed as it is confirmed and updated; its image is NULL when there is none. */
program_choice *mote_program_chosen(void);
/** When the port looks again: ms after the start at which a trial of that length ends one way or the other. */
uint64_t mote_program_deadline(uint32_t trial_ms);
/** Whether the program has had its time to confirm itself and has not: the port restarts it. */
bool mote_program_is_overdue(uint64_t now, uint32_t trial_ms);

#endif
