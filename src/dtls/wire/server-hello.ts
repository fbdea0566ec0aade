import { Reader } from "../bytes/reader.js"
import { Writer } from "../bytes/writer.js"
import { type Extension, readExtensions, writeExtensions } from "./extensions.js"

/** RFC 5246 §7.4.1.3. */
export interface ServerHello {
    version: number
    /** 32 bytes */
    random: Buffer
    /** 0 to 32 bytes */
    sessionId: Buffer
    cipherSuite: number
    compressionMethod: number
    extensions: Extension[]
}

/** Undefined if malformed. */
export function readServerHello(body: Buffer): ServerHello | undefined {
    const reader = new Reader(body, 0, body.length)
    const version = reader.uint(2)
    const random = reader.bytes(32)
    const sessionId = reader.vector(1)
    const cipherSuite = reader.uint(2)
    const compressionMethod = reader.uint(1)
    if (reader.failed || sessionId.length > 32) return undefined
    const extensions = readExtensions(reader)
    if (extensions === undefined) return undefined
    return { version, random, sessionId, cipherSuite, compressionMethod, extensions }
}

export function writeServerHello(hello: ServerHello): Buffer {
    const writer = new Writer(80)
    writer.uint(hello.version, 2)
    writer.bytes(hello.random)
    writer.vector(hello.sessionId, 1)
    writer.uint(hello.cipherSuite, 2)
    writer.uint(hello.compressionMethod, 1)
    writeExtensions(writer, hello.extensions)
    return writer.finish()
}
