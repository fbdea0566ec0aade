import { Reader } from "../../src/dtls/bytes/reader.js"
import { copyOf } from "../../src/dtls/bytes/bytes.js"
import { HeaderBit, hasConnectionId, readHeader, UnifiedHeader } from "../../src/dtls/record/v13/unified-header.js"
import { readClientHelloStart } from "../../src/dtls/wire/client-hello.js"
import { HANDSHAKE_EPOCH } from "../../src/dtls/wire/v13/code-points.js"
import { findCookie, isRetryRandom } from "../../src/dtls/wire/v13/hello-retry-request.js"
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
        if ((data[reader.at] & HeaderBit.formMask) === HeaderBit.form) {
            describeUnified(reader, text)
            continue
        }
        const header = readRecordHeader(reader)
        if (header === undefined || header.length > reader.remaining()) {
            text.parts.push("not DTLS")
            return text
        }
        describeRecord(header, reader.bytes(header.length), text)
    }
    return text
}

/**
 * A protected record of DTLS 1.3, which shows its epoch alone. Where a connection id of unknown length hides the length, it is taken
 * to fill its datagram.
 */
function describeUnified(reader: Reader, text: DatagramText): void {
    const { data, at, end } = reader
    const header = new UnifiedHeader()
    const isDelimited = !hasConnectionId(data[at]) && readHeader(header, data, at, end, 0) && header.end <= end
    reader.at = isDelimited ? header.end : end
    const epoch = data[at] & HeaderBit.epochMask
    if (epoch === HANDSHAKE_EPOCH) text.handshake = true
    // Of later epochs only the last two bits are there.
    const name = epoch === HANDSHAKE_EPOCH ? "handshake record" : "record"
    text.parts.push(`${name}, protected, ${reader.at - at} B`)
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
        const isHello = header.type === HandshakeType.clientHello
        const cookie =
            isHello && hasCookie(fragment, reader.at, reader.at + header.fragmentLength) ? " with cookie" : ""
        const isRetry =
            header.type === HandshakeType.serverHello && isRetryRandom(copyOf(fragment, reader.at + 2, reader.at + 34))
        const name = isRetry ? "HelloRetryRequest" : handshakeName(header.type)
        text.parts.push(`${name}${cookie}${range}`)
        text.fragments.push(`${header.type}/${header.messageSeq}/${header.fragmentOffset}`)
        reader.at += header.fragmentLength
    }
}

/** Of DTLS 1.2 in its own field, of DTLS 1.3 in an extension. */
function hasCookie(fragment: Buffer, at: number, end: number): boolean {
    const start = readClientHelloStart(fragment, at, end)
    if (start === undefined) return false
    return start.cookieLength > 0 || findCookie(fragment, at + start.length, end) !== undefined
}
