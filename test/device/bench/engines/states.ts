/* A state machine: reads frames (start, length, body with escapes, check) from a stream of bytes, and skips bytes outside of them. */
import { addTo, measure } from "./measure.js"

const ROUNDS = 20
const STREAM = 256
const MOST = 8
const START = 0x7e
const ESCAPE = 0x7d
const FLIP = 0x20

enum State {
    idle,
    length,
    body,
    escaped,
    check,
}

class Frames {
    state = State.idle
    frames = 0
    faults = 0
    sum = 0
    private left = 0
    private check = 0
    private body = 0

    begin(): void {
        this.state = State.length
        this.body = 0
        this.check = 0
    }

    fail(): void {
        this.faults++
        this.state = State.idle
    }

    take(byte: number): void {
        if (this.state === State.body) this.takeInBody(byte)
        else if (this.state === State.idle) {
            if (byte === START) this.begin()
        } else if (this.state === State.length) this.takeLength(byte)
        else if (this.state === State.escaped) this.takeBody(byte ^ FLIP)
        else this.takeCheck(byte)
    }

    takeLength(byte: number): void {
        this.left = byte
        if (byte === 0 || byte > MOST) this.fail()
        else this.state = State.body
    }

    takeInBody(byte: number): void {
        if (byte === START) {
            this.faults++
            this.begin()
        } else if (byte === ESCAPE) this.state = State.escaped
        else this.takeBody(byte)
    }

    takeBody(byte: number): void {
        this.body = addTo(this.body, byte)
        this.check = (this.check + byte) & 255
        this.left--
        this.state = this.left === 0 ? State.check : State.body
    }

    takeCheck(byte: number): void {
        if (byte !== this.check) return this.fail()
        this.frames++
        this.sum = addTo(this.sum, this.body)
        this.state = State.idle
    }
}

/** Writes a frame. @returns the position after it */
function fillFrame(stream: Buffer, begin: number, frame: number, round: number): number {
    const length = 1 + ((frame + round) & (MOST - 1))
    let at = begin
    let total = 0
    stream[at++] = START
    stream[at++] = length
    for (let i = 0; i < length; i++) {
        let byte = (i * 59 + frame * 31 + round * 7) & 255
        total = (total + byte) & 255
        if (byte === START || byte === ESCAPE) {
            stream[at++] = ESCAPE
            byte ^= FLIP
        }
        stream[at++] = byte
    }
    stream[at++] = (frame & 3) === 3 ? total ^ 1 : total
    return at
}

/** Frames of growing length; every fourth has a wrong check. */
function fill(stream: Buffer, round: number): void {
    let at = 0
    for (let frame = 0; at + 2 * MOST + 3 <= STREAM; frame++) at = fillFrame(stream, at, frame, round)
    while (at < STREAM) stream[at++] = round
}

function states(): number {
    const stream = Buffer.alloc(STREAM)
    const frames = new Frames()
    for (let round = 0; round < ROUNDS; round++) {
        fill(stream, round)
        frames.state = State.idle
        for (let i = 0; i < STREAM; i++) frames.take(stream[i])
    }
    return addTo(addTo(frames.sum, frames.frames), frames.faults)
}

measure(states)
