import { readUint } from "../../bytes/integers.js"
import { type Reader } from "../../bytes/reader.js"
import { Discard } from "../discard.js"
import { NEXT_EPOCH, OTHER_FORM, type RecordForm } from "../record-layer.js"

/** Bits of the first byte of a unified header (RFC 9147 §4): 0 0 1 C S L E E. */
export enum HeaderBit {
    /** the three bits that distinguish these records from all others */
    form = 0x20,
    formMask = 0xe0,
    /** C: a connection id follows */
    id = 0x10,
    /** S: the sequence number has 16 bits, otherwise 8 */
    longNumber = 0x08,
    /** L: a length follows; without it the record fills the rest of its datagram */
    length = 0x04,
    /** E: the low bits of the epoch */
    epochMask = 0x03,
}

/** Where a connection id begins in a record that has one. */
export const ID_AT = 1

/** @param first byte of a record */
export function hasConnectionId(first: number): boolean {
    return (first & (HeaderBit.formMask + HeaderBit.id)) === HeaderBit.form + HeaderBit.id
}

/**
 * The positions of a record's parts.
 * @devsWhenUsed
 */
export class UnifiedHeader {
    hasId = false
    numberAt = 0
    /** 1 or 2 bytes */
    numberLength = 1
    /** where the ciphertext begins */
    start = 0
    end = 0
}

/**
 * Reads the header at `at` into `header`; its `end` may lie past the end of the datagram.
 * @param idLength bytes of the connection ids that this side gave its peer; 0: it gave none, so none is allowed
 * @returns false: it is not a unified header, or is incomplete
 */
export function readHeader(
    header: UnifiedHeader,
    datagram: Buffer,
    at: number,
    end: number,
    idLength: number,
): boolean {
    const first = datagram[at]
    if (at >= end || (first & HeaderBit.formMask) !== HeaderBit.form) return false
    header.hasId = (first & HeaderBit.id) !== 0
    if (header.hasId && idLength === 0) return false
    header.numberAt = at + 1 + (header.hasId ? idLength : 0)
    header.numberLength = (first & HeaderBit.longNumber) === 0 ? 1 : 2
    const lengthAt = header.numberAt + header.numberLength
    const hasLength = (first & HeaderBit.length) !== 0
    header.start = hasLength ? lengthAt + 2 : lengthAt
    if (header.start > end) return false
    header.end = hasLength ? header.start + readUint(datagram, lengthAt, 2) : end
    return true
}

/**
 * The form of protected records of DTLS 1.3, for recognizing those without known keys.
 * @devsWhenUsed
 */
export class UnifiedForm implements RecordForm {
    /** @param idLength bytes of the connection ids in the peer's records; 0: there are none */
    constructor(private idLength: number) {}

    /** If a record's end is unknown, the rest of the datagram is discarded (RFC 9147 §4.1). */
    next(reader: Reader, epoch: number): number {
        const { data, at, end } = reader
        const header = new UnifiedHeader()
        const first = data[at]
        if ((first & HeaderBit.formMask) !== HeaderBit.form) return OTHER_FORM
        const isWhole = readHeader(header, data, at, end, this.idLength) && header.end <= end
        reader.at = isWhole ? header.end : end
        if (!isWhole) return Discard.truncated
        const isNext = epoch > 0 && (first & HeaderBit.epochMask) === (epoch & HeaderBit.epochMask)
        return isNext ? NEXT_EPOCH : Discard.epoch
    }
}
