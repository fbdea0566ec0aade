import { copyOf } from "../bytes/bytes.js"
import { readUint } from "../bytes/integers.js"
import { Reader } from "../bytes/reader.js"
import { ContentType, DTLS_1_0, DTLS_1_2 } from "../wire/code-points.js"
import {
    isContentType,
    MAX_CIPHERTEXT,
    MAX_PLAINTEXT,
    plainRecord,
    readRecordHeader,
    RECORD_HEADER_LENGTH,
    type RecordHeader,
} from "../wire/record-header.js"
import { type RecordProtection } from "../crypto/provider.js"
import { Discard, type DiscardCounters } from "./discard.js"
import { ReplayWindow } from "./replay-window.js"

/** Highest sequence number of an epoch; never used, so numbers cannot wrap (RFC 6347 §4.1). */
export const MAX_SEQUENCE = 0xffffffffffff

/**
 * Sending side of one epoch. The only owner of the sequence number.
 * @devsWhenUsed
 */
export class WriteEpoch {
    nextSequence = 0
    /** the first number that may not be used: the last of all, or where a copy of this epoch continues */
    end = MAX_SEQUENCE

    constructor(
        public epoch: number,
        public protection: RecordProtection | undefined,
        /** limit on records sealed with its keys, at most MAX_SEQUENCE */
        public maxRecords: number,
        /** the previous epoch, while its flight may be retransmitted */
        public previous: WriteEpoch | undefined,
    ) {}

    /** Bytes that a record adds to its plaintext, header included. */
    overhead(): number {
        return this.protection === undefined ? RECORD_HEADER_LENGTH : this.protection.overhead
    }

    /**
     * Seals one record.
     * @param endsDatagram nothing follows it in its datagram
     * @returns undefined if no number is left
     */
    seal(type: number, plaintext: Buffer, endsDatagram: boolean): Buffer | undefined {
        const { protection, nextSequence } = this
        if (nextSequence >= this.end) return undefined
        this.nextSequence = nextSequence + 1
        if (protection === undefined) return plainRecord(type, DTLS_1_2, nextSequence, plaintext)
        return protection.sealRecords(type, nextSequence, [plaintext], endsDatagram)
    }
}

/** What is known of a record that was taken. */
export enum Verified {
    /** it is unprotected */
    none,
    /** it is authentic, but not newer than all before */
    older,
    /** the newest record so far: only such a record may change the peer's address (RFC 9146 §6) */
    newest,
}

/**
 * Receiving side of one protected epoch, with its replay window.
 * @devsWhenUsed
 */
export class ReadEpoch extends ReplayWindow {
    /** the first number that may not be accepted yet, like `WriteEpoch.end`: records from there on are held */
    end = MAX_SEQUENCE
    /** highest number of a verified record that is held; -1: none */
    heldTop = -1

    constructor(
        public epoch: number,
        public protection: RecordProtection,
        /** the previous protected epoch, for late records */
        public previous: ReadEpoch | undefined,
    ) {
        super()
    }
}

/** The state from which the record layer of a saved association resumes, as in AssociationState. */
export interface SavedNumbers {
    readEpoch: number
    readTop: number
    readLow: number
    readHigh: number
    readId: Buffer
    writeEpoch: number
    nextSequence: number
    failedRecords: number
    readLimit: number
    writeLimit: number
}

/** A record that was taken: unprotected in epoch 0, verified afterwards. */
export interface OpenedRecord {
    type: number
    epoch: number
    /** of a protected record */
    sequence: number
    plaintext: Buffer
}

/** Results of a RecordForm for records that are not discarded: another form, or possibly a record of the next epoch. */
export const OTHER_FORM = -1
export const NEXT_EPOCH = -2

/** Recognizes records whose keys are not known, if protected records do not have the form of RFC 6347. */
export interface RecordForm {
    /**
     * Moves the reader past a record of this form.
     * @param epoch the next one; -1: none
     * @returns the reason to discard it (a Discard), NEXT_EPOCH, or OTHER_FORM with the reader not moved
     */
    next(reader: Reader, epoch: number): number
}

/** Limits of the record layer. */
export interface RecordLimits {
    /** bytes stored of records that arrived before their keys */
    earlyRecordBytes: number
}

/**
 * Epochs, sequence numbers, replay window and protection of one association (RFC 6347 §4.1). Epoch 0 has no replay
 * window: nothing in it is verified, so a forged number could close the window to the genuine peer; message_seq catches
 * duplicates instead.
 * @devsWhenUsed
 */
export class RecordLayer {
    /** newest sending epoch */
    write = new WriteEpoch(0, undefined, MAX_SEQUENCE, undefined)
    /** newest protected receiving epoch; undefined in epoch 0 */
    read: ReadEpoch | undefined = undefined
    /** the next epoch, whose early records are stored; -1: none */
    nextReadEpoch = -1
    /** number of datagrams with records that did not verify */
    failedRecords = 0
    /** of the last record taken: content type, epoch, and, if it is protected, its number */
    type = 0
    epoch = 0
    sequence = 0
    /** where it ends in its datagram */
    behind = 0
    verified = Verified.none
    /** largest plaintext of a protected record, bytes */
    readLimit = MAX_PLAINTEXT
    writeLimit = MAX_PLAINTEXT
    /** form of protected records without known keys; undefined: that of RFC 6347 */
    form: RecordForm | undefined = undefined
    /** records, or a message of this side, are held until the association is saved again */
    holds = false
    private isClosed = false
    /**
     * early records of the next epoch, or held ones; stored separately, because a record without a length fills its
     * datagram
     */
    private early: Buffer[] = []

    constructor(
        private limits: RecordLimits,
        private counters: DiscardCounters,
    ) {}

    /** Newest receiving epoch; -2 after close. */
    readEpoch(): number {
        if (this.isClosed) return -2
        return this.read === undefined ? 0 : this.read.epoch
    }

    /**
     * Takes the record at `at` in the datagram; `type` and the fields after it describe it.
     * @returns its plaintext; undefined: it was discarded, or stored for later. Continue while `behind` is below `end`:
     * if a record's end is unknown, the rest of the datagram is discarded (RFC 6347 §4.1.2.7)
     */
    takeRecord(datagram: Buffer, at: number, end: number): Buffer | undefined {
        const { read } = this
        if (read !== undefined) {
            const { protection } = read
            const next = read.top + 1
            // Fast path: the record after the highest number so far, alone in its datagram.
            const plaintext = next < read.end ? protection.openRecord(datagram, at, end, next) : undefined
            if (plaintext !== undefined) {
                this.behind = end
                if (plaintext === null) return this.forged()
                if (read.isFull()) read.top = next
                else read.markNext()
                this.type = protection.openedType()
                this.epoch = read.epoch
                this.sequence = next
                this.verified = Verified.newest
                return plaintext
            }
        }
        return this.find(datagram, at, end)
    }

    /** The record taken last. @param plaintext what `takeRecord` returned */
    opened(plaintext: Buffer): OpenedRecord {
        return { type: this.type, epoch: this.epoch, sequence: this.sequence, plaintext }
    }

    /** Tries the receiving keys of every epoch. */
    private find(datagram: Buffer, at: number, end: number): Buffer | undefined {
        for (let read = this.read; read !== undefined; read = read.previous) {
            const sequence = read.protection.sequenceOf(datagram, at, end, read.top + 1)
            if (sequence >= 0) {
                this.behind = at + read.protection.lengthOf(datagram, at)
                return this.open(read, datagram, at, sequence)
            }
        }
        return this.takeOther(datagram, at, end)
    }

    private open(read: ReadEpoch, datagram: Buffer, at: number, sequence: number): Buffer | undefined {
        const { protection } = read
        if (!read.isFresh(sequence)) return this.discard(Discard.replayed)
        const plaintext = protection.openRecord(datagram, at, this.behind, sequence)
        if (plaintext === undefined) return this.discard(Discard.tooShort)
        if (plaintext === null) return this.forged()
        if (sequence >= read.end) {
            if (sequence > read.heldTop) read.heldTop = sequence
            this.holds = true
            return this.keep(copyOf(datagram, at, this.behind))
        }
        this.verified = sequence > read.top && read === this.read ? Verified.newest : Verified.older
        read.mark(sequence)
        this.type = protection.openedType()
        this.epoch = read.epoch
        this.sequence = sequence
        return plaintext
    }

    private forged(): undefined {
        this.failedRecords++
        return this.discard(Discard.notAuthentic)
    }

    /** Takes a record that no receiving keys open: of another epoch, or not a record. */
    private takeOther(datagram: Buffer, at: number, end: number): Buffer | undefined {
        const { form } = this
        if (form !== undefined) {
            const reader = new Reader(datagram, at, end)
            const verdict = form.next(reader, this.nextReadEpoch)
            this.behind = reader.at
            if (verdict === NEXT_EPOCH) return this.keep(copyOf(datagram, at, reader.at))
            if (verdict !== OTHER_FORM) return this.discard(verdict)
        }
        this.behind = end
        const start = at + RECORD_HEADER_LENGTH
        const length = start > end ? 0 : readUint(datagram, start - 2, 2)
        if (start + length > end) return this.discard(Discard.truncated)
        this.behind = start + length
        return this.takePlain(datagram, at, start)
    }

    /** Takes a whole record with the header of RFC 6347, whose content lies between `start` and `behind`. */
    private takePlain(datagram: Buffer, at: number, start: number): Buffer | undefined {
        const { behind } = this
        const type = datagram[at]
        const version = readUint(datagram, at + 1, 2)
        const epoch = readUint(datagram, at + 3, 2)
        if (!isContentType(type)) return this.discard(Discard.unknownType)
        if (version !== DTLS_1_2 && (epoch !== 0 || version !== DTLS_1_0)) return this.discard(Discard.version)
        if (behind - start > MAX_CIPHERTEXT) return this.discard(Discard.oversize)
        if (epoch > 0) {
            if (epoch !== this.nextReadEpoch) return this.discard(Discard.epoch)
            return this.keep(copyOf(datagram, at, behind))
        }
        // While keys are active, only unprotected handshake records are accepted, from a peer that retransmits its last
        // flight.
        if (this.readEpoch() !== 0 && type !== ContentType.handshake) return this.discard(Discard.unprotected)
        // Discarded here, whereas a verified record of that size fails the association (R14).
        if (behind - start > MAX_PLAINTEXT) return this.discard(Discard.oversize)
        this.type = type
        this.epoch = 0
        this.verified = Verified.none
        return copyOf(datagram, start, behind)
    }

    /** Stores an early record if there is room; records that come later do not displace it. */
    private keep(record: Buffer): undefined {
        if (this.bytesKept() + record.length > this.limits.earlyRecordBytes) return this.discard(Discard.earlyFull)
        this.early.push(record)
        return undefined
    }

    private discard(reason: Discard): undefined {
        this.counters.add(reason)
        return undefined
    }

    /**
     * Begins an epoch with new receiving keys. The previous one stays readable until `endHandshake`.
     * @param nextEpoch the epoch after it; -1: none
     * @returns the records that waited for it
     */
    activateRead(epoch: number, protection: RecordProtection, nextEpoch: number): Buffer[] {
        this.read = new ReadEpoch(epoch, protection, this.read)
        this.nextReadEpoch = nextEpoch
        const waiting = this.early
        this.early = []
        return waiting
    }

    /**
     * Begins an epoch with new sending keys. The previous one stays usable for retransmissions until `endHandshake`.
     * @param maxRecords limit on records sealed with these keys, below 2^48
     */
    activateWrite(epoch: number, protection: RecordProtection, maxRecords: number): void {
        this.write = new WriteEpoch(epoch, protection, maxRecords, this.write)
    }

    /**
     * Resumes with the keys and numbers of a saved state; no numbers are reserved yet.
     * @param maxRecords see `activateWrite`
     */
    restore(state: SavedNumbers, read: RecordProtection, write: RecordProtection, maxRecords: number): void {
        this.activateRead(state.readEpoch, read, -1)
        this.activateWrite(state.writeEpoch, write, maxRecords)
        this.endHandshake()
        const reading = this.read as ReadEpoch
        reading.end = 0
        reading.top = state.readTop
        reading.low = state.readLow
        reading.high = state.readHigh
        this.write.nextSequence = state.nextSequence
        this.write.end = 0
        this.failedRecords = state.failedRecords
        this.readLimit = state.readLimit
        this.writeLimit = state.writeLimit
    }

    /**
     * Makes saved copies outdated: something changed that the peer will rely on once it hears of it, so nothing more is
     * sent or accepted before the next save. Only called after the handshake.
     */
    outdate(): void {
        const { write } = this
        const read = this.read as ReadEpoch
        // Numbers are reserved only if there is a saved copy.
        if (Math.min(read.end, write.end) === MAX_SEQUENCE) return
        write.end = 0
        read.end = 0
        this.holds = true
    }

    /** Returns the records that were held. */
    takeHeld(): Buffer[] {
        const held = this.early
        this.early = []
        this.holds = false
        if (this.read !== undefined) this.read.heldTop = -1
        return held
    }

    /** Nothing of the handshake is retransmitted any more: drops older epochs with their keys. */
    endHandshake(): void {
        this.endOldWrites()
        this.endOldReads()
    }

    /** Stops sending in older epochs. */
    endOldWrites(): void {
        closeWriting(this.write.previous)
        this.write.previous = undefined
    }

    /** Stops accepting records of older epochs. */
    endOldReads(): void {
        if (this.read === undefined) return
        closeReading(this.read.previous)
        this.read.previous = undefined
    }

    /** Bytes added to a message under the newest keys. */
    messageOverhead(): number {
        return this.write.overhead()
    }

    /** Whether no number is reserved for another record under the newest keys. */
    isHeld(): boolean {
        const { write } = this
        return write.nextSequence >= write.end
    }

    /**
     * Whether that many more records may be sent under the newest keys; the limit is below the last sequence number
     * with every suite.
     */
    hasNumbers(count: number): boolean {
        const { write } = this
        const next = write.nextSequence + count
        return next <= write.end && next <= write.maxRecords
    }

    /**
     * Seals messages under the newest keys, one application data record each, in one Buffer.
     * @returns undefined if too few numbers are left, see `hasNumbers`
     */
    sealMessages(messages: Buffer[]): Buffer | undefined {
        const { write } = this
        const sequence = write.nextSequence
        const next = sequence + messages.length
        if (next > write.end || next > write.maxRecords) return undefined
        write.nextSequence = next
        return (write.protection as RecordProtection).sealRecords(ContentType.applicationData, sequence, messages, true)
    }

    /** The sending side of an epoch; undefined: it is gone, or has not begun. */
    writeEpoch(epoch: number): WriteEpoch | undefined {
        let writing: WriteEpoch | undefined = this.write
        while (writing !== undefined && writing.epoch !== epoch) writing = writing.previous
        return writing
    }

    /** Bytes stored for keys that have not come yet. */
    bytesKept(): number {
        let sum = 0
        for (const record of this.early) sum += record.length
        return sum
    }

    /** Erases the keys. Nothing can be sealed or opened afterwards. */
    close(): void {
        this.isClosed = true
        closeReading(this.read)
        closeWriting(this.write)
        this.read = undefined
        this.write = new WriteEpoch(-1, undefined, 0, undefined)
        this.nextReadEpoch = -1
        this.early = []
    }
}

/** Erases the keys of an epoch and of all older ones. */
function closeReading(newest: ReadEpoch | undefined): void {
    for (let read = newest; read !== undefined; read = read.previous) read.protection.close()
}

function closeWriting(newest: WriteEpoch | undefined): void {
    for (let write = newest; write !== undefined; write = write.previous) {
        if (write.protection !== undefined) write.protection.close()
    }
}

/** The header of a datagram's first record, without opening it; undefined if there is none. */
export function peekRecordHeader(datagram: Buffer, length: number): RecordHeader | undefined {
    return readRecordHeader(new Reader(datagram, 0, length))
}
