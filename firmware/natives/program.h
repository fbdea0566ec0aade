/*
 * Programs in flash: two slots, for the program that runs and the previous one. A slot begins with a header: magic
 * "MSL1", length of the image 4, CRC-32 of the image 4, number 4 (the higher one is newer), little-endian; the image
 * follows. A confirmed program has "MSL0", which clears one bit in place. It tells mote flash which program must be
 * kept.
 *
 * A new program is on trial until it has run for PROGRAM_TRIAL_MS. If it crashes or resets the device PROGRAM_ATTEMPTS
 * times before that, it is rolled back: the other slot runs and reports the reason. Ports confirm a program only when
 * the machine is idle, so a program that hangs is never confirmed, however long it runs.
 *
 * A program from an over-the-air update (program_update.h) has "MSL3" and has to confirm itself. Running for long is
 * not enough, because a program that no longer reaches its network could never be replaced. Ports restart it after
 * PROGRAM_CONFIRM_TRIALS times the trial; after three starts without confirmation it is rolled back.
 */
#ifndef MOTE_PROGRAM_H
#define MOTE_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROGRAM_HEADER_BYTES = 16, PROGRAM_SLOTS = 2, PROGRAM_ATTEMPTS = 3, PROGRAM_TRIAL_MS = 60000 };
enum { PROGRAM_CONFIRM_TRIALS = 10 };
/** Position of the number in the header. */
enum { PROGRAM_NUMBER_AT = 12 };
/** The byte of the header that tells whether the program is confirmed. */
enum { PROGRAM_MARK_AT = 3, PROGRAM_IS_NEW = '1', PROGRAM_CONFIRMS_ITSELF = '3', PROGRAM_HAS_LASTED = '0' };

/** A slot mapped into memory. */
typedef struct {
    const uint8_t *bytes; /* NULL: no such slot */
    size_t size;
    /** Writes PROGRAM_HAS_LASTED into the header; NULL if the flash cannot be written. */
    void (*mark)(unsigned slot);
} program_slot;

typedef struct {
    const uint8_t *image; /* NULL: no slot has a complete program */
    size_t length;
    unsigned slot;
    bool on_trial;                 /* until it is confirmed */
    bool unconfirmed;              /* until it confirms itself */
    uint32_t number, other_number; /* of the program, and of a complete one in the other slot; 0 if there is none */
    void (*mark)(unsigned slot);   /* of the slot */
    /** Why it is not the newest program, as a sentence; NULL if it is. */
    const char *fallback;
} program_choice;

/** Chooses the program for this start and counts the attempt in storage. */
program_choice mote_program_choose(const program_slot *slots);
/** Confirms the chosen program: it is no longer on trial. */
void mote_program_confirm(const program_choice *choice);

/** Confirms the program chosen last, which is about to enter deep sleep; no effect if there is none. */
void mote_program_confirm_chosen(void);
/** Called when the program chosen last confirms itself. */
void mote_program_confirm_itself(void);
/** The program chosen last, including later confirmations and updates; its image is NULL if there is none. */
program_choice *mote_program_chosen(void);
/** Time when the port has to check again: ms after the start at which a trial of that length ends. */
uint64_t mote_program_deadline(uint32_t trial_ms);
/** Whether the program has failed to confirm itself in time, so that the port has to restart it. */
bool mote_program_is_overdue(uint64_t now, uint32_t trial_ms);

#endif
