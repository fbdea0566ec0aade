import { EMPTY } from "../../bytes/bytes.js"
import { type RecordLayer, type WriteEpoch } from "../../record/record-layer.js"
import { ContentType } from "../../wire/code-points.js"
import { HANDSHAKE_HEADER_LENGTH } from "../../wire/handshake-header.js"
import { type RecordNumber } from "../../wire/v13/acknowledgement.js"
import { fragment, inOne, Outbox, SMALLEST_FRAGMENT } from "../outbox.js"

/** A part of a message that is not acknowledged yet. */
interface Part {
    /** the whole message */
    message: Buffer
    epoch: number
    /** bytes [start, end) of its body */
    start: number
    end: number
    /** sequence numbers of the records in which it was sent, in `epoch` */
    sentIn: number[]
}

/** Parts that share a record. */
interface PlannedRecord {
    epoch: number
    parts: Part[]
}

/**
 * Limit on record numbers remembered for each part; ACKs of older records are ignored. As many as a flight may be sent.
 */
const MAX_NUMBERS = 16
/**
 * Limit on records sent at once; the rest of a large flight follows after acknowledgements or a timeout (RFC 9147
 * §5.8.3).
 */
const MAX_RECORDS = 10

/**
 * A flight whose records are acknowledged individually: only the rest is retransmitted (RFC 9147 §7.2). Messages share
 * records where they fit (RFC 9147 §5.5), and a datagram's last record omits its length.
 * @devsWhenUsed
 */
export class AcknowledgedOutbox extends Outbox {
    private parts: Part[] = []
    /** number of `items` that have been turned into parts, acknowledged or not */
    private begun = 0

    override begin(): void {
        this.items = []
        this.parts = []
        this.begun = 0
    }

    override isEmpty(): boolean {
        return this.parts.length === 0 && this.begun >= this.items.length
    }

    override bytesKept(): number {
        let sum = 0
        for (const part of this.parts) sum += part.end - part.start
        for (let i = this.begun; i < this.items.length; i++) sum += this.items[i].bytes.length
        return sum
    }

    /** Whether there are messages that have never been sent. */
    hasNew(): boolean {
        return this.begun < this.items.length
    }

    /** The only unacknowledged message, header and body; empty: there is none. */
    unacknowledged(): Buffer {
        return this.isEmpty() ? EMPTY : this.items[0].bytes
    }

    /**
     * Takes an acknowledgement.
     * @param newest latest epoch that it may refer to
     * @returns whether it acknowledges anything new
     */
    acknowledge(numbers: RecordNumber[], newest: number): boolean {
        const before = this.parts.length
        this.parts = this.parts.filter((part) => part.epoch > newest || !isNamed(part, numbers))
        return this.parts.length < before
    }

    /** The peer has keys that it can only have after receiving all of this epoch. */
    acknowledgeEpoch(epoch: number): void {
        this.parts = this.parts.filter((part) => part.epoch !== epoch)
    }

    override datagrams(record: RecordLayer, budget: number): Buffer[] | undefined {
        for (; this.begun < this.items.length; this.begun++) this.parts.push(wholePart(this.items[this.begun]))
        const datagrams: Buffer[] = []
        for (const plan of this.plan(record, budget)) {
            const records: Buffer[] = []
            for (let i = 0; i < plan.length; i++) {
                const sealed = seal(record, plan[i], i === plan.length - 1)
                if (sealed !== undefined) records.push(sealed)
                // Records for which no number is left are sent by the timer, after this side has been saved again.
                else if (records.length + datagrams.length === 0) return undefined
            }
            if (records.length > 0) datagrams.push(inOne(records))
        }
        return datagrams
    }

    /**
     * Distributes the parts to records and datagrams, fragmenting those that are too large. Parts beyond the limit on
     * records come first next time, so that a peer that acknowledges nothing is sent everything, too.
     */
    private plan(record: RecordLayer, budget: number): PlannedRecord[][] {
        const plan = new Plan(record, budget)
        const cut: Part[] = []
        const later: Part[] = []
        for (const part of this.parts) {
            let rest: Part | undefined = part
            while (rest !== undefined) {
                const room: number = later.length > 0 ? 0 : plan.roomFor(rest)
                if (room === 0) {
                    later.push(rest)
                    break
                }
                const next: Part | undefined = cutOff(rest, rest.start + room)
                plan.add(rest)
                cut.push(rest)
                rest = next
            }
        }
        plan.dropEmpty()
        this.parts = [...later, ...cut]
        return plan.datagrams
    }
}

/**
 * Datagrams being filled.
 * @devsWhenUsed
 */
class Plan {
    datagrams: PlannedRecord[][] = []
    /** bytes left for plaintext in the last record of the current datagram */
    private room = 0
    private last: PlannedRecord | undefined
    /** how many more records may begin */
    private left = MAX_RECORDS

    constructor(
        private record: RecordLayer,
        private budget: number,
    ) {}

    /**
     * How many bytes of the part's body fit where it will go. If too few to be worth a fragment, it goes to a new
     * datagram. 0: it goes nowhere, the limit on records is reached.
     */
    roomFor(part: Part): number {
        if (this.last === undefined) this.newDatagram(part.epoch)
        else if (this.last.epoch !== part.epoch) this.newRecord(part.epoch)
        const length = part.end - part.start
        if (this.room - HANDSHAKE_HEADER_LENGTH < Math.min(length, SMALLEST_FRAGMENT)) this.newDatagram(part.epoch)
        return this.isEmpty() && this.left === 0 ? 0 : Math.max(this.room - HANDSHAKE_HEADER_LENGTH, 1)
    }

    /** Whether the last record is still empty. */
    private isEmpty(): boolean {
        return this.last !== undefined && this.last.parts.length === 0
    }

    add(part: Part): void {
        const record = this.last as PlannedRecord
        if (this.isEmpty()) this.left--
        record.parts.push(part)
        this.room -= HANDSHAKE_HEADER_LENGTH + part.end - part.start
    }

    /** Removes the last record if it is empty. */
    dropEmpty(): void {
        if (!this.isEmpty()) return
        const datagram = this.datagrams[this.datagrams.length - 1]
        datagram.pop()
        if (datagram.length === 0) this.datagrams.pop()
        this.last = undefined
    }

    private newRecord(epoch: number): void {
        const datagram = this.datagrams[this.datagrams.length - 1]
        this.last = { epoch, parts: [] }
        datagram.push(this.last)
        this.room -= (this.record.writeEpoch(epoch) as WriteEpoch).overhead()
        // record_size_limit applies to protected records only (RFC 8449 §4).
        if (epoch > 0) this.room = Math.min(this.room, this.record.writeLimit)
    }

    private newDatagram(epoch: number): void {
        this.dropEmpty()
        this.datagrams.push([])
        this.room = this.budget
        this.newRecord(epoch)
    }
}

function wholePart(item: { bytes: Buffer; epoch: number }): Part {
    const { bytes, epoch } = item
    return { message: bytes, epoch, start: 0, end: bytes.length - HANDSHAKE_HEADER_LENGTH, sentIn: [] }
}

/** Shortens the part to end at `end`. @returns the rest; undefined: there is none */
function cutOff(part: Part, end: number): Part | undefined {
    if (end >= part.end) return undefined
    const rest = { ...part, start: end, sentIn: part.sentIn.slice() }
    part.end = end
    return rest
}

/** @returns undefined if the epoch's numbers are used up */
function seal(record: RecordLayer, planned: PlannedRecord, endsDatagram: boolean): Buffer | undefined {
    const { epoch, parts } = planned
    const writing = record.writeEpoch(epoch) as WriteEpoch
    const sequence = writing.nextSequence
    if (sequence >= writing.end) return undefined
    const messages: Buffer[] = []
    for (const part of parts) {
        messages.push(bytesOf(part))
        if (part.sentIn.length === MAX_NUMBERS) part.sentIn.shift()
        part.sentIn.push(sequence)
    }
    return writing.seal(ContentType.handshake, inOne(messages), endsDatagram)
}

function bytesOf(part: Part): Buffer {
    const { message, start, end } = part
    const length = message.length - HANDSHAKE_HEADER_LENGTH
    return end - start === length ? message : fragment(message, length, start, end - start)
}

function isNamed(part: Part, numbers: RecordNumber[]): boolean {
    for (const number of numbers) {
        if (number.epoch === part.epoch && part.sentIn.indexOf(number.sequence) >= 0) return true
    }
    return false
}
