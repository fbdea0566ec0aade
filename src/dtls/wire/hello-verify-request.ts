import { Reader } from "../bytes/reader.js"
import { Writer } from "../bytes/writer.js"
import { DTLS_1_0 } from "./code-points.js"

/**
 * The cookie of a HelloVerifyRequest, 0 to 255 bytes; undefined if malformed. Its version is ignored (RFC 6347 §4.2.1).
 */
export function readHelloVerifyRequest(body: Buffer): Buffer | undefined {
    const reader = new Reader(body, 0, body.length)
    reader.uint(2)
    const cookie = reader.vector(1)
    return reader.done() ? cookie : undefined
}

/** The version is DTLS 1.0, whatever will be negotiated (RFC 6347 §4.2.1). */
export function writeHelloVerifyRequest(cookie: Buffer): Buffer {
    const writer = new Writer(3 + cookie.length)
    writer.uint(DTLS_1_0, 2)
    writer.vector(cookie, 1)
    return writer.finish()
}
