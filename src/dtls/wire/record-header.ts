import { type Reader } from "../bytes/reader.js"
import { type Writer } from "../bytes/writer.js"

/** Bytes of a DTLS 1.2 record header (RFC 6347 §4.1): type 1, version 2, epoch 2, sequence_number 6, length 2. */
export const RECORD_HEADER_LENGTH = 13

/** Largest plaintext and ciphertext of a record (RFC 5246 §6.2.1, §6.2.3). */
export const MAX_PLAINTEXT = 16384
export const MAX_CIPHERTEXT = 18432

export interface RecordHeader {
    type: number
    version: number
    epoch: number
    /** 0 to 2^48-1 */
    sequence: number
    length: number
}

/** Undefined when fewer than 13 bytes are left. */
export function readRecordHeader(reader: Reader): RecordHeader | undefined {
    const header: RecordHeader = {
        type: reader.uint(1),
        version: reader.uint(2),
        epoch: reader.uint(2),
        sequence: reader.uint(6),
        length: reader.uint(2),
    }
    return reader.failed ? undefined : header
}

export function writeRecordHeader(writer: Writer, header: RecordHeader): void {
    writer.uint(header.type, 1)
    writer.uint(header.version, 2)
    writer.uint(header.epoch, 2)
    writer.uint(header.sequence, 6)
    writer.uint(header.length, 2)
}
