import { EMPTY, equal } from "../../bytes/bytes.js"
import { Reader } from "../../bytes/reader.js"
import { Writer } from "../../bytes/writer.js"
import { DTLS_1_2 } from "../code-points.js"
import { type Extension } from "../extensions.js"
import { writeServerHello } from "../server-hello.js"
import { COOKIE, KEY_SHARE } from "./code-points.js"
import { selectedVersion } from "./extensions.js"

/** The random that marks a ServerHello as a HelloRetryRequest: SHA-256 of that name (RFC 8446 §4.1.3). */
function retryRandom(): Buffer {
    return Buffer.from("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c", "hex")
}

export function isRetryRandom(random: Buffer): boolean {
    return equal(random, retryRandom())
}

/** The cookie extension, for both messages (RFC 8446 §4.2.2). @param cookie 1 to 65535 bytes */
export function cookieExtension(cookie: Buffer): Extension {
    const writer = new Writer(2 + cookie.length)
    writer.vector(cookie, 2)
    return { type: COOKIE, data: writer.finish() }
}

/** Undefined if malformed. */
export function readCookie(data: Buffer): Buffer | undefined {
    const reader = new Reader(data, 0, data.length)
    const cookie = reader.vector(2)
    return reader.done() && cookie.length > 0 ? cookie : undefined
}

/**
 * The cookie in a ClientHello of which only bytes [at, end), beginning with cipher_suites, are there; undefined: there
 * is none, or it is incomplete. Other extensions are not checked.
 */
export function findCookie(body: Buffer, at: number, end: number): Buffer | undefined {
    const reader = new Reader(body, at, end)
    reader.vector(2)
    reader.vector(1)
    reader.uint(2)
    while (reader.remaining() > 0) {
        const type = reader.uint(2)
        const data = reader.vector(2)
        if (reader.failed) return undefined
        if (type === COOKIE) return readCookie(data)
    }
    return undefined
}

/**
 * The body of a HelloRetryRequest with a cookie; deterministic.
 * @param group NamedGroup of the share to request; 0: only the cookie is requested
 */
export function writeHelloRetryRequest(cipherSuite: number, cookie: Buffer, group: number): Buffer {
    const extensions = [selectedVersion(), cookieExtension(cookie)]
    if (group !== 0) extensions.push({ type: KEY_SHARE, data: Buffer.from([group >> 8, group & 255]) })
    return writeServerHello({
        version: DTLS_1_2,
        random: retryRandom(),
        sessionId: EMPTY,
        cipherSuite,
        compressionMethod: 0,
        extensions,
    })
}
