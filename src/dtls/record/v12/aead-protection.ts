import { blit, copyOf, EMPTY, wipe } from "../../bytes/bytes.js"
import { Reader } from "../../bytes/reader.js"
import { Writer } from "../../bytes/writer.js"
import { type Aead, type ExportableProtection, type KeyWrapping, type WrappedKeys } from "../../crypto/provider.js"
import { DTLS_1_2 } from "../../wire/code-points.js"
import { isRecordOf } from "../is-record-of.js"
import {
    isContentType,
    MAX_CIPHERTEXT,
    readRecordHeader,
    RECORD_HEADER_LENGTH,
    recordLength,
} from "../../wire/record-header.js"

/**
 * Record protection on a provider's AEAD, for platforms without a faster implementation. With an explicit nonce, the
 * nonce is the fixed IV followed by the record's number (RFC 5288 §3, RFC 6655 §3), otherwise the IV xor the number
 * (RFC 7905 §2).
 * @devsWhenUsed
 */
export class AeadProtection implements ExportableProtection {
    overhead: number
    private type = 0
    private explicit: number

    /** @param iv 4 bytes with an explicit nonce of 8, otherwise 12 */
    constructor(
        private aead: Aead,
        private epoch: number,
        private iv: Buffer,
    ) {
        this.explicit = iv.length === 4 ? 8 : 0
        this.overhead = RECORD_HEADER_LENGTH + this.explicit + aead.tagLength
    }

    sealRecords(type: number, sequence: number, messages: Buffer[]): Buffer {
        const writer = new Writer(64)
        for (let i = 0; i < messages.length; i++) this.sealOne(writer, type, sequence + i, messages[i])
        return writer.finish()
    }

    private sealOne(writer: Writer, type: number, sequence: number, message: Buffer): void {
        const number = recordNumber(this.epoch, sequence)
        const sealed = this.aead.seal(makeNonce(this.iv, number), aad(number, type, message.length), message)
        writer.uint(type, 1)
        writer.uint(DTLS_1_2, 2)
        writer.bytes(number)
        writer.uint(this.explicit + sealed.length, 2)
        if (this.explicit > 0) writer.bytes(number)
        writer.bytes(sealed)
    }

    sequenceOf(datagram: Buffer, at: number, end: number, _expected: number): number {
        const header = readRecordHeader(new Reader(datagram, at, end))
        if (header === undefined || header.length > end - at - RECORD_HEADER_LENGTH) return -1
        const { type, version, epoch, sequence, length } = header
        const ours = isContentType(type) && version === DTLS_1_2 && epoch === this.epoch && length <= MAX_CIPHERTEXT
        return ours ? sequence : -1
    }

    lengthOf(datagram: Buffer, at: number): number {
        return recordLength(datagram, at)
    }

    openRecord(datagram: Buffer, at: number, end: number, sequence: number): Buffer | null | undefined {
        const start = at + RECORD_HEADER_LENGTH
        const explicit = this.explicit
        const length = end - start - explicit - this.aead.tagLength
        if (length < 0 || !isRecordOf(this, datagram, at, end, sequence)) return undefined
        const number = copyOf(datagram, at + 3, at + 11)
        const nonce = makeNonce(this.iv, explicit === 0 ? number : copyOf(datagram, start, start + explicit))
        const type = datagram[at]
        const plaintext = this.aead.open(nonce, aad(number, type, length), copyOf(datagram, start + explicit, end))
        this.type = type
        return plaintext ?? null
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
 * The fixed IV of 4 bytes followed by the explicit nonce, or without explicit nonce the IV xor the record's number.
 * @param number epoch and sequence number, or the explicit nonce; 8 bytes
 */
export function makeNonce(iv: Buffer, number: Buffer): Buffer {
    const nonce = Buffer.alloc(12)
    blit(nonce, 0, iv, 0, iv.length)
    if (iv.length === 4) blit(nonce, 4, number, 0, 8)
    else for (let i = 0; i < 8; i++) nonce[4 + i] = nonce[4 + i] ^ number[i]
    return nonce
}

/** Epoch and sequence number, 8 bytes; TLS's seq_num (RFC 6347 §4.1.2.1). */
export function recordNumber(epoch: number, sequence: number): Buffer {
    const writer = new Writer(8)
    writer.uint(epoch, 2)
    writer.uint(sequence, 6)
    return writer.finish()
}

/** additional_data (RFC 5246 §6.2.3.3): seq_num, type, version, length of the plaintext. */
function aad(number: Buffer, type: number, length: number): Buffer {
    const writer = new Writer(13)
    writer.bytes(number)
    writer.uint(type, 1)
    writer.uint(DTLS_1_2, 2)
    writer.uint(length, 2)
    return writer.finish()
}
