import { Reader } from "../../src/dtls/bytes/reader.js"
import { ContentType, DTLS_1_2 } from "../../src/dtls/wire/code-points.js"
import {
    HANDSHAKE_HEADER_LENGTH,
    type HandshakeHeader,
    readHandshakeHeader,
    withHandshakeHeader,
} from "../../src/dtls/wire/handshake-header.js"
import { plainRecord, readRecordHeader, type RecordHeader } from "../../src/dtls/wire/record-header.js"

/* Handmade datagrams, for peers that misbehave. */

export function record(type: number, epoch: number, sequence: number, fragment: Buffer, version = DTLS_1_2): Buffer {
    const bytes = plainRecord(type, version, sequence, fragment)
    bytes.writeUInt16BE(epoch, 3)
    return bytes
}

export interface Part {
    header: RecordHeader
    fragment: Buffer
    /** the whole record */
    bytes: Buffer
}

/** The records of a datagram. */
export function records(datagram: Buffer): Part[] {
    const parts: Part[] = []
    const reader = new Reader(datagram, 0, datagram.length)
    while (reader.remaining() > 0) {
        const start = reader.at
        const header = readRecordHeader(reader) as RecordHeader
        const fragment = reader.bytes(header.length)
        parts.push({ header, fragment, bytes: Buffer.from(datagram.subarray(start, reader.at)) })
    }
    return parts
}

/** One fragment of a handshake message, as in a record. */
export function fragment(header: Partial<HandshakeHeader> & { type: number }, body: Buffer): Buffer {
    const { type, length = body.length, messageSeq = 0, fragmentOffset = 0, fragmentLength = body.length } = header
    const bytes = withHandshakeHeader(type, length, messageSeq, fragmentOffset, fragmentLength)
    return Buffer.concat([bytes.subarray(0, HANDSHAKE_HEADER_LENGTH), body])
}

/** A whole handshake message in an epoch-0 record. */
export function handshake(type: number, messageSeq: number, body: Buffer, sequence = 0): Buffer {
    return record(ContentType.handshake, 0, sequence, fragment({ type, messageSeq }, body))
}

export interface Message {
    header: HandshakeHeader
    body: Buffer
}

/** The handshake messages in an epoch-0 datagram. */
export function messages(datagram: Buffer): Message[] {
    return records(datagram)
        .filter(({ header }) => header.type === ContentType.handshake && header.epoch === 0)
        .map(({ fragment: bytes }) => {
            const reader = new Reader(bytes, 0, bytes.length)
            const header = readHandshakeHeader(reader) as HandshakeHeader
            return { header, body: reader.bytes(header.fragmentLength) }
        })
}

/** Cuts a whole message into pieces of `size` bytes, each as a record in a separate datagram. */
export function cut(message: Message, size: number): Buffer[] {
    const pieces: Buffer[] = []
    const { type, messageSeq } = message.header
    for (let at = 0; at < message.body.length; at += size) {
        const body = message.body.subarray(at, at + size)
        const header = {
            type,
            messageSeq,
            length: message.body.length,
            fragmentOffset: at,
            fragmentLength: body.length,
        }
        pieces.push(record(ContentType.handshake, 0, pieces.length, fragment(header, Buffer.from(body))))
    }
    return pieces
}

/** All permutations of a short list. */
export function permutations<T>(list: T[]): T[][] {
    if (list.length <= 1) return [list]
    return list.flatMap((first, i) =>
        permutations([...list.slice(0, i), ...list.slice(i + 1)]).map((rest) => [first, ...rest]),
    )
}
