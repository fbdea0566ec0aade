import { Reader } from "../bytes/reader.js"

/** Tags of ASN.1 types (X.690 §8.1.2), including the bit for constructed ones. */
export enum DerTag {
    boolean = 0x01,
    integer = 0x02,
    bitString = 0x03,
    octetString = 0x04,
    objectIdentifier = 0x06,
    utcTime = 0x17,
    generalizedTime = 0x18,
    sequence = 0x30,
    set = 0x31,
}

/** Longest length field accepted, bytes: elements are shorter than 16 MB. */
const MAX_LENGTH_BYTES = 3

/** Tag of the next element; 0 at the end. */
export function derTag(reader: Reader): number {
    return reader.at < reader.end ? reader.data[reader.at] : 0
}

/**
 * The content of the next element; `reader` moves past it. An element with another tag, an incomplete one, or a length
 * encoding that DER does not allow (X.690 §10.1) sets `reader.failed`.
 */
export function derContent(reader: Reader, tag: number): Reader {
    if (reader.uint(1) !== tag) reader.failed = true
    const first = derTag(reader)
    if (first < 0x80) return reader.sub(1)
    const width = first - 0x80
    const valid = width > 0 && width <= MAX_LENGTH_BYTES
    reader.at += valid ? 1 : 0
    const content = reader.sub(valid ? width : 1)
    if (!valid || content.remaining() < 0x80 || content.remaining() >> (8 * (width - 1)) === 0) reader.failed = true
    return content
}

/** A copy of the next element with its header; see `derContent`. */
export function derElement(reader: Reader, tag: number): Buffer {
    const start = reader.at
    derContent(reader, tag)
    const length = reader.at - start
    reader.at = start
    return reader.bytes(length)
}
