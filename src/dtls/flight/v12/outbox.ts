import { type RecordLayer } from "../../record/record-layer.js"
import { ContentType } from "../../wire/code-points.js"
import { HANDSHAKE_HEADER_LENGTH } from "../../wire/handshake-header.js"
import { type FlightItem, fragment, inOne, Outbox, SMALLEST_FRAGMENT } from "../outbox.js"

/**
 * Packs records into datagrams of at most `budget` bytes, in order.
 * @devsWhenUsed
 */
class DatagramPacker {
    /** finished datagrams, oldest first */
    datagrams: Buffer[] = []
    /** of the current datagram */
    private records: Buffer[] = []
    /** bytes left in the current datagram */
    private left: number

    /** @param budget bytes of UDP payload */
    constructor(
        private record: RecordLayer,
        private budget: number,
    ) {
        this.left = budget
    }

    /** Plaintext bytes of one record that still fit into the current datagram. */
    room(epoch: number): number {
        return Math.min(this.left - this.record.overhead(epoch), this.record.writeLimit)
    }

    /** Appends a record to the current datagram. @returns false if it cannot be sealed */
    append(type: number, epoch: number, plaintext: Buffer): boolean {
        const record = this.record.seal(type, epoch, plaintext)
        if (record === undefined) return false
        this.records.push(record)
        this.left -= record.length
        return true
    }

    /** Ends the current datagram, if any. */
    close(): void {
        if (this.records.length > 0) this.datagrams.push(inOne(this.records))
        this.records = []
        this.left = this.budget
    }
}

/**
 * A flight of DTLS 1.2, retransmitted as a whole (RFC 6347 §4.2.4).
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
            if (!appendFragments(packer, item)) return undefined
        }
        packer.close()
        return packer.datagrams
    }
}

/**
 * Appends a message in fragments, or a ChangeCipherSpec, whose one byte has no header and is never fragmented. @returns
 * false if a record cannot be sealed
 */
function appendFragments(packer: DatagramPacker, item: FlightItem): boolean {
    const { contentType, epoch, bytes } = item
    const header = contentType === ContentType.handshake ? HANDSHAKE_HEADER_LENGTH : 0
    const length = bytes.length - header
    let at = 0
    while (true) {
        const rest = length - at
        let room = packer.room(epoch) - header
        if (room < rest && room < SMALLEST_FRAGMENT) {
            packer.close()
            room = packer.room(epoch) - header
        }
        const take = room < rest ? Math.max(room, 1) : rest
        const part = take === length ? bytes : fragment(bytes, length, at, take)
        if (!packer.append(contentType, epoch, part)) return false
        at += take
        if (at >= length) return true
    }
}
