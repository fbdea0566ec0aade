import { copyOf, EMPTY, wipe } from "../../bytes/bytes.js"
import { readUint, writeUint } from "../../bytes/integers.js"
import { Writer } from "../../bytes/writer.js"
import { type AeadParameters } from "../../crypto/algorithms.js"
import {
    type Aead,
    type CryptoProvider,
    type OpenedRecord,
    type RecordNumberCipher,
    type RecordNumberCiphers,
    type RecordProtection,
} from "../../crypto/provider.js"
import { type TrafficKeys } from "../../crypto/v13/key-schedule.js"

/** Unified header (RFC 9147 §4): 001, no connection id, sequence number of 16 bits, a length, and two bits of the epoch. */
const FIRST_BYTE = 0x2c
const HEADER_LENGTH = 5
const NUMBER_AT = 1
const LENGTH_AT = 3
/** Bytes of ciphertext that record number encryption looks at (RFC 9147 §4.2.3). */
const SAMPLE_LENGTH = 16
const NUMBERS = 0x10000

/**
 * Records of DTLS 1.3 (RFC 9147 §4), with a 16-bit sequence number and a length in every header.
 * @devsWhenUsed
 */
export class ProtectionV13 implements RecordProtection {
    overhead: number
    private aead: Aead
    private numbers: RecordNumberCipher
    private iv: Buffer

    /** Copies the keys and wipes them. */
    constructor(
        crypto: CryptoProvider & RecordNumberCiphers,
        parameters: AeadParameters,
        private epoch: number,
        keys: TrafficKeys,
    ) {
        this.aead = crypto.newAead(parameters.algorithm, keys.key)
        this.numbers = crypto.newRecordNumberCipher(parameters.algorithm, keys.sn)
        this.iv = keys.iv
        this.overhead = HEADER_LENGTH + 1 + parameters.tagLength
        wipe(keys.key)
        wipe(keys.sn)
    }

    seal(type: number, sequence: number, messages: Buffer[]): Buffer {
        const writer = new Writer(64)
        for (let i = 0; i < messages.length; i++) writer.bytes(this.sealOne(type, sequence + i, messages[i]))
        return writer.finish()
    }

    private sealOne(type: number, sequence: number, message: Buffer): Buffer {
        const inner = new Writer(message.length + 1)
        inner.bytes(message)
        inner.uint(type, 1)
        const writer = new Writer(HEADER_LENGTH + message.length + 1 + this.aead.tagLength)
        writer.uint(FIRST_BYTE + (this.epoch & 3), 1)
        writer.uint(lowNumber(sequence), 2)
        writer.uint(message.length + 1 + this.aead.tagLength, 2)
        const sealed = this.aead.seal(this.nonce(sequence), writer.finish(), inner.finish())
        writer.bytes(sealed)
        const record = writer.finish()
        this.mask(record, 0)
        return record
    }

    /** Encrypts the record number, or takes the encryption off. */
    private mask(datagram: Buffer, at: number): void {
        const start = at + HEADER_LENGTH
        const mask = this.numbers.mask(copyOf(datagram, start, start + SAMPLE_LENGTH))
        for (let i = 0; i < 2; i++) datagram[at + NUMBER_AT + i] = datagram[at + NUMBER_AT + i] ^ mask[i]
    }

    sequenceOf(datagram: Buffer, at: number, end: number, expected: number): number {
        if (end - at < HEADER_LENGTH || datagram[at] !== FIRST_BYTE + (this.epoch & 3)) return -1
        const length = readUint(datagram, at + LENGTH_AT, 2)
        if (length > end - at - HEADER_LENGTH || length < SAMPLE_LENGTH) return -1
        const header = copyOf(datagram, at, at + HEADER_LENGTH + SAMPLE_LENGTH)
        this.mask(header, 0)
        return reconstruct(readUint(header, NUMBER_AT, 2), expected)
    }

    lengthOf(datagram: Buffer, at: number): number {
        return HEADER_LENGTH + readUint(datagram, at + LENGTH_AT, 2)
    }

    open(datagram: Buffer, at: number, sequence: number): OpenedRecord | undefined {
        const end = at + this.lengthOf(datagram, at)
        const header = copyOf(datagram, at, at + HEADER_LENGTH)
        // The additional data has the record number in clear.
        writeUint(header, NUMBER_AT, lowNumber(sequence), 2)
        const inner = this.aead.open(this.nonce(sequence), header, copyOf(datagram, at + HEADER_LENGTH, end))
        return inner === undefined ? undefined : this.withoutPadding(inner)
    }

    /** The content type is the last byte that is not zero (RFC 8446 §5.4). */
    private withoutPadding(inner: Buffer): OpenedRecord | undefined {
        let last = inner.length - 1
        while (last >= 0 && inner[last] === 0) last--
        if (last < 0) return undefined
        return { type: inner[last], epoch: this.epoch, plaintext: copyOf(inner, 0, last) }
    }

    close(): void {
        this.aead.close()
        this.numbers.close()
        wipe(this.iv)
        this.iv = EMPTY
    }

    /** IV xor sequence number; the epoch is no part of it (RFC 9147 §4). */
    private nonce(sequence: number): Buffer {
        const nonce = Buffer.alloc(12)
        writeUint(nonce, 6, sequence, 6)
        for (let i = 0; i < 12; i++) nonce[i] = nonce[i] ^ this.iv[i]
        return nonce
    }
}

/** What a header carries of a sequence number. */
function lowNumber(sequence: number): number {
    return sequence - Math.floor(sequence / NUMBERS) * NUMBERS
}

/** The number nearest to `expected` whose last 16 bits are `low` (RFC 9147 §4.2.2). */
export function reconstruct(low: number, expected: number): number {
    const candidate = expected - lowNumber(expected) + low
    if (candidate > expected + NUMBERS / 2 && candidate >= NUMBERS) return candidate - NUMBERS
    if (candidate + NUMBERS / 2 < expected) return candidate + NUMBERS
    return candidate
}
