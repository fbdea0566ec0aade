/*
 * Mutates handshake messages and the vectors in their bodies. Most of the time, the lengths around a change are
 * adjusted.
 */
#include "mutations.h"

#include <string.h>

enum { HANDSHAKE = 22 };

unsigned find_messages(const text *in, const record *of, range *messages)
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

/** Replaces bytes of a message; the lengths of message, fragment, record and datagram are adjusted. */
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

/** Gives a vector other content: changed, empty, longer, or repeated; or adds an extension. */
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
    case 2: /* one more extension, suite or method */
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

void mutate_message(text *in, range event, const record *of, range message)
{
    vector list[MOST_VECTORS];
    unsigned count = find_vectors(in, message, list);
    uint32_t what = draw(count > 0 ? 10 : 6);
    if (what < 3) mutate_message_header(in->bytes + message.start);
    else if (what == 3) cut_message(in, event, of, message);
    else if (what < 6) mutate_body(in, event, of, message);
    else mutate_vector(in, event, of, message, list, count);
}
