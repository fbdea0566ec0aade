import { type Reader } from "../bytes/reader.js"
import { Writer } from "../bytes/writer.js"

/** Bytes of a handshake header: msg_type 1, length 3, message_seq 2, fragment_offset 3, fragment_length 3 (RFC 6347 §4.2.2). */
export const HANDSHAKE_HEADER_LENGTH = 12

export interface HandshakeHeader {
    type: number
    /** of the whole message, bytes */
    length: number
    messageSeq: number
    fragmentOffset: number
    fragmentLength: number
}

/** Undefined when the header or its fragment is not all there, or the fragment reaches past the message. */
export function readHandshakeHeader(reader: Reader): HandshakeHeader | undefined {
    const header: HandshakeHeader = {
        type: reader.uint(1),
        length: reader.uint(3),
        messageSeq: reader.uint(2),
        fragmentOffset: reader.uint(3),
        fragmentLength: reader.uint(3),
    }
    if (reader.failed || header.fragmentLength > reader.remaining()) return undefined
    if (header.fragmentOffset + header.fragmentLength > header.length) return undefined
    return header
}

export function writeHandshakeHeader(writer: Writer, header: HandshakeHeader): void {
    writer.uint(header.type, 1)
    writer.uint(header.length, 3)
    writer.uint(header.messageSeq, 2)
    writer.uint(header.fragmentOffset, 3)
    writer.uint(header.fragmentLength, 3)
}

/** A whole message in one fragment: the form that also enters the transcript (RFC 6347 §4.2.6). */
export function wholeMessage(type: number, messageSeq: number, body: Buffer): Buffer {
    const length = body.length
    const writer = new Writer(HANDSHAKE_HEADER_LENGTH + length)
    writeHandshakeHeader(writer, { type, length, messageSeq, fragmentOffset: 0, fragmentLength: length })
    writer.bytes(body)
    return writer.finish()
}
