import { copyOf, EMPTY, join } from "../bytes/bytes.js"
import { readUint } from "../bytes/integers.js"
import { Reader } from "../bytes/reader.js"
import { Writer } from "../bytes/writer.js"
import { ContentType, DTLS_1_0, DTLS_1_2 } from "../wire/code-points.js"
import {
    isContentType,
    MAX_CIPHERTEXT,
    MAX_PLAINTEXT,
    readRecordHeader,
    RECORD_HEADER_LENGTH,
    type RecordHeader,
    writeRecordHeader,
} from "../wire/record-header.js"
import { type RecordProtection } from "../crypto/provider.js"
import { Discard, type DiscardCounters } from "./discard.js"
import { ReplayWindow } from "./replay-window.js"

/** Highest sequence number of an epoch; it is never used, so it can never wrap (RFC 6347 §4.1). */
export const MAX_SEQUENCE = 0xffffffffffff

/** A record that may be believed: unprotected in epoch 0, verified afterwards. */
export interface OpenedRecord {
    type: number
    epoch: number
    plaintext: Buffer
}

/**
 * Sending side of one epoch.
 * @devsWhenUsed
 */
export class WriteEpoch {
    nextSequence = 0

    constructor(
        public epoch: number,
        public protection: RecordProtection | undefined,
    ) {}
}

/** What the record layer may keep and count. */
export interface RecordLimits {
    /** bytes of records kept that arrived before their keys */
    earlyRecordBytes: number
}

/**
 * Epochs, sequence numbers, replay window, protection of one association (RFC 6347 §4.1).
 * Epoch 0 has no replay window: nothing there is verified, so a forged number could close the window to the
 * true peer; duplicates fall to message_seq instead.
 * @devsWhenUsed
 */
export class RecordLayer {
    readEpoch = 0
    /** newest sending epoch; the one before is kept for retransmissions of a flight that spans both */
    write = new WriteEpoch(0, undefined)
    /** datagrams with records that did not verify (the association counts each once) */
    failedRecords = 0
    /** bytes by which protection makes a fragment longer, from the keys' derivation on */
    protectionOverhead = 0
    private previousWrite: WriteEpoch | undefined
    private readProtection: RecordProtection | undefined
    private window = new ReplayWindow()
    /** records that may be sealed in the newest epoch */
    private mostRecords = MAX_SEQUENCE
    /** records of the next epoch, one behind the other */
    private early = EMPTY

    constructor(
        private limits: RecordLimits,
        private counters: DiscardCounters,
    ) {}

    /**
     * Takes the next record off the datagram. `undefined` means: dropped, or kept for later; go on while
     * `reader.remaining()` is above 0. What cannot be delimited drops the rest of the datagram (RFC 6347 §4.1.2.7).
     */
    next(reader: Reader): OpenedRecord | undefined {
        const { data, at } = reader
        const protection = this.readProtection
        const sequence = protection === undefined ? -1 : protection.sequenceOf(data, at, reader.end)
        if (sequence < 0) return this.nextOther(reader)
        const length = readUint(data, at + RECORD_HEADER_LENGTH - 2, 2)
        reader.at = at + RECORD_HEADER_LENGTH + length
        return length < this.protectionOverhead ? this.discard(Discard.tooShort) : this.open(data, at, sequence)
    }

    private open(datagram: Buffer, at: number, sequence: number): OpenedRecord | undefined {
        const { window } = this
        if (!window.isFresh(sequence)) return this.discard(Discard.replayed)
        const plaintext = (this.readProtection as RecordProtection).open(datagram, at)
        if (plaintext === undefined) {
            this.failedRecords++
            return this.discard(Discard.notAuthentic)
        }
        window.mark(sequence)
        return { type: datagram[at], epoch: this.readEpoch, plaintext }
    }

    /** A record that the keys for receiving do not open: of another epoch, or none at all. */
    private nextOther(reader: Reader): OpenedRecord | undefined {
        const start = reader.at
        const header = readRecordHeader(reader)
        if (header === undefined || header.length > reader.remaining()) {
            reader.at = reader.end
            return this.discard(Discard.truncated)
        }
        const { type, version, epoch, length } = header
        reader.at += length
        if (!isContentType(type)) return this.discard(Discard.unknownType)
        if (version !== DTLS_1_2 && (epoch !== 0 || version !== DTLS_1_0)) return this.discard(Discard.version)
        if (length > MAX_CIPHERTEXT) return this.discard(Discard.oversize)
        if (epoch === 0) return this.unprotected(type, reader, length)
        // Without renegotiation epoch 1 is the last there is (RFC 7925 §17).
        if (epoch !== 1) return this.discard(Discard.epoch)
        return this.keep(copyOf(reader.data, start, reader.at))
    }

    /** While keys are active only handshake records pass, for a peer that repeats its last flight. */
    private unprotected(type: number, reader: Reader, length: number): OpenedRecord | undefined {
        if (this.readEpoch !== 0 && type !== ContentType.handshake) return this.discard(Discard.unprotected)
        // A verified record of that size is the association's to answer (R14).
        if (length > MAX_PLAINTEXT) return this.discard(Discard.oversize)
        return { type, epoch: 0, plaintext: copyOf(reader.data, reader.at - length, reader.at) }
    }

    /** Rule for early records: the first ones that fit the limit stay, later ones are dropped. */
    private keep(record: Buffer): undefined {
        if (this.bytesKept() + record.length > this.limits.earlyRecordBytes) return this.discard(Discard.earlyFull)
        this.early = join([this.early, record])
        return undefined
    }

    private discard(reason: Discard): undefined {
        this.counters.add(reason)
        return undefined
    }

    /** New keys for receiving: the next epoch begins. @returns the records that waited for it, as one datagram */
    activateRead(protection: RecordProtection): Buffer {
        if (this.readProtection !== undefined) this.readProtection.close()
        this.readProtection = protection
        this.readEpoch++
        this.window = new ReplayWindow()
        const waiting = this.early
        this.early = EMPTY
        return waiting
    }

    /**
     * New keys for sending: the next epoch begins. The epoch before stays usable for retransmissions.
     * @param mostRecords how many may be sealed with these keys, below 2^48
     */
    activateWrite(protection: RecordProtection, mostRecords: number): void {
        this.mostRecords = mostRecords
        this.previousWrite = this.write
        this.write = new WriteEpoch(this.write.epoch + 1, protection)
    }

    /** Nothing of the handshake is repeated any more. */
    endHandshake(): void {
        this.previousWrite = undefined
    }

    /** Bytes by which messages grow under the newest keys. */
    messageOverhead(): number {
        return RECORD_HEADER_LENGTH + this.protectionOverhead
    }

    /** Records that the newest keys are still good for. */
    recordsLeft(): number {
        return this.mostRecords - this.write.nextSequence
    }

    /** Bytes by which a record of this epoch is longer than its plaintext, header included. */
    overhead(epoch: number): number {
        const writing = this.writeEpoch(epoch)
        if (writing === undefined || writing.protection === undefined) return RECORD_HEADER_LENGTH
        return RECORD_HEADER_LENGTH + this.protectionOverhead
    }

    /** Appends one record. @returns false, and writes nothing, when the epoch is gone or its numbers are used up */
    seal(writer: Writer, type: number, epoch: number, plaintext: Buffer): boolean {
        const writing = this.writeEpoch(epoch)
        if (writing === undefined || writing.nextSequence >= MAX_SEQUENCE) return false
        const sequence = writing.nextSequence
        writing.nextSequence++
        if (writing.protection !== undefined) writer.bytes(writing.protection.seal(type, sequence, [plaintext]))
        else {
            writeRecordHeader(writer, { type, version: DTLS_1_2, epoch, sequence, length: plaintext.length })
            writer.bytes(plaintext)
        }
        return true
    }

    /** Messages under the newest keys, one application data record each, in one Buffer. There must be numbers left. */
    sealMessages(messages: Buffer[]): Buffer {
        const write = this.write
        const sequence = write.nextSequence
        write.nextSequence += messages.length
        return (write.protection as RecordProtection).seal(ContentType.applicationData, sequence, messages)
    }

    private writeEpoch(epoch: number): WriteEpoch | undefined {
        if (this.write.epoch === epoch) return this.write
        const previous = this.previousWrite
        return previous !== undefined && previous.epoch === epoch ? previous : undefined
    }

    /** Bytes kept for keys that have not come. */
    bytesKept(): number {
        return this.early.length
    }

    /** For snapshots: the state that only a verified record may change. */
    windowState(): string {
        return this.window.state()
    }

    /** Erases the keys. Nothing can be sealed or opened afterwards. */
    close(): void {
        if (this.readProtection !== undefined) this.readProtection.close()
        if (this.write.protection !== undefined) this.write.protection.close()
        this.readProtection = undefined
        this.previousWrite = undefined
        this.write = new WriteEpoch(-1, undefined)
        this.readEpoch = -2
        this.early = EMPTY
    }
}

/** The first record header of a datagram without opening it; undefined when it is none. */
export function peekRecordHeader(datagram: Buffer, length: number): RecordHeader | undefined {
    return readRecordHeader(new Reader(datagram, 0, length))
}
