import { concat, EMPTY } from "../../bytes/bytes.js"
import { type RecordLayer, type WriteEpoch } from "../../record/record-layer.js"
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
    /** the records of the current datagram */
    private current = EMPTY

    constructor(
        /** bytes of UDP payload */
        private budget: number,
        /** limit on the plaintext of a record, bytes */
        private limit: number,
    ) {}

    /** Plaintext bytes of one record that still fit into the current datagram. @param overhead bytes that a record adds */
    room(overhead: number): number {
        const left = this.budget - this.current.length - overhead
        return left < this.limit ? left : this.limit
    }

    /** Appends a record to the current datagram. */
    append(record: Buffer): void {
        this.current = this.current.length === 0 ? record : concat(this.current, record)
    }

    /** Ends the current datagram, if any. */
    close(): void {
        if (this.current.length > 0) this.datagrams.push(this.current)
        this.current = EMPTY
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
        const packer = new DatagramPacker(budget, record.writeLimit)
        for (const item of this.items) {
            const writing = record.writeEpoch(item.epoch)
            if (writing === undefined || !appendFragments(packer, item, writing)) return undefined
        }
        packer.close()
        return packer.datagrams
    }
}

/**
 * Appends a message in fragments, or a ChangeCipherSpec, whose one byte has no header and is never fragmented.
 * @returns false if a record cannot be sealed
 */
function appendFragments(packer: DatagramPacker, item: FlightItem, writing: WriteEpoch): boolean {
    const { contentType, bytes } = item
    const header = contentType === ContentType.handshake ? HANDSHAKE_HEADER_LENGTH : 0
    const overhead = writing.overhead()
    const length = bytes.length - header
    let at = 0
    while (true) {
        const rest = length - at
        let room = packer.room(overhead) - header
        if (room < rest && room < SMALLEST_FRAGMENT) {
            packer.close()
            room = packer.room(overhead) - header
        }
        const take = room < rest ? Math.max(room, 1) : rest
        const record = writing.seal(contentType, take === length ? bytes : fragment(bytes, length, at, take), false)
        if (record === undefined) return false
        packer.append(record)
        at += take
        if (at >= length) return true
    }
}
