/*
 * Mutates inputs of the targets `client` and `server`: events (test/fuzz/events.ts) whose datagrams consist of records,
 * whose handshake records consist of messages (messages.c). A change happens at one of these levels; most of the time,
 * the lengths around it are adjusted.
 */
#include "harness.h"
#include "mutations.h"

#include <string.h>

enum { MOST_EVENTS = 12, RECORD_HEADER = 13, EXPLICIT_NONCE = 8, TAG = 8, DATAGRAM = 0 };

static bool enabled;

void fuzz_mutate_datagrams(bool on)
{
    enabled = on;
}

static uint32_t random_state;

uint32_t draw(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return below == 0 ? 0 : random_state % below;
}

uint32_t get(const uint8_t *at, unsigned width)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < width; i++) value = value << 8 | at[i];
    return value;
}

void put(uint8_t *at, uint32_t value, unsigned width)
{
    for (unsigned i = width; i > 0; i--, value >>= 8) at[i - 1] = (uint8_t)value;
}

/* Bytes. */

/** Replaces `removed` bytes at `at` by those of `from`. False if there is no room; nothing is changed then. */
static bool splice(text *in, size_t at, size_t removed, const uint8_t *from, size_t length)
{
    if (in->length - removed + length > MOST_BYTES) return false;
    memmove(in->bytes + at + length, in->bytes + at + removed, in->length - at - removed);
    if (length > 0) memcpy(in->bytes + at, from, length);
    in->length = in->length - removed + length;
    return true;
}

/* Events. */

static unsigned find_events(const text *in, range *events)
{
    unsigned count = 0;
    size_t at = 1; /* the first byte chooses the state */
    while (at < in->length && count < MOST_EVENTS) {
        size_t start = at++;
        if ((in->bytes[start] & 3) == DATAGRAM) {
            size_t left = in->length - at, length = left < 2 ? 0 : get(in->bytes + at, 2);
            at += left < 2 ? left : 2;
            at += length < in->length - at ? length : in->length - at;
        }
        events[count++] = (range){start, at};
    }
    return count;
}

static const range *pick(const range *from, unsigned count)
{
    return from + draw(count);
}

static void mutate_events(text *in, const range *events, unsigned count)
{
    static text copy;
    const range *one = pick(events, count), *other = pick(events, count);
    uint8_t plain = (uint8_t)(draw(32) << 3 | (1 + draw(3)));
    if (count == 0 || draw(4) == 0) {
        (void)splice(in, count == 0 || draw(2) == 0 ? in->length : one->start, 0, &plain, 1);
        return;
    }
    copy = *in;
    switch (draw(4)) {
    case 0: (void)splice(in, one->start, one->end - one->start, NULL, 0); break;
    case 1: (void)splice(in, other->start, 0, copy.bytes + one->start, one->end - one->start); break;
    case 2: (void)splice(in, in->length, 0, copy.bytes + one->start, one->end - one->start); break;
    default: in->bytes[one->start] ^= (uint8_t)(8u << draw(5)); break; /* detail */
    }
}

/* Records of a datagram that begins at `start` and ends at `end`. */

static unsigned find_records(const text *in, range datagram, record *records)
{
    unsigned count = 0;
    size_t at = datagram.start;
    while (datagram.end - at >= RECORD_HEADER && count < MOST_RECORDS) {
        size_t length = get(in->bytes + at + 11, 2), end = at + RECORD_HEADER + length;
        if (end > datagram.end) break;
        record *found = &records[count++];
        *found = (record){at, at + RECORD_HEADER, end, end};
        if (get(in->bytes + at + 3, 2) > 0 && length >= EXPLICIT_NONCE + TAG) {
            found->body += EXPLICIT_NONCE;
            found->body_end -= TAG;
        }
        at = end;
    }
    return count;
}

/** The datagram of an event, after its kind and length. */
static range datagram_of(range event)
{
    size_t start = event.start + 3 < event.end ? event.start + 3 : event.end;
    return (range){start, event.end};
}

bool change(text *in, range event, size_t at, size_t removed, const uint8_t *from, size_t length)
{
    if (!splice(in, at, removed, from, length)) return false;
    put(in->bytes + event.start + 1, (uint32_t)(event.end - event.start - 3 + length - removed), 2);
    return true;
}

static void mutate_header(uint8_t *header)
{
    static const uint16_t versions[] = {0xfefd, 0xfeff, 0xfefc, 0x0303, 0x0000};
    static const uint16_t epochs[] = {0, 1, 2, 0xffff};
    switch (draw(6)) {
    case 0: header[0] = (uint8_t)(19 + draw(7)); break;
    case 1: put(header + 1, versions[draw(5)], 2); break;
    case 2: put(header + 3, epochs[draw(4)], 2); break;
    case 3: put(header + 7, draw(200), 4); break;
    case 4: put(header + 5 + draw(3), 0xffffffff, draw(4)); break;
    default: put(header + 11, get(header + 11, 2) + draw(9) - 4, 2); break;
    }
}

static void mutate_records(text *in, range event, const record *records, unsigned count)
{
    static text copy;
    const record *one = records + draw(count), *other = records + draw(count);
    copy = *in;
    switch (draw(6)) {
    case 0: (void)change(in, event, one->start, one->end - one->start, NULL, 0); break;
    case 1: (void)change(in, event, other->start, 0, copy.bytes + one->start, one->end - one->start); break;
    case 2: /* a record in a datagram of its own */
        if (one->start == event.start + 3) break;
        if (!splice(in, one->start, 0, (const uint8_t *)"\0\0", 3)) break;
        put(in->bytes + one->start + 1, (uint32_t)(event.end - one->start), 2);
        put(in->bytes + event.start + 1, (uint32_t)(one->start - event.start - 3), 2);
        break;
    default: mutate_header(in->bytes + one->start); break;
    }
}

/** Changes a record without messages: an alert, application data, or no valid record at all. */
static void mutate_plain(text *in, range event, const record *of)
{
    static uint8_t body[2048];
    size_t length = of->body_end - of->body;
    if (length > sizeof body / 2) return;
    memcpy(body, in->bytes + of->body, length);
    size_t changed = LLVMFuzzerMutate(body, length, sizeof body / 2);
    if (!change(in, event, of->body, length, body, changed)) return;
    uint8_t *field = in->bytes + of->start + 11;
    if (draw(8) != 0) put(field, get(field, 2) + (uint32_t)(changed - length), 2);
}

static void mutate_datagram(text *in, range event)
{
    record records[MOST_RECORDS];
    range messages[MOST_RECORDS];
    unsigned count = find_records(in, datagram_of(event), records);
    if (count == 0) return;
    const record *one = records + draw(count);
    unsigned found = find_messages(in, one, messages);
    if (draw(3) == 0) mutate_records(in, event, records, count);
    else if (found == 0) mutate_plain(in, event, one);
    else mutate_message(in, event, one, *pick(messages, found));
}

static size_t leave(const text *in, uint8_t *data, size_t max_size)
{
    size_t size = in->length < max_size ? in->length : max_size;
    memcpy(data, in->bytes, size);
    return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    static text in;
    random_state = seed * 2654435761u | 1u;
    if (!enabled || size < 2 || size > MOST_BYTES || draw(16) == 0) return LLVMFuzzerMutate(data, size, max_size);
    memcpy(in.bytes, data, size);
    in.length = size;
    for (uint32_t changes = 1 + draw(3); changes > 0; changes--) {
        range events[MOST_EVENTS];
        unsigned count = find_events(&in, events);
        const range *event = pick(events, count);
        bool is_datagram = count > 0 && (in.bytes[event->start] & 3) == DATAGRAM && event->end - event->start > 3;
        if (draw(64) == 0) in.bytes[0] = (uint8_t)draw(16);
        else if (!is_datagram || draw(4) == 0) mutate_events(&in, events, count);
        else mutate_datagram(&in, *event);
    }
    return leave(&in, data, max_size);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other, size_t other_size,
                                 uint8_t *out, size_t max_size, unsigned seed);
/** Crossover: the first events of one input, followed by the last ones of another. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other, size_t other_size,
                                 uint8_t *out, size_t max_size, unsigned seed)
{
    static text first, second;
    range events[MOST_EVENTS];
    random_state = seed * 2654435761u | 1u;
    if (one_size > MOST_BYTES || other_size > MOST_BYTES || one_size == 0 || other_size == 0) return 0;
    memcpy(first.bytes, one, one_size);
    first.length = one_size;
    memcpy(second.bytes, other, other_size);
    second.length = other_size;
    unsigned count = find_events(&first, events);
    size_t end = count == 0 || draw(4) == 0 ? first.length : pick(events, count)->end;
    count = find_events(&second, events);
    size_t start = count == 0 ? second.length : pick(events, count)->start;
    if (!enabled) end = draw((uint32_t)one_size) + 1, start = draw((uint32_t)other_size);
    (void)splice(&first, end, first.length - end, second.bytes + start, second.length - start);
    return leave(&first, out, max_size);
}
