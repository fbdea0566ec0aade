/*
 * Tests storage and program slots with power cuts. The flash is memory in which a write or an erase stops after any
 * number of bytes and leaves garbage there. Prints one line for each part, and exits with 1 on a failure.
 */
#include "blob_store.h"
#include "crc.h"
#include "port.h"
#include "program_update.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BANK_BYTES = 1024, NAMES = 5, MOST_BLOB = 90, CUTS = 2000, FOREVER = 1 << 30 };

static uint8_t cells[2][BANK_BYTES];
static int left = FOREVER; /* bytes until the power fails */
static unsigned cuts;
static bool silent; /* nothing can be read */

#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            printf("line %d: %s\n", __LINE__, #condition);                                                             \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static bool read_cells(unsigned bank, uint32_t offset, uint8_t *target, size_t length)
{
    REQUIRE(bank < 2 && offset + length <= BANK_BYTES);
    memcpy(target, cells[bank] + offset, length);
    return !silent;
}

static bool spend(void)
{
    if (left <= 0) return false;
    left--;
    return true;
}

static bool program(unsigned bank, uint32_t offset, const uint8_t *source, size_t length)
{
    REQUIRE(bank < 2 && offset + length <= BANK_BYTES);
    for (size_t i = 0; i < length; i++) {
        if (!spend()) {
            if (i > 0) cells[bank][offset + i] &= (uint8_t)rand(); /* the byte that was being written */
            return false;
        }
        REQUIRE((cells[bank][offset + i] & source[i]) == source[i]); /* flash is erased before it is rewritten */
        cells[bank][offset + i] = source[i];
    }
    return true;
}

static bool erase(unsigned bank)
{
    for (size_t i = 0; i < BANK_BYTES; i++) {
        if (!spend()) return false;
        cells[bank][i] = 0xff;
    }
    return true;
}

static const flash device = {BANK_BYTES, read_cells, program, erase};

typedef struct {
    bool there;
    size_t length;
    uint8_t bytes[MOST_BLOB];
} blob;

static blob shadow[NAMES];
static const char *const names[NAMES] = {"a", "session", "identity-14-ch", "X_1", "queue"};

static bool holds(unsigned i, const blob *want)
{
    uint8_t bytes[MOST_BLOB];
    int32_t length = mote_storage_load(names[i], bytes, sizeof bytes);
    if (!want->there) return length == -IO_NOT_FOUND;
    return length == (int32_t)want->length && memcmp(bytes, want->bytes, want->length) == 0;
}

static blob draw(void)
{
    blob drawn = {.there = rand() % 8 != 0, .length = (size_t)(rand() % (MOST_BLOB + 1))};
    for (size_t i = 0; i < drawn.length; i++) drawn.bytes[i] = (uint8_t)rand();
    return drawn;
}

static int32_t write_blob(unsigned i, const blob *value)
{
    return value->there ? mote_storage_save(names[i], value->bytes, value->length) : mote_storage_remove(names[i]);
}

static void check_all(void)
{
    for (unsigned i = 0; i < NAMES; i++) REQUIRE(holds(i, &shadow[i]));
}

/**
 * One write during which the power may fail: at the next start there is the old blob or the new one, and all other
 * blobs.
 */
static void write_and_cut(void)
{
    unsigned i = (unsigned)rand() % NAMES;
    blob value = draw();
    left = rand() % 3 == 0 ? rand() % 200 : rand() % 1600;
    bool done = write_blob(i, &value) == 0;
    bool cut = left <= 0;
    left = FOREVER;
    if (done) shadow[i] = value;
    else REQUIRE(cut);
    if (!cut) return;
    cuts++;
    REQUIRE(mote_blob_store_mount(&device));
    if (holds(i, &value)) shadow[i] = value;
    check_all();
}

static void test_cuts(void)
{
    memset(cells, 0, sizeof cells); /* a flash that was never erased */
    REQUIRE(mote_blob_store_mount(&device));
    unsigned writes = 0;
    for (; cuts < CUTS; writes++) write_and_cut();
    check_all();
    printf("power cuts: %u in %u writes\n", cuts, writes);
}

static void test_full(void)
{
    static uint8_t large[BANK_BYTES];
    memset(cells, 0xff, sizeof cells);
    REQUIRE(mote_blob_store_mount(&device));
    REQUIRE(mote_storage_save("keep", (const uint8_t *)"kept", 4) == 0);
    REQUIRE(mote_storage_save("large", large, sizeof large) == -IO_NO_SPACE);
    REQUIRE(mote_storage_save("large", large, 900) == 0);
    REQUIRE(mote_storage_save("more", large, 200) == -IO_NO_SPACE);
    for (unsigned i = 0; i < 500; i++) REQUIRE(mote_storage_save("keep", (const uint8_t *)"next", 4) == 0);
    uint8_t bytes[4];
    REQUIRE(mote_storage_load("keep", bytes, 4) == 4 && memcmp(bytes, "next", 4) == 0);
    REQUIRE(mote_storage_load("large", NULL, 0) == 900 && mote_storage_load("more", NULL, 0) == -IO_NOT_FOUND);
    REQUIRE(mote_storage_remove("large") == 0 && mote_storage_save("more", large, 200) == 0);
    puts("full flash: refused, nothing lost");
}

/* Program slots */

static uint8_t slots[PROGRAM_SLOTS][64];

static void mark(unsigned slot)
{
    slots[slot][PROGRAM_MARK_AT] &= PROGRAM_HAS_LASTED;
}

static const program_slot both[PROGRAM_SLOTS] = {{slots[0], 64, mark}, {slots[1], 64, mark}};

static void put_32(uint8_t *at, uint32_t number)
{
    for (unsigned i = 0; i < 4; i++) at[i] = (uint8_t)(number >> 8 * i);
}

static void flash_program(unsigned slot, uint32_t number)
{
    uint8_t *at = slots[slot];
    memset(at + PROGRAM_HEADER_BYTES, (int)number, 32);
    memcpy(at, "MSL1", 4);
    put_32(at + 4, 32);
    put_32(at + 8, mote_crc32_of(0, at + PROGRAM_HEADER_BYTES, 32));
    put_32(at + 12, number);
}

static program_choice start(void)
{
    REQUIRE(mote_blob_store_mount(&device));
    return mote_program_choose(both);
}

static void test_slots(void)
{
    memset(cells, 0xff, sizeof cells);
    memset(slots, 0xff, sizeof slots);
    REQUIRE(start().image == NULL);

    flash_program(0, 1);
    program_choice choice = start();
    REQUIRE(choice.slot == 0 && choice.on_trial && choice.fallback == NULL && choice.length == 32);
    mote_program_confirm(&choice);
    REQUIRE(!start().on_trial);

    flash_program(1, 2); /* a program that crashes at once */
    for (unsigned i = 0; i < PROGRAM_ATTEMPTS; i++) REQUIRE(start().slot == 1);
    for (unsigned i = 0; i < 100; i++) {
        choice = start();
        REQUIRE(choice.slot == 0 && choice.fallback != NULL && !choice.on_trial);
    }
    printf("restart loop: %s\n", choice.fallback);

    flash_program(1, 3); /* a better one */
    choice = start();
    REQUIRE(choice.slot == 1 && choice.on_trial && choice.fallback == NULL);
    mote_program_confirm(&choice);
    for (unsigned i = 0; i < 100; i++) REQUIRE(start().slot == 1);

    flash_program(0, 4); /* power went while it was flashed */
    slots[0][40] ^= 1;
    choice = start();
    REQUIRE(choice.slot == 1 && choice.fallback != NULL);
    printf("torn program: %s\n", choice.fallback);
    memset(slots[1], 0xff, 64);
    REQUIRE(start().image == NULL);
}

/**
 * The mark in the slot tells mote flash which program is good; it survives even if the storage does not. Numbers wrap
 * around like clocks: they pass 2^31.
 */
static void test_marks(void)
{
    memset(cells, 0xff, sizeof cells);
    memset(slots, 0xff, sizeof slots);
    flash_program(1, 0xf0000000);
    program_choice choice = start();
    REQUIRE(choice.slot == 1 && choice.on_trial && choice.fallback == NULL);
    REQUIRE(slots[1][PROGRAM_MARK_AT] == PROGRAM_IS_NEW);
    mote_program_confirm(&choice);
    REQUIRE(slots[1][PROGRAM_MARK_AT] == PROGRAM_HAS_LASTED);
    memset(cells, 0xff, sizeof cells);
    choice = start();
    REQUIRE(choice.slot == 1 && !choice.on_trial);
    flash_program(0, 0xf0000001);
    REQUIRE(start().slot == 0 && slots[0][PROGRAM_MARK_AT] == PROGRAM_IS_NEW);
    puts("marks: a program that has lasted is marked, one on trial is not");
}

/** Blobs of a program may fill the flash. Then starts cannot be counted, and a good program must stay. */
static void test_full_at_start(void)
{
    static uint8_t filling[BANK_BYTES];
    memset(cells, 0xff, sizeof cells);
    memset(slots, 0xff, sizeof slots);
    flash_program(0, 1);
    program_choice choice = start();
    mote_program_confirm(&choice);
    size_t size = BANK_BYTES;
    while (mote_storage_save("filling", filling, size) != 0) size--;
    for (size_t more = 40; more > 0; more--) (void)mote_storage_save("f2", filling, more - 1);
    flash_program(1, 2);
    choice = start();
    REQUIRE(choice.slot == 0 && choice.fallback != NULL);
    REQUIRE(mote_storage_remove("filling") == 0);
    REQUIRE(start().slot == 1);
    printf("full storage: %s\n", choice.fallback);
}

/** A flash that does not respond must not be taken for an empty one. */
static void test_silent_flash(void)
{
    static const uint8_t value[3] = {1, 2, 3};
    memset(cells, 0xff, sizeof cells);
    REQUIRE(mote_blob_store_mount(&device) && mote_storage_save("kept", value, 3) == 0);
    silent = true;
    REQUIRE(!mote_blob_store_mount(&device));
    silent = false;
    uint8_t bytes[3];
    REQUIRE(mote_blob_store_mount(&device) && mote_storage_load("kept", bytes, 3) == 3 && bytes[2] == 3);
    puts("silent flash: refused, nothing lost");
}

/* Programs over the air: a slot of 1024 bytes, with power cuts at any byte. */

enum { AIR_SLOT_BYTES = 1024, AIR_IMAGE_BYTES = 700 };

static uint8_t air_slots[PROGRAM_SLOTS][AIR_SLOT_BYTES];
static long air_left; /* bytes until the power fails; below 0: never */

/** @return how many of `length` bytes are done before the power fails */
static size_t powered(size_t length)
{
    if (air_left < 0) return length;
    size_t done = (size_t)air_left < length ? (size_t)air_left : length;
    air_left -= (long)done;
    return done;
}

static bool air_erase(unsigned slot, size_t bytes)
{
    (void)bytes;
    size_t done = powered(AIR_SLOT_BYTES);
    memset(air_slots[slot], 0xff, done);
    return done == AIR_SLOT_BYTES;
}

static bool air_write(unsigned slot, size_t at, const uint8_t *bytes, size_t length)
{
    size_t done = powered(length);
    for (size_t i = 0; i < done; i++) air_slots[slot][at + i] &= bytes[i];
    return done == length;
}

static bool air_read(unsigned slot, size_t at, uint8_t *bytes, size_t length)
{
    memcpy(bytes, air_slots[slot] + at, length);
    return true;
}

static void air_mark(unsigned slot)
{
    air_slots[slot][PROGRAM_MARK_AT] &= PROGRAM_HAS_LASTED;
}

static const program_slot air[PROGRAM_SLOTS] = {{air_slots[0], AIR_SLOT_BYTES, air_mark},
                                                {air_slots[1], AIR_SLOT_BYTES, air_mark}};
static const program_flash air_flash = {AIR_SLOT_BYTES, air_erase, air_write, air_read};

static program_choice air_start(void)
{
    air_left = -1;
    REQUIRE(mote_blob_store_mount(&device));
    program_choice choice = mote_program_choose(air);
    mote_program_updatable(&air_flash);
    return choice;
}

/** Whether the running program has saved that it erased the slot: half an erase leaves some of the old bytes. */
static bool air_is_erased;

/** A good program 5 in slot 0, and an older one in slot 1. */
static void air_begin(void)
{
    memset(cells, 0xff, sizeof cells);
    for (unsigned i = 0; i < PROGRAM_SLOTS; i++) {
        uint8_t *at = air_slots[i];
        memset(at, 0xff, AIR_SLOT_BYTES);
        memset(at + PROGRAM_HEADER_BYTES, 1, 32);
        memcpy(at, "MSL0", 4);
        put_32(at + 4, 32);
        put_32(at + 8, mote_crc32_of(0, at + PROGRAM_HEADER_BYTES, 32));
        put_32(at + 12, i == 0 ? 5 : 4);
    }
    air_is_erased = false;
    program_choice choice = air_start();
    REQUIRE(choice.slot == 0 && choice.number == 5 && choice.other_number == 4);
}

static uint8_t air_image[AIR_IMAGE_BYTES];

/** Updates, continuing from what is already there or starting anew. Returns whether the power lasted. */
static bool air_update(void)
{
    int32_t written = air_is_erased ? mote_update_written() : -1;
    air_is_erased = written >= 0;
    if (written < 0 && mote_update_erase(AIR_IMAGE_BYTES) != 0) return false;
    air_is_erased = true;
    for (size_t at = written < 0 ? 0 : (size_t)written / 100 * 100; at < AIR_IMAGE_BYTES; at += 100)
        if (mote_update_write(at, air_image + at, 100) != 0) return false;
    return mote_update_finish(AIR_IMAGE_BYTES, 6) == 0;
}

static void test_air_cuts(void)
{
    unsigned air_cuts = 0;
    for (unsigned i = 0; i < AIR_IMAGE_BYTES; i++) air_image[i] = i % 100 > 80 ? 0xff : (uint8_t)(i * 7);
    for (long cut = 0; cut < AIR_SLOT_BYTES + AIR_IMAGE_BYTES + PROGRAM_HEADER_BYTES; cut++, air_cuts++) {
        air_begin();
        air_left = cut;
        REQUIRE(!air_update());
        REQUIRE(air_start().number == 5);
        REQUIRE(air_update());
        program_choice choice = air_start();
        REQUIRE(choice.slot == 1 && choice.number == 6 && choice.unconfirmed && !choice.on_trial);
        REQUIRE(choice.length == AIR_IMAGE_BYTES && memcmp(choice.image, air_image, AIR_IMAGE_BYTES) == 0);
    }
    printf("updates: whole or not there after %u power cuts\n", air_cuts);
}

static void test_air_confirmation(void)
{
    air_begin();
    REQUIRE(mote_update_erase(AIR_SLOT_BYTES) == -IO_NO_SPACE && mote_program_chosen()->other_number == 4);
    REQUIRE(air_update());
    REQUIRE(air_start().slot == 1 && mote_update_erase(10) == -IO_PERMISSION_DENIED);
    mote_program_confirm_chosen(); /* lasting or sleeping is not enough to confirm the program */
    REQUIRE(!mote_program_is_overdue(PROGRAM_CONFIRM_TRIALS * PROGRAM_TRIAL_MS - 1, PROGRAM_TRIAL_MS));
    REQUIRE(mote_program_is_overdue(PROGRAM_CONFIRM_TRIALS * PROGRAM_TRIAL_MS, PROGRAM_TRIAL_MS));
    for (unsigned i = 1; i < PROGRAM_ATTEMPTS; i++) REQUIRE(air_start().slot == 1);
    program_choice choice = air_start();
    REQUIRE(choice.slot == 0 && choice.fallback != NULL && choice.other_number == 6);

    air_begin();
    REQUIRE(air_update() && air_start().slot == 1);
    mote_program_confirm_itself();
    REQUIRE(air_slots[1][PROGRAM_MARK_AT] == PROGRAM_HAS_LASTED);
    REQUIRE(!mote_program_is_overdue(UINT64_MAX, PROGRAM_TRIAL_MS) && mote_update_erase(10) == 0);
    for (unsigned i = 0; i < 10; i++) REQUIRE(air_start().slot == 1);
    puts("updates: one that confirms itself stays, one that does not goes after its third start");
}

int main(void)
{
    srand(20261123);
    test_cuts();
    test_full();
    test_slots();
    test_marks();
    test_full_at_start();
    test_silent_flash();
    test_air_cuts();
    test_air_confirmation();
    puts("done");
    return 0;
}
