import { Writer } from "../bytes/writer.js"
import { type RecordLayer } from "../record/record-layer.js"
import { ContentType } from "../wire/code-points.js"
import { HANDSHAKE_HEADER_LENGTH, wholeMessage, writeHandshakeHeader } from "../wire/handshake-header.js"

/**
 * Packs records into datagrams of at most `budget` bytes, in order.
 * @devsWhenUsed
 */
export class DatagramPacker {
    /** finished datagrams, oldest first */
    datagrams: Buffer[] = []
    private current: Writer | undefined

    /** @param budget bytes of UDP payload */
    constructor(
        private record: RecordLayer,
        private budget: number,
    ) {}

    /** Plaintext bytes of one record that still fit the datagram begun. */
    room(epoch: number): number {
        const used = this.current === undefined ? 0 : this.current.length
        return Math.min(this.budget - used - this.record.overhead(epoch), this.record.writeLimit)
    }

    /** Appends a record; begins a new datagram when it does not fit. @returns false when it cannot be sealed */
    append(type: number, epoch: number, plaintext: Buffer): boolean {
        if (plaintext.length > this.room(epoch)) this.close()
        if (this.current === undefined) this.current = new Writer(plaintext.length + this.record.overhead(epoch))
        return this.record.seal(this.current, type, epoch, plaintext)
    }

    /** Ends the datagram begun, if any. */
    close(): void {
        if (this.current !== undefined && this.current.length > 0) this.datagrams.push(this.current.finish())
        this.current = undefined
    }
}

/** A part of a flight: a whole handshake message, or the byte of a ChangeCipherSpec. */
export interface FlightItem {
    contentType: number
    epoch: number
    bytes: Buffer
}

/** Never cut fragments smaller than this when a new datagram helps. */
export const SMALLEST_FRAGMENT = 32

/**
 * The current flight: kept whole, cut and sealed afresh each time it is sent (RFC 6347 §4.2.4).
 * @devsWhenUsed
 */
export class Outbox {
    protected items: FlightItem[] = []

    /** @param nextSeq message_seq of the next message to send */
    constructor(public nextSeq: number) {}

    /** The peer answered: what was sent before is not needed any more. */
    begin(): void {
        this.items = []
    }

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

    isEmpty(): boolean {
        return this.items.length === 0
    }

    /** Bytes kept for retransmission. */
    bytesKept(): number {
        let sum = 0
        for (const item of this.items) sum += item.bytes.length
        return sum
    }

    /** @returns the flight as datagrams of at most `budget` bytes; undefined when sequence numbers are used up */
    datagrams(record: RecordLayer, budget: number): Buffer[] | undefined {
        const packer = new DatagramPacker(record, budget)
        for (const item of this.items) {
            const sealed =
                item.contentType === ContentType.handshake
                    ? appendFragments(packer, item)
                    : packer.append(item.contentType, item.epoch, item.bytes)
            if (!sealed) return undefined
        }
        packer.close()
        return packer.datagrams
    }
}

function appendFragments(packer: DatagramPacker, item: FlightItem): boolean {
    const length = item.bytes.length - HANDSHAKE_HEADER_LENGTH
    let at = 0
    while (at < length || at === 0) {
        let room = packer.room(item.epoch) - HANDSHAKE_HEADER_LENGTH
        if (room < length - at && room < SMALLEST_FRAGMENT) {
            packer.close()
            room = packer.room(item.epoch) - HANDSHAKE_HEADER_LENGTH
        }
        const take = Math.min(length - at, Math.max(room, 1))
        const part = take === length ? item.bytes : fragment(item.bytes, length, at, take)
        if (!packer.append(item.contentType, item.epoch, part)) return false
        at += Math.max(take, 1)
    }
    return true
}

/** Bytes [at, at + take) of a whole message's body, under a header of their own. */
export function fragment(message: Buffer, length: number, at: number, take: number): Buffer {
    const writer = new Writer(HANDSHAKE_HEADER_LENGTH + take)
    const type = message[0]
    const messageSeq = message[4] * 256 + message[5]
    writeHandshakeHeader(writer, { type, length, messageSeq, fragmentOffset: at, fragmentLength: take })
    writer.range(message, HANDSHAKE_HEADER_LENGTH + at, take)
    return writer.finish()
}
