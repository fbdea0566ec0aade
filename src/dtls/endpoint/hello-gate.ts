import { copyOf } from "../bytes/bytes.js"
import { Reader } from "../bytes/reader.js"
import { Writer } from "../bytes/writer.js"
import { type CryptoProvider } from "../crypto/provider.js"
import { Cookies } from "../handshake/cookies.js"
import { ContentType, DTLS_1_0, DTLS_1_2, HandshakeType } from "../wire/code-points.js"
import { type ClientHelloStart, readClientHelloStart } from "../wire/client-hello.js"
import {
    HANDSHAKE_HEADER_LENGTH,
    type HandshakeHeader,
    readHandshakeHeader,
    wholeMessage,
} from "../wire/handshake-header.js"
import { writeHelloVerifyRequest } from "../wire/hello-verify-request.js"
import { beginsProtected, readRecordHeader, RECORD_HEADER_LENGTH, writeRecordHeader } from "../wire/record-header.js"

/** The first fragment of a ClientHello, as far as the gate has to know it. */
export interface FirstFragment {
    /** record sequence number */
    sequence: number
    header: HandshakeHeader
    start: ClientHelloStart
    /** from cipher_suites to the end; undefined when the hello does not end in this fragment */
    rest: Buffer | undefined
}

/**
 * Largest message_seq of a ClientHello: it is 0 at first, and one more for each cookie followed (RFC 6347 §4.2.2). Numbers
 * near the end of the field would leave none for the handshake's other messages.
 */
const MAX_HELLO_SEQ = 16

/** Most datagrams do not, and need no further look. */
function mayBeginHello(datagram: Buffer, length: number): boolean {
    if (length <= RECORD_HEADER_LENGTH || beginsProtected(datagram, length)) return false
    return datagram[0] === ContentType.handshake && datagram[RECORD_HEADER_LENGTH] === HandshakeType.clientHello
}

/**
 * Reads a datagram that begins with an unprotected ClientHello fragment at offset 0 that reaches the end of the
 * cookie. Anything else of an unknown peer is nothing to the server: undefined.
 */
export function readFirstFragment(datagram: Buffer, length: number): FirstFragment | undefined {
    if (!mayBeginHello(datagram, length)) return undefined
    const reader = new Reader(datagram, 0, length)
    const record = readRecordHeader(reader)
    if (record === undefined || record.length > reader.remaining()) return undefined
    if (record.version !== DTLS_1_2 && record.version !== DTLS_1_0) return undefined
    const header = readHandshakeHeader(new Reader(datagram, reader.at, reader.at + record.length))
    if (header === undefined || header.fragmentOffset !== 0 || header.messageSeq > MAX_HELLO_SEQ) return undefined
    const body = reader.at + HANDSHAKE_HEADER_LENGTH
    const end = body + header.fragmentLength
    const start = readClientHelloStart(datagram, body, end)
    if (start === undefined) return undefined
    const whole = header.fragmentLength === header.length
    const rest = whole ? copyOf(datagram, body + start.length, end) : undefined
    return { sequence: record.sequence, header, start, rest }
}

/**
 * Decides about hellos of unknown peers with an HMAC and nothing else: no state, no other work (RFC 6347 §4.2.1).
 * @devsWhenUsed
 */
export class HelloGate {
    private cookies: Cookies

    constructor(crypto: CryptoProvider, now: number) {
        this.cookies = new Cookies(crypto, now)
    }

    /** Whether this hello proves that its sender receives at `address`, and says what the first one said. */
    admits(address: Buffer, hello: FirstFragment, now: number): boolean {
        this.cookies.rotate(now)
        if (hello.rest === undefined) return this.cookies.checkStart(address, hello.start)
        return this.cookies.checkWhole(address, hello.start, hello.rest, false)
    }

    /** The second half of the cookie of a hello that came in fragments and is whole now. */
    admitsWhole(address: Buffer, body: Buffer): boolean {
        const start = readClientHelloStart(body, 0, body.length)
        if (start === undefined) return false
        return this.cookies.checkWhole(address, start, copyOf(body, start.length, body.length), true)
    }

    /**
     * The HelloVerifyRequest datagram. It takes over the hello's record sequence number and message_seq
     * (RFC 6347 §4.2.1, errata 5186). Undefined when it would be larger than what came: never amplify.
     */
    challenge(address: Buffer, hello: FirstFragment, received: number): Buffer | undefined {
        const cookie = this.cookies.make(address, hello.start, hello.rest)
        const body = writeHelloVerifyRequest(cookie)
        const message = wholeMessage(HandshakeType.helloVerifyRequest, hello.header.messageSeq, body)
        const writer = new Writer(RECORD_HEADER_LENGTH + message.length)
        const { sequence } = hello
        writeRecordHeader(writer, {
            type: ContentType.handshake,
            version: DTLS_1_0,
            epoch: 0,
            sequence,
            length: message.length,
        })
        writer.bytes(message)
        const datagram = writer.finish()
        return datagram.length > received ? undefined : datagram
    }

    close(): void {
        this.cookies.close()
    }
}
