import { blit, join } from "../bytes/bytes.js"
import { type RecordLayer } from "../record/record-layer.js"
import { ContentType } from "../wire/code-points.js"
import { HANDSHAKE_HEADER_LENGTH, wholeMessage, withHandshakeHeader } from "../wire/handshake-header.js"

/** A part of a flight: a whole handshake message, or the one byte of a ChangeCipherSpec. */
export interface FlightItem {
    contentType: number
    epoch: number
    bytes: Buffer
}

/** No fragment is smaller than this if a new datagram helps. */
export const SMALLEST_FRAGMENT = 32

/**
 * The current flight: kept as long as the peer may need it, fragmented and sealed anew each time it is sent.
 * @devsWhenUsed
 */
export abstract class Outbox {
    protected items: FlightItem[] = []

    /** @param nextSeq message_seq of the next message to send */
    constructor(public nextSeq: number) {}

    /** Adds a message to the flight. @returns its bytes as in the transcript */
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

    /** The peer has answered, so everything sent before can be dropped. */
    abstract begin(): void
    abstract isEmpty(): boolean
    /** Bytes kept for retransmission. */
    abstract bytesKept(): number
    /** @returns the flight as datagrams of at most `budget` bytes; undefined if sequence numbers are used up */
    abstract datagrams(record: RecordLayer, budget: number): Buffer[] | undefined
}

/** Records or messages, concatenated; a single one is returned as it is. */
export function inOne(parts: Buffer[]): Buffer {
    return parts.length === 1 ? parts[0] : join(parts)
}

/** Bytes [at, at + take) of a whole message's body, with a fragment header. */
export function fragment(message: Buffer, length: number, at: number, take: number): Buffer {
    const part = withHandshakeHeader(message[0], length, message[4] * 256 + message[5], at, take)
    blit(part, HANDSHAKE_HEADER_LENGTH, message, HANDSHAKE_HEADER_LENGTH + at, take)
    return part
}
