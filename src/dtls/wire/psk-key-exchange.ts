import { Reader } from "../bytes/reader.js"
import { Writer } from "../bytes/writer.js"

/** psk_identity_hint of a ServerKeyExchange, or psk_identity of a ClientKeyExchange (RFC 4279 §2): opaque<0..2^16-1>. */
export function readPskIdentity(body: Buffer): Buffer | undefined {
    const reader = new Reader(body, 0, body.length)
    const identity = reader.vector(2)
    return reader.done() ? identity : undefined
}

export function writePskIdentity(identity: Buffer): Buffer {
    const writer = new Writer(2 + identity.length)
    writer.vector(identity, 2)
    return writer.finish()
}
