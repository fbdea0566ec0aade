import { Reader } from "../bytes/reader.js"
import { ContentType, DTLS_1_0, DTLS_1_2, HandshakeType } from "../wire/code-points.js"
import { type ClientHelloStart, readClientHelloStart } from "../wire/client-hello.js"
import { HANDSHAKE_HEADER_LENGTH, type HandshakeHeader, readHandshakeHeader } from "../wire/handshake-header.js"
import { readRecordHeader, RECORD_HEADER_LENGTH, type RecordHeader } from "../wire/record-header.js"

/** A fragment of a ClientHello, at the beginning of a datagram, in an unprotected record. */
export interface HelloFragment {
    datagram: Buffer
    /** length of the datagram, bytes */
    length: number
    /** record sequence number */
    sequence: number
    header: HandshakeHeader
    /** where the fragment's bytes begin in the datagram */
    at: number
    /** in the first fragment, at offset 0: the hello's fields up to the cookie; undefined in later ones */
    start: ClientHelloStart | undefined
}

/**
 * Largest message_seq of a ClientHello: it begins at 0 and increases with each cookie (RFC 6347 §4.2.2). Numbers near
 * the field's maximum would leave none for the handshake's other messages.
 */
const MAX_HELLO_SEQ = 16

/** Whether it is an unprotected handshake record of a version that a hello may have (RFC 6347 §4.2.1). */
export function isHelloRecord(record: RecordHeader): boolean {
    if (record.type !== ContentType.handshake || record.epoch !== 0) return false
    return record.version === DTLS_1_2 || record.version === DTLS_1_0
}

/** Quick check whether `readHelloFragment` should look at the datagram; most need no closer look. */
export function mayBeginHello(datagram: Buffer, length: number): boolean {
    const isHandshake = length > RECORD_HEADER_LENGTH && datagram[0] === ContentType.handshake
    return isHandshake && datagram[RECORD_HEADER_LENGTH] === HandshakeType.clientHello
}

/** Undefined if the datagram begins with anything else, or with a first fragment that ends before the cookie. */
export function readHelloFragment(datagram: Buffer, length: number): HelloFragment | undefined {
    const reader = new Reader(datagram, 0, length)
    const record = readRecordHeader(reader)
    if (record === undefined || record.length > reader.remaining() || !isHelloRecord(record)) return undefined
    const header = readHandshakeHeader(new Reader(datagram, reader.at, reader.at + record.length))
    if (header === undefined || header.messageSeq > MAX_HELLO_SEQ) return undefined
    const at = reader.at + HANDSHAKE_HEADER_LENGTH
    const { sequence } = record
    if (header.fragmentOffset > 0) return { datagram, length, sequence, header, at, start: undefined }
    const start = readClientHelloStart(datagram, at, at + header.fragmentLength)
    return start === undefined ? undefined : { datagram, length, sequence, header, at, start }
}
