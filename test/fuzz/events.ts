import { join } from "../../src/dtls/bytes/bytes.js"
import { Reader } from "../../src/dtls/bytes/reader.js"
import { Writer } from "../../src/dtls/bytes/writer.js"

/*
 * An input of the targets `client` and `server`: concatenated events. The first byte contains the kind (low three bits)
 * and a detail (the others). Any bytes are valid events: missing bytes at the end count as 0, or shorten the event.
 * firmware/fuzz/program/mutator.c uses this form, too.
 */

export enum EventKind {
    /** a datagram: length 2, bytes; `detail` is the number of its source address */
    datagram = 0,
    /** advances time by `detail` × 100 ms, then calls tick */
    tick = 1,
    /** advances time to the deadline, then calls tick */
    deadline = 2,
    /** the application acts: see Application */
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

/** Limit on events executed for one input, to bound the time per execution. */
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
