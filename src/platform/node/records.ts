import { wipe } from "../../dtls/bytes/bytes.js"
import { type Aead, type ExportableProtection, type KeyWrapping, type WrappedKeys } from "../../dtls/crypto/provider.js"
import { isRecordOf } from "../../dtls/record/is-record-of.js"
import { ContentType, DTLS_1_2 } from "../../dtls/wire/code-points.js"
import { isContentType, MAX_CIPHERTEXT, RECORD_HEADER_LENGTH } from "../../dtls/wire/record-header.js"
import { KeptSecret } from "./secret.js"

/** An AEAD that can write into a record's Buffer. */
export interface RecordAead extends Aead {
    /** Writes ciphertext and tag to `target`, beginning at `at`. */
    sealInto(target: Buffer, at: number, nonce: Buffer, aad: Buffer, plaintext: Buffer): void
}

const NUMBER_AT = 3
const ID_AT = 11
const MOST_ADDITIONAL = 23 + 255

/** For the record being sealed or opened; shared, because no two calls overlap. */
const nonce = Buffer.alloc(12)
const additional = Buffer.alloc(MOST_ADDITIONAL)
/** For records without a connection id. */
const additionalWithoutId = additional.subarray(0, 13)

/**
 * Records of DTLS 1.2 (RFC 6347 §4.1), with a connection id if `id` is not empty (RFC 9146 §4). The same format as
 * AeadProtection and CidProtection, but each record is built in one Buffer, without a Buffer for each of its parts.
 */
export class Records implements ExportableProtection {
    readonly overhead: number
    private type = 0
    #iv: KeptSecret
    private explicit: number
    private headerLength: number

    constructor(
        private aead: RecordAead,
        private epoch: number,
        iv: Buffer,
        private id: Buffer,
    ) {
        this.#iv = new KeptSecret(iv)
        this.explicit = iv.length === 4 ? 8 : 0
        wipe(iv)
        this.headerLength = RECORD_HEADER_LENGTH + id.length
        this.overhead = this.headerLength + this.explicit + (id.length > 0 ? 1 : 0) + aead.tagLength
    }

    sealRecords(type: number, sequence: number, messages: Buffer[]): Buffer {
        let length = messages.length * this.overhead
        for (const message of messages) length += message.length
        const records = Buffer.allocUnsafe(length)
        let at = 0
        let next = sequence
        for (const message of messages) {
            this.sealAt(records, at, type, next++, message)
            at += this.overhead + message.length
        }
        return records
    }

    private sealAt(target: Buffer, at: number, type: number, sequence: number, message: Buffer): void {
        const { epoch, id, explicit } = this
        const plaintext = id.length === 0 ? message : innerPlaintext(message, type)
        target[at] = id.length === 0 ? type : ContentType.tls12Cid
        target.writeUInt16BE(DTLS_1_2, at + 1)
        target.writeUInt16BE(epoch, at + NUMBER_AT)
        target.writeUIntBE(sequence, at + NUMBER_AT + 2, 6)
        target.set(id, at + ID_AT)
        const start = at + this.headerLength
        target.writeUInt16BE(explicit + plaintext.length + this.aead.tagLength, start - 2)
        if (explicit > 0) copyFew(target, start, target, at + NUMBER_AT, explicit)
        this.setNonce(target, explicit > 0 ? start : at + NUMBER_AT)
        const aad = this.additionalData(target, at, plaintext.length)
        this.aead.sealInto(target, start + explicit, nonce, aad, plaintext)
    }

    /**
     * The fixed IV followed by the explicit nonce (RFC 5288 §3, RFC 6655 §3), or without one the IV xor the number
     * (RFC 7905 §2).
     */
    private setNonce(record: Buffer, at: number): void {
        this.#iv.copyTo(nonce, 0)
        if (this.explicit > 0) copyFew(nonce, 4, record, at, 8)
        else for (let i = 0; i < 8; i++) nonce[4 + i] = nonce[4 + i] ^ record[at + i]
    }

    /** RFC 5246 §6.2.3.3, RFC 9146 §5.3. @param length of the plaintext, bytes */
    private additionalData(record: Buffer, at: number, length: number): Buffer {
        const { id } = this
        if (id.length === 0) {
            copyFew(additional, 0, record, at + NUMBER_AT, 8)
            additional[8] = record[at]
            additional.writeUInt16BE(DTLS_1_2, 9)
            additional.writeUInt16BE(length, 11)
            return additionalWithoutId
        }
        additional.fill(0xff, 0, 8)
        additional[8] = ContentType.tls12Cid
        additional[9] = id.length
        record.copy(additional, 10, at, at + ID_AT)
        additional.set(id, 21)
        additional.writeUInt16BE(length, 21 + id.length)
        return additional.subarray(0, 23 + id.length)
    }

    sequenceOf(datagram: Buffer, at: number, end: number, _expected: number): number {
        const { headerLength, id } = this
        if (end - at < headerLength) return -1
        const length = datagram.readUInt16BE(at + headerLength - 2)
        const isKnown = id.length === 0 ? isContentType(datagram[at]) : datagram[at] === ContentType.tls12Cid
        const isOurs =
            isKnown &&
            datagram.readUInt16BE(at + 1) === DTLS_1_2 &&
            datagram.readUInt16BE(at + NUMBER_AT) === this.epoch &&
            length <= MAX_CIPHERTEXT &&
            length <= end - at - headerLength &&
            id.compare(datagram, at + ID_AT, at + ID_AT + id.length) === 0
        return isOurs ? datagram.readUIntBE(at + NUMBER_AT + 2, 6) : -1
    }

    lengthOf(datagram: Buffer, at: number): number {
        return this.headerLength + datagram.readUInt16BE(at + this.headerLength - 2)
    }

    openRecord(datagram: Buffer, at: number, end: number, sequence: number): Buffer | null | undefined {
        const { explicit, id } = this
        const start = at + this.headerLength
        const length = end - start - explicit - this.aead.tagLength
        if (length < Math.min(id.length, 1) || !isRecordOf(this, datagram, at, end, sequence)) return undefined
        this.setNonce(datagram, explicit > 0 ? start : at + NUMBER_AT)
        const aad = this.additionalData(datagram, at, length)
        const plaintext = this.aead.open(nonce, aad, datagram.subarray(start + explicit, end))
        if (plaintext === undefined) return null
        if (id.length > 0) return this.withoutPadding(plaintext)
        this.type = datagram[at]
        return plaintext
    }

    /**
     * The type is the last non-zero byte; zeros after it are padding (RFC 9146 §4). Without a type the record is
     * invalid.
     */
    private withoutPadding(inner: Buffer): Buffer | null {
        let last = inner.length - 1
        while (last >= 0 && inner[last] === 0) last--
        if (last < 0) return null
        this.type = inner[last]
        return inner.subarray(0, last)
    }

    openedType(): number {
        return this.type
    }

    exportKeys(wrapping: KeyWrapping, wrapper: Aead): WrappedKeys {
        return { wrapped: wrapping.wrapAead(this.aead, wrapper), iv: Buffer.from(this.#iv.view()) }
    }

    close(): void {
        this.aead.close()
        this.#iv.erase()
    }
}

/** Copies a few bytes; `Buffer.copy` would create an object. */
function copyFew(target: Buffer, at: number, source: Buffer, from: number, length: number): void {
    for (let i = 0; i < length; i++) target[at + i] = source[from + i]
}

/** The message and its type, without padding. */
function innerPlaintext(message: Buffer, type: number): Buffer {
    const inner = Buffer.allocUnsafeSlow(message.length + 1)
    inner.set(message)
    inner[message.length] = type
    return inner
}
