import { blit } from "../bytes/bytes.js"
import { readUint, writeUint } from "../bytes/integers.js"
import { type Reader } from "../bytes/reader.js"

/**
 * Length of a handshake header, bytes: msg_type 1, length 3, message_seq 2, fragment_offset 3, fragment_length 3
 * (RFC 6347 §4.2.2).
 */
export const HANDSHAKE_HEADER_LENGTH = 12

export interface HandshakeHeader {
    type: number
    /** of the whole message, bytes */
    length: number
    messageSeq: number
    fragmentOffset: number
    fragmentLength: number
}

/** Undefined if header or fragment are incomplete, or the fragment extends past its message. */
export function readHandshakeHeader(reader: Reader): HandshakeHeader | undefined {
    const { data, at } = reader
    if (reader.end - at < HANDSHAKE_HEADER_LENGTH) return undefined
    const length = readUint(data, at + 1, 3)
    const fragmentOffset = readUint(data, at + 6, 3)
    const fragmentLength = readUint(data, at + 9, 3)
    reader.at = at + HANDSHAKE_HEADER_LENGTH
    if (fragmentLength > reader.end - reader.at || fragmentOffset + fragmentLength > length) return undefined
    return { type: data[at], length, messageSeq: readUint(data, at + 4, 2), fragmentOffset, fragmentLength }
}

/** A Buffer with a handshake header and room for the fragment's bytes. */
export function withHandshakeHeader(
    type: number,
    length: number,
    messageSeq: number,
    fragmentOffset: number,
    fragmentLength: number,
): Buffer {
    const bytes = Buffer.alloc(HANDSHAKE_HEADER_LENGTH + fragmentLength)
    // Adjacent fields are written as one integer, because each call has a cost on a device.
    writeUint(bytes, 0, type * 0x1000000 + length, 4)
    writeUint(bytes, 4, messageSeq, 2)
    writeUint(bytes, 6, fragmentOffset * 0x1000000 + fragmentLength, 6)
    return bytes
}

/** A whole, unfragmented message: the form used in the transcript (RFC 6347 §4.2.6). */
export function wholeMessage(type: number, messageSeq: number, body: Buffer): Buffer {
    const { length } = body
    const message = withHandshakeHeader(type, length, messageSeq, 0, length)
    blit(message, HANDSHAKE_HEADER_LENGTH, body, 0, length)
    return message
}
