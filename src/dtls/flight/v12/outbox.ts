import { Writer } from "../../bytes/writer.js"
import { type RecordLayer } from "../../record/record-layer.js"
import { ContentType } from "../../wire/code-points.js"
import { HANDSHAKE_HEADER_LENGTH } from "../../wire/handshake-header.js"
import { type FlightItem, fragment, Outbox, SMALLEST_FRAGMENT } from "../outbox.js"

/**
 * Packs records into datagrams of at most `budget` bytes, in order.
 * @devsWhenUsed
 */
class DatagramPacker {
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

/**
 * A flight of DTLS 1.2: kept whole, and all of it is sent again (RFC 6347 §4.2.4).
 * @devsWhenUsed
 */
export class WholeOutbox extends Outbox {
    override begin(): void {
        this.items = []
    }

    override isEmpty(): boolean {
        return this.items.length === 0
    }

    override bytesKept(): number {
        let sum = 0
        for (const item of this.items) sum += item.bytes.length
        return sum
    }

    override datagrams(record: RecordLayer, budget: number): Buffer[] | undefined {
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
