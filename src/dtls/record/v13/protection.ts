import { blit, copyOf, EMPTY, wipe } from "../../bytes/bytes.js"
import { readUint, writeUint } from "../../bytes/integers.js"
import { Writer } from "../../bytes/writer.js"
import {
    type Aead,
    type CryptoProvider,
    type RecordNumberCipher,
    type RecordNumberCiphers,
} from "../../crypto/provider.js"
import { type IdListener, type ProtectionWithId, type RecordContext } from "../../crypto/v13/provider.js"
import { ContentType } from "../../wire/code-points.js"
import { APPLICATION_EPOCH } from "../../wire/v13/code-points.js"
import { isRecordOf } from "../is-record-of.js"
import { HeaderBit, readHeader, UnifiedHeader } from "./unified-header.js"

/** Bytes of ciphertext sampled for record number encryption (RFC 9147 §4.2.3). */
const SAMPLE_LENGTH = 16
/** Largest ciphertext (RFC 8446 §5.2). */
const MAX_CIPHERTEXT = 16640
/** The first numbers of an epoch fit one byte: a receiver that has missed all of them can still reconstruct each. */
const SHORT_NUMBERS = 128

/** Keys of one direction of one epoch (RFC 8446 §7.3, RFC 9147 §4.2.3). */
export interface RecordKeys {
    aead: Aead
    numbers: RecordNumberCipher
    iv: Buffer
}

/** Derives the keys from a traffic secret. */
export function recordKeys(crypto: CryptoProvider & RecordNumberCiphers, context: RecordContext): RecordKeys {
    const { secret, aead } = context
    const { algorithm, keyLength } = aead
    const key = secret.expandLabel("key", EMPTY, keyLength)
    const sn = secret.expandLabel("sn", EMPTY, keyLength)
    const keys = {
        aead: crypto.newAead(algorithm, key),
        numbers: crypto.newRecordNumberCipher(algorithm, sn),
        iv: secret.expandLabel("iv", EMPTY, 12),
    }
    wipe(key)
    wipe(sn)
    return keys
}

/**
 * Records of one direction of one epoch of DTLS 1.3 (RFC 9147 §4). Received headers may have any form; sent ones have
 * an 8-bit number at first and a 16-bit number later, and a length unless they end their datagram. Built on a
 * provider's AEAD, for platforms without a faster implementation.
 * @devsWhenUsed
 */
export class ProtectionV13 implements ProtectionWithId {
    overhead: number
    private type = 0
    private epoch: number
    private id: Buffer
    private ids: IdListener | undefined
    /** of the record found by `sequenceOf` */
    private header: UnifiedHeader

    /** @param keys ownership is taken */
    constructor(
        private keys: RecordKeys,
        context: RecordContext,
    ) {
        const { epoch, id, reading, ids } = context
        this.epoch = epoch
        this.id = id
        this.ids = ids
        this.header = new UnifiedHeader()
        this.overhead = overheadOf(id, reading, keys.aead.tagLength)
    }

    setId(id: Buffer): void {
        this.overhead += id.length - this.id.length
        this.id = id
    }

    sealRecords(type: number, sequence: number, messages: Buffer[], endsDatagram: boolean): Buffer {
        const last = messages.length - 1
        if (last === 0) return this.sealOne(type, sequence, messages[0], !endsDatagram)
        const writer = new Writer(64)
        for (let i = 0; i <= last; i++)
            writer.bytes(this.sealOne(type, sequence + i, messages[i], i < last || !endsDatagram))
        return writer.finish()
    }

    private sealOne(type: number, sequence: number, message: Buffer, withLength: boolean): Buffer {
        const { id } = this
        const { aead } = this.keys
        const numberLength = sequence < SHORT_NUMBERS ? 1 : 2
        // Record number encryption needs its sample, so short records are padded with zeros (RFC 9147 §4.2.3).
        const length = Math.max(message.length + 1 + aead.tagLength, SAMPLE_LENGTH)
        const inner = Buffer.alloc(length - aead.tagLength)
        blit(inner, 0, message, 0, message.length)
        inner[message.length] = type
        const writer = new Writer(5 + id.length + length)
        const idBit = id.length > 0 ? HeaderBit.id : 0
        const numberBit = numberLength === 2 ? HeaderBit.longNumber : 0
        const lengthBit = withLength ? HeaderBit.length : 0
        writer.uint(HeaderBit.form + idBit + numberBit + lengthBit + (this.epoch & 3), 1)
        writer.bytes(id)
        writer.uint(lowBits(sequence, numberLength), numberLength)
        if (withLength) writer.uint(length, 2)
        const start = writer.length
        writer.bytes(aead.seal(this.nonce(sequence), writer.finish(), inner))
        const record = writer.finish()
        this.mask(record, 1 + id.length, numberLength, start)
        return record
    }

    /** Encrypts or decrypts the record number. @param start where the ciphertext begins */
    private mask(record: Buffer, numberAt: number, numberLength: number, start: number): void {
        const mask = this.keys.numbers.mask(copyOf(record, start, start + SAMPLE_LENGTH))
        for (let i = 0; i < numberLength; i++) record[numberAt + i] = record[numberAt + i] ^ mask[i]
    }

    sequenceOf(datagram: Buffer, at: number, end: number, expected: number): number {
        const { id, header } = this
        if (!readHeader(header, datagram, at, end, id.length)) return -1
        const { numberAt, numberLength, start } = header
        const length = header.end - start
        if ((datagram[at] & 3) !== (this.epoch & 3) || header.end > end) return -1
        if (length < SAMPLE_LENGTH || length > MAX_CIPHERTEXT) return -1
        const record = copyOf(datagram, at, start + SAMPLE_LENGTH)
        this.mask(record, numberAt - at, numberLength, start - at)
        return reconstruct(readUint(record, numberAt - at, numberLength), numberLength, expected)
    }

    lengthOf(_datagram: Buffer, at: number): number {
        return this.header.end - at
    }

    openRecord(datagram: Buffer, at: number, end: number, sequence: number): Buffer | null | undefined {
        if (!isRecordOf(this, datagram, at, end, sequence)) return undefined
        const { numberAt, numberLength, start } = this.header
        if (end - start <= this.keys.aead.tagLength) return undefined
        const additional = copyOf(datagram, at, start)
        // The additional data contains the decrypted record number.
        writeUint(additional, numberAt - at, lowBits(sequence, numberLength), numberLength)
        const inner = this.keys.aead.open(this.nonce(sequence), additional, copyOf(datagram, start, end))
        // The additional data also contains the id, so it is this association's.
        if (inner !== undefined && this.header.hasId && this.ids !== undefined)
            this.ids.use(copyOf(additional, 1, 1 + this.id.length))
        return inner === undefined ? null : this.withoutPadding(inner)
    }

    /**
     * The content type is the last non-zero byte (RFC 8446 §5.4); 0: there is none, or one not allowed under these
     * keys, such as application data under the handshake keys.
     */
    private withoutPadding(inner: Buffer): Buffer {
        let last = inner.length - 1
        while (last >= 0 && inner[last] === 0) last--
        const isEarly = this.epoch < APPLICATION_EPOCH && inner[last] === ContentType.applicationData
        this.type = last < 0 || isEarly ? 0 : inner[last]
        return this.type === 0 ? EMPTY : copyOf(inner, 0, last)
    }

    openedType(): number {
        return this.type
    }

    close(): void {
        const { aead, numbers, iv } = this.keys
        aead.close()
        numbers.close()
        wipe(iv)
    }

    /** IV xor sequence number; the epoch is not part of it (RFC 9147 §4). */
    private nonce(sequence: number): Buffer {
        const nonce = Buffer.alloc(12)
        writeUint(nonce, 6, sequence, 6)
        for (let i = 0; i < 12; i++) nonce[i] = nonce[i] ^ this.keys.iv[i]
        return nonce
    }
}

/** Received records may have the shortest header; sent ones have at most a long number and a length. */
export function overheadOf(id: Buffer, reading: boolean, tagLength: number): number {
    return (reading ? 2 : 5 + id.length) + 1 + tagLength
}

/** How many values a number of 1 or 2 bytes has. */
function numbersOf(length: number): number {
    return length === 1 ? 0x100 : 0x10000
}

/** The part of a sequence number that a header carries. @param length bytes, 1 or 2 */
function lowBits(sequence: number, length: number): number {
    const count = numbersOf(length)
    return sequence - Math.floor(sequence / count) * count
}

/** The number nearest to `expected` that ends in `low` (RFC 9147 §4.2.2). @param length bytes of `low`, 1 or 2 */
export function reconstruct(low: number, length: number, expected: number): number {
    const count = numbersOf(length)
    const candidate = expected - lowBits(expected, length) + low
    if (candidate > expected + count / 2 && candidate >= count) return candidate - count
    if (candidate + count / 2 < expected) return candidate + count
    return candidate
}
