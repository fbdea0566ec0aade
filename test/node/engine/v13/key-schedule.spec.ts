import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { createCipheriv, createDecipheriv, createHash, createHmac } from "node:crypto"
import { ContentType } from "../../../../src/dtls/wire/code-points.js"
import { type Simulation, testKey } from "../../../engine/simulation.js"
import { messages } from "../../../support/wire.js"
import { simulateV13 } from "./versions.js"

/*
 * An independent implementation of the key schedule, after RFC 8446 §7.1 and RFC 9147 §5.9, without code from src: it
 * reveals errors that both of our sides share.
 */

const ZEROS = Buffer.alloc(32)
const sha256 = (...parts: Buffer[]): Buffer => createHash("sha256").update(Buffer.concat(parts)).digest()
const hmac = (key: Buffer, data: Buffer): Buffer => createHmac("sha256", key).update(data).digest()

/** HKDF-Expand-Label of at most one hash length. */
type ExpandLabel = (secret: Buffer, label: string, context: Buffer, length: number) => Buffer

function labelled(prefix: string): ExpandLabel {
    return (secret, label, context, length) => {
        const name = Buffer.from(prefix + label)
        const info = [Buffer.of(0, length, name.length), name, Buffer.of(context.length), context, Buffer.of(1)]
        return hmac(secret, Buffer.concat(info)).subarray(0, length)
    }
}

/**
 * A message in TLS 1.3's form: type and length before the body, without message_seq and fragment fields (RFC 9147
 * §5.2).
 */
function tlsForm(type: number, body: Buffer): Buffer {
    return Buffer.concat([Buffer.of(type, 0, body.length >> 8, body.length & 255), body])
}

/** The messages of an unprotected datagram, in that form. */
function plain(datagram: Buffer): Buffer[] {
    return messages(datagram).map(({ header, body }) => tlsForm(header.type, body))
}

/** Opens a datagram's only record, whose header has an 8-bit number and no length. */
function open(record: Buffer, expand: ExpandLabel, secret: Buffer): Buffer {
    const [key, iv, sn] = [
        ["key", 16],
        ["iv", 12],
        ["sn", 16],
    ].map(([label, length]) => expand(secret, label as string, Buffer.alloc(0), length as number))
    const header = Buffer.from(record.subarray(0, 2))
    header[1] ^= createCipheriv("aes-128-ecb", sn, null).update(record.subarray(2, 18))[0]
    const nonce = Buffer.from(iv)
    nonce[11] ^= header[1]
    const decipher = createDecipheriv("aes-128-ccm", key, nonce, { authTagLength: 16 })
    decipher.setAAD(header, { plaintextLength: record.length - 18 })
    decipher.setAuthTag(record.subarray(-16))
    const inner = decipher.update(record.subarray(2, -16))
    decipher.final()
    return inner
}

/** Handshake messages in a record's plaintext, in TLS form. */
function protectedMessages(inner: Buffer): Buffer[] {
    strictEqual(inner.at(-1), ContentType.handshake)
    const found: Buffer[] = []
    for (let at = 0; at < inner.length - 1;) {
        const length = inner.readUIntBE(at + 1, 3)
        found.push(tlsForm(inner[at], inner.subarray(at + 12, at + 12 + length)))
        at += 12 + length
    }
    return found
}

/** A handshake with a HelloRetryRequest, and a message from the client. */
function connected(): Simulation {
    const s = simulateV13()
    s.connect()
    s.clientSends("reading")
    return s
}

/** The content of the datagrams of `connected`, decrypted with the given label prefix. */
function read(s: Simulation, expand: ExpandLabel): { binders: Buffer[]; finished: Buffer[]; message: Buffer } {
    const [hello, retry, secondHello, flight] = s.log
    const derive = (secret: Buffer, label: string, ...transcript: Buffer[]): Buffer =>
        expand(secret, label, sha256(...transcript), 32)
    const verifyData = (base: Buffer, ...transcript: Buffer[]): Buffer =>
        hmac(expand(base, "finished", Buffer.alloc(0), 32), sha256(...transcript))

    const early = hmac(ZEROS, testKey())
    const [second] = plain(secondHello)
    const before = [tlsForm(254, sha256(...plain(hello))), ...plain(retry)]
    // The list of binders: its length, the binder's length, and the binder.
    const cut = second.subarray(0, -35)
    const binder = verifyData(derive(early, "ext binder"), ...before, cut)

    const keysFrom = endOfPlain(flight)
    const [serverHello] = plain(flight.subarray(0, keysFrom))
    const transcript = [...before, second, serverHello]
    const handshake = hmac(derive(early, "derived"), ZEROS)
    const server = derive(handshake, "s hs traffic", ...transcript)
    const inner = open(flight.subarray(keysFrom), expand, server)
    const [extensions, finished] = protectedMessages(inner)
    const expected = verifyData(server, ...transcript, extensions)

    const main = hmac(derive(handshake, "derived"), ZEROS)
    const client = derive(main, "c ap traffic", ...transcript, extensions, finished)
    return {
        binders: [binder, second.subarray(-32)],
        finished: [expected, finished.subarray(4)],
        message: open(s.log.at(-1)!, expand, client),
    }
}

/** Where the unprotected record ends. */
function endOfPlain(datagram: Buffer): number {
    return 13 + datagram.readUInt16BE(11)
}

describe("the key schedule of DTLS 1.3, against node:crypto", () => {
    it('[V01] [V02] its labels begin with "dtls13", its transcript has the headers of TLS: binder, Finished and records match the RFC', () => {
        const { binders, finished, message } = read(connected(), labelled("dtls13"))
        deepStrictEqual(binders[0], binders[1])
        deepStrictEqual(finished[0], finished[1])
        strictEqual(message.toString(), "reading\x17")
    })

    it('[V01] with the prefix of TLS, "tls13 ", none of them match', () => {
        const s = connected()
        let isRead = false
        try {
            read(s, labelled("tls13 "))
            isRead = true
        } catch (error) {
            ok(error instanceof Error && /authenticate/.test(error.message), `${error as Error}`)
        }
        strictEqual(isRead, false)
    })
})
