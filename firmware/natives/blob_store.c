#include "blob_store.h"
#include "crc.h"
#include "port.h"

#include <string.h>

/*
 * Bank: magic 4, generation 4, checksum 4, then entries. Entry: length 2, name length 1, kind 1, name, value, zeros as
 * padding to 4 bytes, checksum 4. Integers are little-endian; checksums are CRC-32 (as in zlib).
 */
enum { BANK_HEADER = 12, ENTRY_HEADER = 4, CHECKSUM = 4, KIND_VALUE = 1, KIND_REMOVED = 2, MOST_NAME = 14, CHUNK = 32 };
#define MAGIC 0x3165746du

typedef struct {
    uint32_t at, value; /* offsets in the bank */
    uint16_t length;
    uint8_t name_length, kind;
    char name[MOST_NAME + 1];
} entry;

static const flash *device;
static unsigned active;
static uint32_t generation;
static uint32_t end; /* where the next entry goes; the bank's size if an incomplete entry follows the last one */

static uint32_t read_32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void write_32(uint8_t *at, uint32_t number)
{
    for (unsigned i = 0; i < 4; i++) at[i] = (uint8_t)(number >> 8 * i);
}

static uint32_t body_bytes(const entry *e)
{
    return (ENTRY_HEADER + (uint32_t)e->name_length + e->length + 3u) & ~3u;
}

static uint32_t entry_bytes(const entry *e)
{
    return body_bytes(e) + CHECKSUM;
}

/** Checksum of `length` bytes in the bank. */
static bool sum_of(unsigned bank, uint32_t at, uint32_t length, uint32_t *sum)
{
    uint8_t chunk[CHUNK];
    *sum = 0;
    for (uint32_t done = 0; done < length;) {
        uint32_t take = length - done < CHUNK ? length - done : CHUNK;
        if (!device->read(bank, at + done, chunk, take)) return false;
        *sum = mote_crc32_of(*sum, chunk, take);
        done += take;
    }
    return true;
}

static bool is_erased(unsigned bank, uint32_t at)
{
    uint8_t chunk[CHUNK];
    for (; at < device->bank_bytes; at += CHUNK) {
        uint32_t take = device->bank_bytes - at < CHUNK ? device->bank_bytes - at : CHUNK;
        if (!device->read(bank, at, chunk, take)) return false;
        for (uint32_t i = 0; i < take; i++)
            if (chunk[i] != 0xff) return false;
    }
    return true;
}

/** Reads the entry at an offset; false if there is no complete one. */
static bool read_entry(unsigned bank, uint32_t at, entry *e)
{
    uint8_t head[ENTRY_HEADER], stored[CHECKSUM];
    uint32_t sum;
    if (at + ENTRY_HEADER > device->bank_bytes || !device->read(bank, at, head, sizeof head)) return false;
    e->at = at;
    e->length = (uint16_t)(head[0] | head[1] << 8);
    e->name_length = head[2];
    e->kind = head[3];
    if (e->name_length < 1 || e->name_length > MOST_NAME || entry_bytes(e) > device->bank_bytes - at) return false;
    e->value = at + ENTRY_HEADER + e->name_length;
    memset(e->name, 0, sizeof e->name);
    if (!device->read(bank, at + ENTRY_HEADER, (uint8_t *)e->name, e->name_length)) return false;
    if (!sum_of(bank, at, body_bytes(e), &sum) || !device->read(bank, at + body_bytes(e), stored, CHECKSUM))
        return false;
    return sum == read_32(stored);
}

/** `valid` tells whether the bank has a header. Returns false if the flash fails. */
static bool read_bank(unsigned bank, uint32_t *number, bool *valid)
{
    uint8_t head[BANK_HEADER];
    if (!device->read(bank, 0, head, sizeof head)) return false;
    *number = read_32(head + 4);
    *valid = read_32(head) == MAGIC && mote_crc32_of(0, head, 8) == read_32(head + 8);
    return true;
}

static bool write_bank_header(unsigned bank, uint32_t number)
{
    uint8_t head[BANK_HEADER];
    write_32(head, MAGIC);
    write_32(head + 4, number);
    write_32(head + 8, mote_crc32_of(0, head, 8));
    return device->program(bank, 0, head, sizeof head);
}

static void find_end(void)
{
    entry e;
    end = BANK_HEADER;
    while (read_entry(active, end, &e)) end += entry_bytes(&e);
    if (!is_erased(active, end)) end = device->bank_bytes;
}

static bool format(void)
{
    active = 0;
    generation = 1;
    end = BANK_HEADER;
    return device->erase(0) && write_bank_header(0, generation);
}

bool mote_blob_store_mount(const flash *store)
{
    uint32_t numbers[2];
    device = store;
    bool first, second;
    if (!read_bank(0, &numbers[0], &first) || !read_bank(1, &numbers[1], &second)) return false;
    if (!first && !second) return format();
    active = !first || (second && (int32_t)(numbers[1] - numbers[0]) > 0);
    generation = numbers[active];
    find_end();
    return true;
}

/** Finds the newest entry with that name. */
static bool find(const char *name, entry *found)
{
    entry e;
    bool any = false;
    for (uint32_t at = BANK_HEADER; read_entry(active, at, &e); at += entry_bytes(&e)) {
        if (strcmp(e.name, name) != 0) continue;
        *found = e;
        any = true;
    }
    return any;
}

/** The source of an entry's value: memory, or the bank it is moved from. */
typedef struct {
    const uint8_t *memory;
    unsigned bank;
    uint32_t offset;
} source;

typedef struct {
    unsigned bank;
    uint32_t at, sum;
} writer;

static bool put(writer *w, const uint8_t *bytes, uint32_t length)
{
    w->sum = mote_crc32_of(w->sum, bytes, length);
    bool done = length == 0 || device->program(w->bank, w->at, bytes, length);
    w->at += length;
    return done;
}

static bool put_value(writer *w, const entry *e, const source *from)
{
    uint8_t chunk[CHUNK];
    if (from->memory != NULL) return put(w, from->memory, e->length);
    for (uint32_t done = 0; done < e->length;) {
        uint32_t take = e->length - done < CHUNK ? e->length - done : CHUNK;
        if (!device->read(from->bank, from->offset + done, chunk, take) || !put(w, chunk, take)) return false;
        done += take;
    }
    return true;
}

static bool write_entry(unsigned bank, uint32_t at, const entry *e, const source *from)
{
    static const uint8_t zeros[4];
    const uint8_t head[ENTRY_HEADER] = {(uint8_t)e->length, (uint8_t)(e->length >> 8), e->name_length, e->kind};
    uint8_t sum[CHECKSUM];
    writer w = {bank, at, 0};
    bool done = put(&w, head, sizeof head) && put(&w, (const uint8_t *)e->name, e->name_length) &&
                put_value(&w, e, from) && put(&w, zeros, at + body_bytes(e) - w.at);
    write_32(sum, w.sum);
    return done && device->program(bank, w.at, sum, CHECKSUM);
}

/**
 * Copies live entries, except that named `without`, to the other bank. The old bank stays valid until the header is
 * written.
 */
static bool move_living(unsigned to, const char *without, uint32_t *at)
{
    entry e, newest;
    *at = BANK_HEADER;
    if (!device->erase(to)) return false;
    for (uint32_t from = BANK_HEADER; read_entry(active, from, &e); from += entry_bytes(&e)) {
        if (e.kind != KIND_VALUE || strcmp(e.name, without) == 0) continue;
        if (!find(e.name, &newest) || newest.at != e.at) continue;
        const source old = {NULL, active, e.value};
        if (!write_entry(to, *at, &e, &old)) return false;
        *at += entry_bytes(&e);
    }
    return true;
}

/** Number of bytes that move_living would copy. */
static uint32_t living_bytes(const char *without)
{
    entry e, newest;
    uint32_t bytes = 0;
    for (uint32_t from = BANK_HEADER; read_entry(active, from, &e); from += entry_bytes(&e)) {
        if (e.kind != KIND_VALUE || strcmp(e.name, without) == 0) continue;
        if (find(e.name, &newest) && newest.at == e.at) bytes += entry_bytes(&e);
    }
    return bytes;
}

/** Writes the live entries and, unless it is a removal, the new entry to the other bank. */
static int32_t write_moved(const entry *e, const source *from)
{
    unsigned to = 1 - active;
    uint32_t at;
    uint32_t needed = BANK_HEADER + living_bytes(e->name) + (e->kind == KIND_VALUE ? entry_bytes(e) : 0);
    if (needed > device->bank_bytes) return -IO_NO_SPACE; /* before anything is erased */
    if (!move_living(to, e->name, &at)) return -IO_FAILED;
    if (e->kind == KIND_VALUE) {
        if (!write_entry(to, at, e, from)) return -IO_FAILED;
        at += entry_bytes(e);
    }
    if (!write_bank_header(to, generation + 1)) return -IO_FAILED;
    active = to;
    generation++;
    end = at;
    return 0;
}

static int32_t write(const char *name, uint8_t kind, const uint8_t *value, size_t length)
{
    entry e = {.length = (uint16_t)length, .name_length = (uint8_t)strlen(name), .kind = kind};
    const source from = {value, 0, 0};
    memcpy(e.name, name, e.name_length);
    if (length > UINT16_MAX || BANK_HEADER + entry_bytes(&e) > device->bank_bytes) return -IO_NO_SPACE;
    if (entry_bytes(&e) > device->bank_bytes - end) return write_moved(&e, &from);
    bool done = write_entry(active, end, &e, &from);
    end = done ? end + entry_bytes(&e) : device->bank_bytes; /* nothing can follow an incomplete entry */
    return done ? 0 : -IO_FAILED;
}

int32_t mote_storage_load(const char *name, uint8_t *target, size_t size)
{
    entry e;
    if (!find(name, &e) || e.kind != KIND_VALUE) return -IO_NOT_FOUND;
    size_t take = size < e.length ? size : e.length;
    if (take > 0 && !device->read(active, e.value, target, take)) return -IO_FAILED;
    return e.length;
}

int32_t mote_storage_save(const char *name, const uint8_t *value, size_t length)
{
    static const uint8_t nothing;
    return write(name, KIND_VALUE, length == 0 ? &nothing : value, length);
}

int32_t mote_storage_remove(const char *name)
{
    static const uint8_t nothing;
    entry e;
    if (!find(name, &e) || e.kind != KIND_VALUE) return 0;
    return write(name, KIND_REMOVED, &nothing, 0);
}
