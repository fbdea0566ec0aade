import { copyOf, EMPTY, equal, join } from "../bytes/bytes.js"
import { Reader } from "../bytes/reader.js"
import { Writer } from "../bytes/writer.js"
import { type CryptoProvider, type Hmac } from "../crypto/provider.js"
import { type ClientHelloStart } from "../wire/client-hello.js"
import { byType, readExtensions, writeExtensions } from "../wire/extensions.js"
import { CookieSecrets } from "./cookie-secrets.js"

/** Bytes of each half of a cookie. */
const HALF = 16
/** Bytes of a cookie. */
export const COOKIE_LENGTH = 2 * HALF
/** Fewest bytes of a cookie that are worth a check: who cannot read the cookie guesses them once in 2^31 tries, two secrets being good. */
export const SHORTEST_COOKIE_PART = 4

/** Domain separation of the three MACs. */
const START = 1
const WHOLE = 2
const FRAGMENTED = 3

/**
 * Stateless cookies (RFC 6347 §4.2.1) in two halves, so that a ClientHello may come in fragments.
 * The first covers address, version, random and session id; as much of it as the first fragment holds is checked before
 * anything is kept. The second covers suites, compression and extensions; for a first hello that came in fragments, whose
 * rest is not known, it says so instead, and then the second hello must come in fragments too.
 * @devsWhenUsed
 */
export class Cookies {
    private secrets: CookieSecrets
    /** the first half computed last: who checks a whole cookie needs it again */
    private first = EMPTY

    constructor(crypto: CryptoProvider, now: number) {
        this.secrets = new CookieSecrets(crypto, now)
    }

    /** Retires secrets whose time is over. */
    rotate(now: number): void {
        this.secrets.rotate(now)
    }

    /** @param rest the hello from cipher_suites to its end; undefined when only its first fragment is here */
    make(address: Buffer, hello: ClientHelloStart, rest: Buffer | undefined): Buffer {
        const first = firstHalf(this.secrets.current, address, hello)
        return join([first, secondHalf(this.secrets.current, first, rest)])
    }

    /** Checks what is there of the first half; at least SHORTEST_COOKIE_PART bytes of a cookie that is to be good. */
    checkStart(address: Buffer, hello: ClientHelloStart): boolean {
        return this.keyOf(address, hello) !== undefined
    }

    /** Checks a whole cookie, once the hello is whole. */
    checkWhole(address: Buffer, hello: ClientHelloStart, rest: Buffer, cameInFragments: boolean): boolean {
        const key = this.keyOf(address, hello)
        if (key === undefined) return false
        const first = this.first
        if (equal(join([first, secondHalf(key, first, rest)]), hello.cookie)) return true
        return cameInFragments && equal(join([first, secondHalf(key, first, undefined)]), hello.cookie)
    }

    /** The secret that made what is there of the first half. */
    private keyOf(address: Buffer, hello: ClientHelloStart): Hmac | undefined {
        const part = copyOf(hello.cookie, 0, Math.min(HALF, hello.cookie.length))
        if (hello.cookieLength !== COOKIE_LENGTH || part.length < SHORTEST_COOKIE_PART) return undefined
        if (this.isMadeBy(this.secrets.current, address, hello, part)) return this.secrets.current
        return this.isMadeBy(this.secrets.previous, address, hello, part) ? this.secrets.previous : undefined
    }

    private isMadeBy(key: Hmac, address: Buffer, hello: ClientHelloStart, part: Buffer): boolean {
        this.first = firstHalf(key, address, hello)
        return equal(copyOf(this.first, 0, part.length), part)
    }

    close(): void {
        this.secrets.close()
    }
}

function firstHalf(key: Hmac, address: Buffer, hello: ClientHelloStart): Buffer {
    const writer = new Writer(96)
    writer.uint(START, 1)
    writer.vector(address, 2)
    writer.uint(hello.version, 2)
    writer.bytes(hello.random)
    writer.vector(hello.sessionId, 1)
    return copyOf(key.sign(writer.finish()), 0, HALF)
}

function secondHalf(key: Hmac, first: Buffer, rest: Buffer | undefined): Buffer {
    const writer = new Writer(128)
    writer.uint(rest === undefined ? FRAGMENTED : WHOLE, 1)
    writer.bytes(first)
    if (rest !== undefined) writer.bytes(isInOrder(rest) ? rest : inOrder(rest))
    return copyOf(key.sign(writer.finish()), 0, HALF)
}

/** Fast path: the extensions come by type, or there is nothing to put in order; what cannot be read is told elsewhere. */
function isInOrder(rest: Buffer): boolean {
    const reader = new Reader(rest, 0, rest.length)
    reader.sub(2)
    reader.sub(1)
    const block = reader.sub(2)
    let last = -1
    // What is shorter is no extension, and is not stepped over.
    while (block.remaining() >= 4) {
        const type = block.uint(2)
        const length = block.uint(2)
        if (type < last) return false
        last = type
        block.at += length
    }
    return true
}

/** The hello from cipher_suites on with its extensions by type: wolfSSL's second hello has a ticket in another place. */
function inOrder(rest: Buffer): Buffer {
    const reader = new Reader(rest, 0, rest.length)
    const suites = reader.vector(2)
    const compressionMethods = reader.vector(1)
    const extensions = readExtensions(reader)
    if (reader.failed || extensions === undefined) return rest
    const writer = new Writer(rest.length)
    writer.vector(suites, 2)
    writer.vector(compressionMethods, 1)
    writeExtensions(writer, byType(extensions))
    return writer.finish()
}
