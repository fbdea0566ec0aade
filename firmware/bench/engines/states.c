/* Finds frames in a stream of bytes: start, length, body with escapes, checksum. Bytes outside frames are skipped. */
#include "program.h"

enum { ROUNDS = 20, STREAM = 256, MOST = 8 };
enum { START = 0x7e, ESCAPE = 0x7d, FLIP = 0x20 };
enum { IDLE, LENGTH, BODY, ESCAPED, CHECK };

static uint8_t stream[STREAM];
static int32_t state, left, check, body, frames, faults, sum;

static void begin(void)
{
    state = LENGTH;
    body = 0;
    check = 0;
}

static void fail(void)
{
    faults++;
    state = IDLE;
}

static void take_body(int32_t byte)
{
    body = add_to(body, byte);
    check = (check + byte) & 255;
    left--;
    state = left == 0 ? CHECK : BODY;
}

static void take(int32_t byte)
{
    switch (state) {
    case IDLE:
        if (byte == START) begin();
        break;
    case LENGTH:
        left = byte;
        if (byte == 0 || byte > MOST) fail();
        else state = BODY;
        break;
    case BODY:
        if (byte == START) {
            faults++;
            begin();
        } else if (byte == ESCAPE) {
            state = ESCAPED;
        } else {
            take_body(byte);
        }
        break;
    case ESCAPED: take_body(byte ^ FLIP); break;
    default:
        if (byte != check) {
            fail();
            break;
        }
        frames++;
        sum = add_to(sum, body);
        state = IDLE;
    }
}

/** Writes frames of growing length; every fourth has a wrong checksum. */
static void fill(int32_t round)
{
    int32_t at = 0;
    for (int32_t frame = 0; at + 2 * MOST + 3 <= STREAM; frame++) {
        int32_t length = 1 + ((frame + round) & (MOST - 1)), total = 0;
        stream[at++] = START;
        stream[at++] = (uint8_t)length;
        for (int32_t i = 0; i < length; i++) {
            int32_t byte = (i * 59 + frame * 31 + round * 7) & 255;
            total = (total + byte) & 255;
            if (byte == START || byte == ESCAPE) {
                stream[at++] = ESCAPE;
                byte ^= FLIP;
            }
            stream[at++] = (uint8_t)byte;
        }
        stream[at++] = (uint8_t)((frame & 3) == 3 ? total ^ 1 : total);
    }
    while (at < STREAM) stream[at++] = (uint8_t)round;
}

int32_t bench_program(void)
{
    sum = 0;
    frames = 0;
    faults = 0;
    for (int32_t round = 0; round < ROUNDS; round++) {
        fill(round);
        state = IDLE;
        for (int32_t i = 0; i < STREAM; i++) take(stream[i]);
    }
    return add_to(add_to(sum, frames), faults);
}
