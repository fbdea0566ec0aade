import { Reader } from "../bytes/reader.js"
import { Writer } from "../bytes/writer.js"
import { type Extension, readExtensions, writeExtensions } from "./extensions.js"

/** RFC 6347 §4.2.1. */
export interface ClientHello {
    version: number
    /** 32 bytes */
    random: Buffer
    /** 0 to 32 bytes */
    sessionId: Buffer
    /** 0 to 255 bytes */
    cookie: Buffer
    cipherSuites: number[]
    compressionMethods: Buffer
    extensions: Extension[]
}

/** The fields of a ClientHello up to the cookie; a first fragment may contain only part of the cookie. */
export interface ClientHelloStart {
    version: number
    random: Buffer
    sessionId: Buffer
    /** length of the whole cookie, bytes */
    cookieLength: number
    /** the bytes of it that are there */
    cookie: Buffer
    /** bytes consumed: cipher_suites begin here if the cookie is complete */
    length: number
}

/** Undefined if the bytes end before the cookie, or a vector exceeds its limit. */
export function readClientHelloStart(body: Buffer, start: number, end: number): ClientHelloStart | undefined {
    const reader = new Reader(body, start, end)
    const version = reader.uint(2)
    const random = reader.bytes(32)
    const sessionId = reader.vector(1)
    const cookieLength = reader.uint(1)
    if (reader.failed || sessionId.length > 32) return undefined
    const cookie = reader.bytes(Math.min(cookieLength, reader.remaining()))
    return { version, random, sessionId, cookieLength, cookie, length: reader.at - start }
}

/** Undefined if malformed: the caller answers decode_error, or discards it. */
export function readClientHello(body: Buffer): ClientHello | undefined {
    const start = readClientHelloStart(body, 0, body.length)
    if (start === undefined || start.cookie.length < start.cookieLength) return undefined
    const reader = new Reader(body, start.length, body.length)
    const suites = reader.sub(2)
    const cipherSuites: number[] = []
    while (suites.remaining() > 1) cipherSuites.push(suites.uint(2))
    const compressionMethods = reader.vector(1)
    if (reader.failed || !suites.done() || cipherSuites.length === 0 || compressionMethods.length === 0)
        return undefined
    const extensions = readExtensions(reader)
    if (extensions === undefined) return undefined
    return {
        version: start.version,
        random: start.random,
        sessionId: start.sessionId,
        cookie: start.cookie,
        cipherSuites,
        compressionMethods,
        extensions,
    }
}

export function writeClientHello(hello: ClientHello): Buffer {
    const writer = new Writer(128)
    writer.uint(hello.version, 2)
    writer.bytes(hello.random)
    writer.vector(hello.sessionId, 1)
    writer.vector(hello.cookie, 1)
    writer.uint(hello.cipherSuites.length * 2, 2)
    for (const suite of hello.cipherSuites) writer.uint(suite, 2)
    writer.vector(hello.compressionMethods, 1)
    writeExtensions(writer, hello.extensions)
    return writer.finish()
}
