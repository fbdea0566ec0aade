import { Reader } from "../../src/dtls/bytes/reader.js"
import { readClientHello, readClientHelloStart, writeClientHello } from "../../src/dtls/wire/client-hello.js"
import { ContentType, DTLS_1_2 } from "../../src/dtls/wire/code-points.js"
import { findExtension } from "../../src/dtls/wire/extensions.js"
import { readHandshakeHeader, wholeMessage } from "../../src/dtls/wire/handshake-header.js"
import { readHelloVerifyRequest, writeHelloVerifyRequest } from "../../src/dtls/wire/hello-verify-request.js"
import { readPskIdentity, writePskIdentity } from "../../src/dtls/wire/psk-key-exchange.js"
import { plainRecord, readRecordHeader } from "../../src/dtls/wire/record-header.js"
import { readServerHello, writeServerHello } from "../../src/dtls/wire/server-hello.js"
import { type Kit } from "../kit.js"

function hello(): Buffer {
    return writeClientHello({
        version: DTLS_1_2,
        random: Buffer.alloc(32),
        sessionId: Buffer.alloc(0),
        cookie: Buffer.from("c00c1e", "hex"),
        cipherSuites: [0xc0a8, 0x00ff],
        compressionMethods: Buffer.from([0]),
        extensions: [{ type: 23, data: Buffer.alloc(0) }],
    })
}

export function wireTests(t: Kit): void {
    t.describe("wire formats", () => {
        t.test("a record header survives the round trip with a 48-bit sequence number", async () => {
            const bytes = plainRecord(ContentType.handshake, DTLS_1_2, 0xffffffffffff, Buffer.from("c00c", "hex"))
            t.equal(bytes.toString("hex"), "16fefd0000ffffffffffff0002c00c")
            const header = readRecordHeader(new Reader(bytes, 0, bytes.length))
            t.equal(header === undefined ? -1 : header.sequence, 0xffffffffffff)
        })
        t.test("a truncated record header decodes to undefined", async () => {
            t.equal(readRecordHeader(new Reader(Buffer.alloc(12), 0, 12)), undefined)
        })
        t.test("a fragment that reaches past its message decodes to undefined", async () => {
            const bytes = wholeMessage(1, 0, Buffer.alloc(4))
            bytes[8] = 1
            t.equal(readHandshakeHeader(new Reader(bytes, 0, bytes.length)), undefined)
        })
        t.test("a ClientHello survives the round trip", async () => {
            const read = readClientHello(hello())
            if (read === undefined) return t.equal("unreadable", "")
            t.equal(read.cookie.toString("hex"), "c00c1e")
            t.equal(read.cipherSuites[0], 0xc0a8)
            t.equal(findExtension(read.extensions, 23) !== undefined, true)
        })
        t.test("a ClientHello cut anywhere decodes to undefined, or ends before its extensions", async () => {
            const bytes = hello()
            for (let end = 0; end < bytes.length; end++) {
                const cut = Buffer.alloc(end)
                for (let i = 0; i < end; i++) cut[i] = bytes[i]
                const read = readClientHello(cut)
                if (read !== undefined) t.equal(read.extensions.length === 0 && end === bytes.length - 6, true)
            }
        })
        t.test(
            "the start of a ClientHello is readable once the cookie begins, and says how much of it has arrived",
            async () => {
                const bytes = hello()
                t.equal(readClientHelloStart(bytes, 0, 35), undefined)
                for (let end = 36; end <= bytes.length; end++) {
                    const start = readClientHelloStart(bytes, 0, end)
                    const cookie = Math.min(end - 36, 3)
                    t.equal(start === undefined ? -1 : start.cookieLength, 3)
                    t.equal(start === undefined ? -1 : start.cookie.length, cookie)
                    t.equal(start === undefined ? -1 : start.length, 36 + cookie)
                }
            },
        )
        t.test("a ServerHello survives the round trip", async () => {
            const bytes = writeServerHello({
                version: DTLS_1_2,
                random: Buffer.alloc(32),
                sessionId: Buffer.from("01", "hex"),
                cipherSuite: 0xc0a8,
                compressionMethod: 0,
                extensions: [],
            })
            const read = readServerHello(bytes)
            t.equal(read === undefined ? -1 : read.cipherSuite, 0xc0a8)
            t.equal(readServerHello(Buffer.alloc(20)), undefined)
        })
        t.test("HelloVerifyRequest and PSK identity survive the round trip", async () => {
            const cookie = readHelloVerifyRequest(writeHelloVerifyRequest(Buffer.from("aa", "hex")))
            t.equal(cookie === undefined ? "" : cookie.toString("hex"), "aa")
            const identity = readPskIdentity(writePskIdentity(Buffer.from("me")))
            t.equal(identity === undefined ? "" : identity.toString(), "me")
            t.equal(readPskIdentity(Buffer.from("0003aa", "hex")), undefined)
        })
    })
}
