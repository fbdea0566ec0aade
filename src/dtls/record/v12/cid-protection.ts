import { copyOf, EMPTY, equal, wipe } from "../../bytes/bytes.js"
import { readUint } from "../../bytes/integers.js"
import { type Reader } from "../../bytes/reader.js"
import { Writer } from "../../bytes/writer.js"
import {
    type Aead,
    type ExportableProtection,
    type KeyWrapping,
    type RecordProtection,
    type WrappedKeys,
} from "../../crypto/provider.js"
import { ContentType, DTLS_1_2 } from "../../wire/code-points.js"
import { MAX_CIPHERTEXT, RECORD_HEADER_LENGTH } from "../../wire/record-header.js"
import { Discard } from "../discard.js"
import { isRecordOf } from "../is-record-of.js"
import { NEXT_EPOCH, OTHER_FORM, type RecordForm } from "../record-layer.js"
import { AeadProtection, makeNonce, recordNumber } from "./aead-protection.js"

/** Where a record's number and id begin (RFC 9146 §4: type, version, epoch, sequence_number, cid, length). */
const NUMBER_AT = 3
export const ID_AT = 11

/**
 * Records of DTLS 1.2 with a connection id (RFC 9146 §4); the true type is encrypted.
 * @devsWhenUsed
 */
class CidProtection implements ExportableProtection {
    overhead: number
    private type = 0
    private explicit: number
    private headerLength: number

    constructor(
        private aead: Aead,
        private epoch: number,
        private iv: Buffer,
        private id: Buffer,
    ) {
        this.explicit = iv.length === 4 ? 8 : 0
        this.headerLength = RECORD_HEADER_LENGTH + id.length
        this.overhead = this.headerLength + this.explicit + 1 + aead.tagLength
    }

    sealRecords(type: number, sequence: number, messages: Buffer[]): Buffer {
        const writer = new Writer(64)
        for (let i = 0; i < messages.length; i++) this.sealOne(writer, type, sequence + i, messages[i])
        return writer.finish()
    }

    /** Does not pad: the inner plaintext is the message and its type. */
    private sealOne(writer: Writer, type: number, sequence: number, message: Buffer): void {
        const inner = new Writer(message.length + 1)
        inner.bytes(message)
        inner.uint(type, 1)
        const number = recordNumber(this.epoch, sequence)
        const nonce = makeNonce(this.iv, number)
        const sealed = this.aead.seal(nonce, this.additionalData(number, message.length + 1), inner.finish())
        writer.uint(ContentType.tls12Cid, 1)
        writer.uint(DTLS_1_2, 2)
        writer.bytes(number)
        writer.bytes(this.id)
        writer.uint(this.explicit + sealed.length, 2)
        if (this.explicit > 0) writer.bytes(number)
        writer.bytes(sealed)
    }

    /** RFC 9146 §5.3. @param length of the inner plaintext, bytes */
    private additionalData(number: Buffer, length: number): Buffer {
        const writer = new Writer(23 + this.id.length)
        writer.uint(0xffffffff, 4)
        writer.uint(0xffffffff, 4)
        writer.uint(ContentType.tls12Cid, 1)
        writer.uint(this.id.length, 1)
        writer.uint(ContentType.tls12Cid, 1)
        writer.uint(DTLS_1_2, 2)
        writer.bytes(number)
        writer.bytes(this.id)
        writer.uint(length, 2)
        return writer.finish()
    }

    sequenceOf(datagram: Buffer, at: number, end: number, _expected: number): number {
        const { headerLength, id } = this
        if (end - at < headerLength || datagram[at] !== ContentType.tls12Cid) return -1
        const length = readUint(datagram, at + headerLength - 2, 2)
        const isOurs =
            readUint(datagram, at + 1, 2) === DTLS_1_2 && readUint(datagram, at + NUMBER_AT, 2) === this.epoch
        if (!isOurs || length > MAX_CIPHERTEXT || length > end - at - headerLength) return -1
        if (!equal(copyOf(datagram, at + ID_AT, at + ID_AT + id.length), id)) return -1
        return readUint(datagram, at + NUMBER_AT + 2, 6)
    }

    lengthOf(datagram: Buffer, at: number): number {
        return this.headerLength + readUint(datagram, at + this.headerLength - 2, 2)
    }

    openRecord(datagram: Buffer, at: number, end: number, sequence: number): Buffer | null | undefined {
        const { explicit } = this
        const start = at + this.headerLength
        const length = end - start - explicit - this.aead.tagLength
        if (length < 1 || !isRecordOf(this, datagram, at, end, sequence)) return undefined
        const number = copyOf(datagram, at + NUMBER_AT, at + ID_AT)
        const nonce = makeNonce(this.iv, explicit === 0 ? number : copyOf(datagram, start, start + explicit))
        const ciphertext = copyOf(datagram, start + explicit, end)
        const inner = this.aead.open(nonce, this.additionalData(number, length), ciphertext)
        return inner === undefined ? null : this.withoutPadding(inner)
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
        return copyOf(inner, 0, last)
    }

    openedType(): number {
        return this.type
    }

    exportKeys(wrapping: KeyWrapping, wrapper: Aead): WrappedKeys {
        return { wrapped: wrapping.wrapAead(this.aead, wrapper), iv: copyOf(this.iv, 0, this.iv.length) }
    }

    close(): void {
        this.aead.close()
        wipe(this.iv)
        this.iv = EMPTY
    }
}

/**
 * The form of records with a connection id, in which the length follows the id.
 * @devsWhenUsed
 */
export class CidForm implements RecordForm {
    private headerLength: number

    /** @param idLength length of the ids, 1 to 255 bytes */
    constructor(idLength: number) {
        this.headerLength = RECORD_HEADER_LENGTH + idLength
    }

    next(reader: Reader, epoch: number): number {
        const { headerLength } = this
        const { data, at, end } = reader
        if (data[at] !== ContentType.tls12Cid) return OTHER_FORM
        const left = end - at
        const length = left < headerLength ? headerLength : headerLength + readUint(data, at + headerLength - 2, 2)
        reader.at = at + Math.min(length, left)
        if (length > left) return Discard.truncated
        return readUint(data, at + NUMBER_AT, 2) === epoch ? NEXT_EPOCH : Discard.epoch
    }
}

/** `CryptoProvider.newProtection` for platforms with nothing faster than an AEAD. */
export function protectByAead(aead: Aead, epoch: number, iv: Buffer, id: Buffer): RecordProtection {
    return id.length > 0 ? new CidProtection(aead, epoch, iv, id) : new AeadProtection(aead, epoch, iv)
}
