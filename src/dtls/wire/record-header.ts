import { blit } from "../bytes/bytes.js"
import { readUint, writeUint } from "../bytes/integers.js"
import { type Reader } from "../bytes/reader.js"
import { ContentType } from "./code-points.js"

/**
 * Length of a DTLS 1.2 record header, bytes (RFC 6347 §4.1): type 1, version 2, epoch 2, sequence_number 6, length 2.
 */
export const RECORD_HEADER_LENGTH = 13

/** Largest plaintext and ciphertext of a record (RFC 5246 §6.2.1, §6.2.3). */
export const MAX_PLAINTEXT = 16384
export const MAX_CIPHERTEXT = 18432

/** Whether the type is a ContentType of DTLS 1.2, for records without a connection id. */
export function isContentType(type: number): boolean {
    if (type === ContentType.returnRoutabilityCheck) return true
    return type >= ContentType.changeCipherSpec && type <= ContentType.applicationData
}

export interface RecordHeader {
    type: number
    epoch: number
    version: number
    /** 0 to 2^48-1 */
    sequence: number
    length: number
}

/** Undefined if fewer than 13 bytes are left. */
export function readRecordHeader(reader: Reader): RecordHeader | undefined {
    const { data, at } = reader
    if (reader.end - at < RECORD_HEADER_LENGTH) return undefined
    reader.at = at + RECORD_HEADER_LENGTH
    return {
        type: data[at],
        epoch: readUint(data, at + 3, 2),
        version: readUint(data, at + 1, 2),
        sequence: readUint(data, at + 5, 6),
        length: readUint(data, at + 11, 2),
    }
}

/** Length of the record at `at`, header included; the header must be complete. */
export function recordLength(datagram: Buffer, at: number): number {
    return RECORD_HEADER_LENGTH + readUint(datagram, at + RECORD_HEADER_LENGTH - 2, 2)
}

/** Whether the datagram begins with a record that claims to be protected, as most do. */
export function beginsProtected(datagram: Buffer, length: number): boolean {
    return length >= RECORD_HEADER_LENGTH && (datagram[3] !== 0 || datagram[4] !== 0)
}

/** An unprotected record, of epoch 0. */
export function plainRecord(type: number, version: number, sequence: number, plaintext: Buffer): Buffer {
    const { length } = plaintext
    const record = Buffer.alloc(RECORD_HEADER_LENGTH + length)
    // Adjacent fields are written as one integer, because each call has a cost on a device.
    writeUint(record, 0, type * 0x10000 + version, 3)
    writeUint(record, 5, sequence, 6)
    writeUint(record, 11, length, 2)
    blit(record, RECORD_HEADER_LENGTH, plaintext, 0, length)
    return record
}
