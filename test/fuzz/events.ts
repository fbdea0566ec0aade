import { join } from "../../src/dtls/bytes/bytes.js"
import { Reader } from "../../src/dtls/bytes/reader.js"
import { Writer } from "../../src/dtls/bytes/writer.js"

/*
 * An input of the targets `client` and `server`: events, one behind the other. The first byte is the kind (low three
 * bits) and a detail (the others). Any bytes are events: what is missing at the end is 0 or shorter.
 * firmware/fuzz/program/mutator.c knows this form.
 */

export enum EventKind {
    /** a datagram: length 2, bytes; `detail` is the number of the address it comes from */
    datagram = 0,
    /** time goes on by `detail` × 100 ms, then tick */
    tick = 1,
    /** time goes on to the deadline, then tick */
    deadline = 2,
    /** the application does something: see Application */
    application = 3,
}

export enum Application {
    send = 0,
    shutdownWrite = 1,
    shutdownBoth = 2,
    answerRight = 3,
    answerWrong = 4,
    answerNone = 5,
    exporter = 6,
}

export interface FuzzEvent {
    kind: EventKind
    /** 0 to 31 */
    detail: number
    data: Buffer
}

/** Most events of one input that are run: time per execution stays bounded. */
const MOST_EVENTS = 12

export function readEvents(input: Buffer): FuzzEvent[] {
    const reader = new Reader(input, 0, input.length)
    const events: FuzzEvent[] = []
    while (reader.remaining() > 0 && events.length < MOST_EVENTS) {
        const first = reader.uint(1)
        const kind: EventKind = first & 3
        const length = kind === EventKind.datagram ? Math.min(reader.uint(2), reader.remaining()) : 0
        events.push({ kind, detail: first >> 3, data: reader.bytes(length) })
    }
    return events
}

export function datagramEvent(detail: number, data: Buffer): Buffer {
    const writer = new Writer(3 + data.length)
    writer.uint((detail << 3) | EventKind.datagram, 1)
    writer.vector(data, 2)
    return writer.finish()
}

export function plainEvent(kind: EventKind, detail: number): Buffer {
    return Buffer.from([(detail << 3) | kind])
}

export function datagramEvents(datagrams: Buffer[]): Buffer {
    return join(datagrams.map((data) => datagramEvent(0, data)))
}
