import { Reader } from "../../src/dtls/bytes/reader.js"
import { ContentType, HandshakeType } from "../../src/dtls/wire/code-points.js"
import { readHandshakeHeader } from "../../src/dtls/wire/handshake-header.js"
import { readRecordHeader, type RecordHeader } from "../../src/dtls/wire/record-header.js"
import { alertName } from "../../src/platform/node/failure-text.js"
import { handshakeName } from "../describe.js"

/** What one datagram holds, for a trace. */
export interface DatagramText {
    /** one entry per message or record */
    parts: string[]
    /** handshake messages of epoch 0 as "type/message_seq/offset", to tell repetitions */
    fragments: string[]
    /** whether it holds a protected handshake record, which can only be a Finished (or a request to renegotiate) */
    protectedHandshake: boolean
    /** whether it holds part of a handshake at all */
    handshake: boolean
}

/** Reads a datagram as far as it can be read without keys. */
export function describeDatagram(data: Buffer): DatagramText {
    const text: DatagramText = { parts: [], fragments: [], protectedHandshake: false, handshake: false }
    const reader = new Reader(data, 0, data.length)
    while (reader.remaining() > 0) {
        const header = readRecordHeader(reader)
        if (header === undefined || header.length > reader.remaining()) {
            text.parts.push("not DTLS")
            return text
        }
        describeRecord(header, reader.bytes(header.length), text)
    }
    return text
}

function describeRecord(header: RecordHeader, fragment: Buffer, text: DatagramText): void {
    const hidden = header.epoch > 0
    switch (header.type) {
        case ContentType.handshake:
            text.handshake = true
            if (hidden) {
                text.protectedHandshake = true
                text.parts.push("Finished, protected")
            } else describeHandshake(fragment, text)
            break
        case ContentType.changeCipherSpec:
            text.handshake = true
            text.parts.push("ChangeCipherSpec")
            break
        case ContentType.alert:
            text.parts.push(hidden ? "Alert, protected" : `Alert ${alertName(fragment[1] ?? 256)}`)
            break
        case ContentType.applicationData:
            text.parts.push(`ApplicationData ${fragment.length} B`)
            break
        default:
            text.parts.push(`record of type ${header.type}`)
    }
}

function describeHandshake(fragment: Buffer, text: DatagramText): void {
    const reader = new Reader(fragment, 0, fragment.length)
    while (reader.remaining() > 0) {
        const header = readHandshakeHeader(reader)
        if (header === undefined) {
            text.parts.push("broken handshake fragment")
            return
        }
        const whole = header.fragmentLength === header.length
        const end = header.fragmentOffset + header.fragmentLength
        const range = whole ? "" : ` [${header.fragmentOffset}-${end} of ${header.length}]`
        const cookie = header.type === HandshakeType.clientHello && hasCookie(fragment, reader.at) ? " with cookie" : ""
        text.parts.push(`${handshakeName(header.type)}${cookie}${range}`)
        text.fragments.push(`${header.type}/${header.messageSeq}/${header.fragmentOffset}`)
        reader.at += header.fragmentLength
    }
}

function hasCookie(fragment: Buffer, at: number): boolean {
    const sessionIdLength = fragment[at + 34] ?? 0
    return (fragment[at + 35 + sessionIdLength] ?? 0) > 0
}
