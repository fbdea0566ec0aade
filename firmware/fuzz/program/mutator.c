/*
 * Mutates inputs of the targets `client` and `server`: events (test/fuzz/events.ts) whose datagrams are records, whose
 * handshake records are messages, whose bodies have vectors. A change happens at one of these levels; the lengths
 * around it are made to fit again, most of the time.
 */
#include "harness.h"

#include <string.h>

enum { MOST_EVENTS = 12, MOST_BYTES = 8192, RECORD_HEADER = 13, MESSAGE_HEADER = 12, EXPLICIT_NONCE = 8, TAG = 8 };
enum { DATAGRAM = 0, HANDSHAKE = 22 };

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

static bool enabled;

void fuzz_mutate_datagrams(bool on)
{
    enabled = on;
}

static uint32_t random_state;

static uint32_t draw(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return below == 0 ? 0 : random_state % below;
}

static uint32_t get(const uint8_t *at, unsigned width)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < width; i++) value = value << 8 | at[i];
    return value;
}

static void put(uint8_t *at, uint32_t value, unsigned width)
{
    for (unsigned i = width; i > 0; i--, value >>= 8) at[i - 1] = (uint8_t)value;
}

/** Bytes that grow and shrink in place. */
typedef struct {
    uint8_t bytes[MOST_BYTES];
    size_t length;
} text;

/** Replaces `removed` bytes at `at` by those of `from`. False, and nothing done, when there is no room. */
static bool splice(text *in, size_t at, size_t removed, const uint8_t *from, size_t length)
{
    if (in->length - removed + length > MOST_BYTES) return false;
    memmove(in->bytes + at + length, in->bytes + at + removed, in->length - at - removed);
    if (length > 0) memcpy(in->bytes + at, from, length);
    in->length = in->length - removed + length;
    return true;
}

/** Bytes [start, end) of something. */
typedef struct {
    size_t start, end;
} range;

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

typedef struct {
    size_t start, body, end; /* body: of its plaintext */
    size_t body_end;
} record;

enum { MOST_RECORDS = 32 };

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

/** The datagram of an event: behind kind and length. */
static range datagram_of(const text *in, range event)
{
    size_t start = event.start + 3 < event.end ? event.start + 3 : event.end;
    (void)in;
    return (range){start, event.end};
}

/** Replaces bytes of a datagram and keeps the event's length true. */
static bool change(text *in, range event, size_t at, size_t removed, const uint8_t *from, size_t length)
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

/* Handshake messages of a record. */

static unsigned find_messages(const text *in, const record *of, range *messages)
{
    unsigned count = 0;
    size_t at = of->body;
    if (in->bytes[of->start] != HANDSHAKE) return 0;
    while (of->body_end - at >= MESSAGE_HEADER && count < MOST_RECORDS) {
        size_t end = at + MESSAGE_HEADER + get(in->bytes + at + 9, 3);
        if (end > of->body_end) break;
        messages[count++] = (range){at, end};
        at = end;
    }
    return count;
}

static void mutate_message_header(uint8_t *header)
{
    static const uint8_t types[] = {0, 1, 2, 3, 4, 11, 12, 13, 14, 15, 16, 20, 21, 255};
    static const uint16_t numbers[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x7fff, 0xfffe, 0xffff};
    uint32_t length = get(header + 1, 3), offset = get(header + 6, 3), fragment = get(header + 9, 3);
    switch (draw(6)) {
    case 0: header[0] = types[draw(sizeof types)]; break;
    case 1: put(header + 4, numbers[draw(13)], 2); break;
    case 2: put(header + 4, get(header + 4, 2) + draw(5) - 2, 2); break;
    case 3: put(header + 1, draw(2) == 0 ? length + draw(65) - 32 : draw(1200), 3); break;
    case 4: put(header + 6, draw(2) == 0 ? draw(length + 2) : offset + draw(5) - 2, 3); break;
    default: put(header + 9, fragment + draw(9) - 4, 3); break;
    }
}

/** Replaces bytes of a message; lengths of message, fragment, record and datagram follow. */
static void change_message(text *in, range event, const record *of, range message, size_t at, size_t removed,
                           const uint8_t *from, size_t length)
{
    uint8_t *header = in->bytes + message.start;
    uint32_t grown = (uint32_t)(length - removed);
    if (!change(in, event, at, removed, from, length)) return;
    bool whole = get(header + 1, 3) == get(header + 9, 3);
    put(header + 9, get(header + 9, 3) + grown, 3);
    if (whole) put(header + 1, get(header + 1, 3) + grown, 3);
    put(in->bytes + of->start + 11, get(in->bytes + of->start + 11, 2) + grown, 2);
}

/** Cuts a message into two fragments. */
static void cut_message(text *in, range event, const record *of, range message)
{
    size_t length = message.end - message.start - MESSAGE_HEADER;
    if (length < 2) return;
    uint32_t first = 1 + draw((uint32_t)length - 1);
    uint8_t header[MESSAGE_HEADER];
    memcpy(header, in->bytes + message.start, MESSAGE_HEADER);
    put(header + 6, get(header + 6, 3) + first, 3);
    put(header + 9, (uint32_t)length - first, 3);
    if (!change(in, event, message.start + MESSAGE_HEADER + first, 0, header, MESSAGE_HEADER)) return;
    put(in->bytes + message.start + 9, first, 3);
    put(in->bytes + of->start + 11, get(in->bytes + of->start + 11, 2) + MESSAGE_HEADER, 2);
}

/* Vectors of a message body: where a length field may stand, and how wide it is. */

typedef struct {
    size_t at; /* of the length field */
    unsigned width;
    size_t outer; /* index of the vector around it, or itself */
} vector;

enum { MOST_VECTORS = 24 };

static bool add_vector(const text *in, vector *list, unsigned *count, size_t *at, size_t end, unsigned width)
{
    if (*count == MOST_VECTORS || end - *at < width) return false;
    size_t length = get(in->bytes + *at, width);
    if (end - *at - width < length) return false;
    list[*count] = (vector){*at, width, *count};
    (*count)++;
    *at += width + length;
    return true;
}

static void add_extensions(const text *in, vector *list, unsigned *count, size_t at, size_t end)
{
    size_t outer = *count, inner = at + 2;
    if (!add_vector(in, list, count, &at, end, 2)) return;
    end = at;
    while (end - inner >= 4) {
        inner += 2;
        if (!add_vector(in, list, count, &inner, end, 2)) return;
        list[*count - 1].outer = outer;
    }
}

static unsigned find_vectors(const text *in, range message, vector *list)
{
    unsigned count = 0;
    size_t at = message.start + MESSAGE_HEADER, end = message.end;
    switch (in->bytes[message.start]) {
    case 1: /* client_hello */
        if (end - at < 34) return 0;
        at += 34;
        if (add_vector(in, list, &count, &at, end, 1) && add_vector(in, list, &count, &at, end, 1) &&
            add_vector(in, list, &count, &at, end, 2) && add_vector(in, list, &count, &at, end, 1))
            add_extensions(in, list, &count, at, end);
        return count;
    case 2: /* server_hello */
        if (end - at < 34) return 0;
        at += 34;
        if (add_vector(in, list, &count, &at, end, 1) && end - at >= 3) add_extensions(in, list, &count, at + 3, end);
        return count;
    case 3: /* hello_verify_request */
        if (end - at < 2) return 0;
        at += 2;
        (void)add_vector(in, list, &count, &at, end, 1);
        return count;
    case 12: /* server_key_exchange, client_key_exchange */
    case 16: (void)add_vector(in, list, &count, &at, end, 2); return count;
    default: return 0;
    }
}

/** Other content for a vector: changed, empty, longer, or twice the same; for extensions also one more. */
static void mutate_vector(text *in, range event, const record *of, range message, const vector *list, unsigned count)
{
    static uint8_t content[2048];
    static const uint8_t known[] = {0, 1, 0, 10, 0, 13, 0, 16, 0, 23, 0, 35, 0, 43, 0, 54, 0xff, 1};
    unsigned index = draw(count);
    const vector *one = &list[index], *outer = &list[one->outer];
    size_t length = get(in->bytes + one->at, one->width), was = length;
    size_t most = one->width == 1 ? 255 : 1400;
    if (length > most) return;
    memcpy(content, in->bytes + one->at + one->width, length);
    switch (draw(5)) {
    case 0: length = 0; break;
    case 1:
        if (length * 2 <= most) {
            memcpy(content + length, content, length);
            length *= 2;
        }
        break;
    case 2: /* an extension, a suite or a method more */
        if (length + 5 <= most) {
            memcpy(content + length, known + 2 * draw(sizeof known / 2), 2);
            memcpy(content + length + 2, "\0\1\0", 3);
            length += draw(2) == 0 ? 5 : 2;
        }
        break;
    default: length = LLVMFuzzerMutate(content, length, most); break;
    }
    uint32_t grown = (uint32_t)(length - was);
    size_t at = one->at, outer_at = outer->at;
    unsigned width = one->width, outer_width = outer->width;
    bool nested = one != outer;
    size_t before = in->length;
    change_message(in, event, of, message, at + width, was, content, length);
    if (in->length != before + length - was || draw(8) == 0) return;
    put(in->bytes + at, (uint32_t)length, width);
    if (nested) put(in->bytes + outer_at, get(in->bytes + outer_at, outer_width) + grown, outer_width);
}

static void mutate_body(text *in, range event, const record *of, range message)
{
    static uint8_t body[2048];
    size_t at = message.start + MESSAGE_HEADER, length = message.end - at;
    if (length > sizeof body / 2) return;
    memcpy(body, in->bytes + at, length);
    size_t changed = LLVMFuzzerMutate(body, length, sizeof body / 2);
    change_message(in, event, of, message, at, length, body, changed);
}

static void mutate_message(text *in, range event, const record *of, range message)
{
    vector list[MOST_VECTORS];
    unsigned count = find_vectors(in, message, list);
    uint32_t what = draw(count > 0 ? 10 : 6);
    if (what < 3) mutate_message_header(in->bytes + message.start);
    else if (what == 3) cut_message(in, event, of, message);
    else if (what < 6) mutate_body(in, event, of, message);
    else mutate_vector(in, event, of, message, list, count);
}

/** Bytes of a record without messages: alerts, application data, what is no record at all. */
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
    unsigned count = find_records(in, datagram_of(in, event), records);
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
/** The first events of one input, then the last ones of another. */
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
