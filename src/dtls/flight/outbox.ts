import { blit, join } from "../bytes/bytes.js"
import { type RecordLayer } from "../record/record-layer.js"
import { ContentType } from "../wire/code-points.js"
import { HANDSHAKE_HEADER_LENGTH, wholeMessage, withHandshakeHeader } from "../wire/handshake-header.js"

/** A part of a flight: a whole handshake message, or the byte of a ChangeCipherSpec. */
export interface FlightItem {
    contentType: number
    epoch: number
    bytes: Buffer
}

/** Never cut fragments smaller than this when a new datagram helps. */
export const SMALLEST_FRAGMENT = 32

/**
 * The current flight: kept as long as the peer may need it again, cut and sealed afresh each time it is sent.
 * @devsWhenUsed
 */
export abstract class Outbox {
    protected items: FlightItem[] = []

    /** @param nextSeq message_seq of the next message to send */
    constructor(public nextSeq: number) {}

    /** Adds a message to the flight. @returns its bytes as they enter the transcript */
    addMessage(type: number, epoch: number, body: Buffer): Buffer {
        const bytes = wholeMessage(type, this.nextSeq, body)
        this.nextSeq++
        this.items.push({ contentType: ContentType.handshake, epoch, bytes })
        return bytes
    }

    addChangeCipherSpec(epoch: number): void {
        const bytes = Buffer.alloc(1)
        bytes[0] = 1
        this.items.push({ contentType: ContentType.changeCipherSpec, epoch, bytes })
    }

    /** The peer answered: what was sent before is not needed any more. */
    abstract begin(): void
    abstract isEmpty(): boolean
    /** Bytes kept for retransmission. */
    abstract bytesKept(): number
    /** @returns the flight as datagrams of at most `budget` bytes; undefined when sequence numbers are used up */
    abstract datagrams(record: RecordLayer, budget: number): Buffer[] | undefined
}

/** Records, or messages, in one Buffer; a single one is that Buffer itself. */
export function inOne(parts: Buffer[]): Buffer {
    return parts.length === 1 ? parts[0] : join(parts)
}

/** Bytes [at, at + take) of a whole message's body, under a header of their own. */
export function fragment(message: Buffer, length: number, at: number, take: number): Buffer {
    const part = withHandshakeHeader(message[0], length, message[4] * 256 + message[5], at, take)
    blit(part, HANDSHAKE_HEADER_LENGTH, message, HANDSHAKE_HEADER_LENGTH + at, take)
    return part
}
