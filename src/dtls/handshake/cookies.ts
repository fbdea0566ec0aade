import { beginsAt, EMPTY } from "../bytes/bytes.js"
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
    /** the MAC of the first half that was computed last: who checks a whole cookie needs it again */
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
        const { current } = this.secrets
        const first = firstMac(current, address, hello)
        const writer = new Writer(COOKIE_LENGTH)
        writer.range(first, 0, HALF)
        writer.range(secondMac(current, first, rest), 0, HALF)
        return writer.finish()
    }

    /** Checks what is there of the first half; at least SHORTEST_COOKIE_PART bytes of a cookie that is to be good. */
    checkStart(address: Buffer, hello: ClientHelloStart): boolean {
        return this.keyOf(address, hello) !== undefined
    }

    /** Checks a whole cookie, once the hello is whole. */
    checkWhole(address: Buffer, hello: ClientHelloStart, rest: Buffer, cameInFragments: boolean): boolean {
        const key = this.keyOf(address, hello)
        if (key === undefined || hello.cookie.length < COOKIE_LENGTH) return false
        if (beginsAt(hello.cookie, HALF, secondMac(key, this.first, rest), HALF)) return true
        return cameInFragments && beginsAt(hello.cookie, HALF, secondMac(key, this.first, undefined), HALF)
    }

    /** The secret that made what is there of the first half. */
    private keyOf(address: Buffer, hello: ClientHelloStart): Hmac | undefined {
        const { current, previous } = this.secrets
        if (hello.cookieLength !== COOKIE_LENGTH || hello.cookie.length < SHORTEST_COOKIE_PART) return undefined
        if (this.isMadeBy(current, address, hello)) return current
        return this.isMadeBy(previous, address, hello) ? previous : undefined
    }

    private isMadeBy(key: Hmac, address: Buffer, hello: ClientHelloStart): boolean {
        this.first = firstMac(key, address, hello)
        return beginsAt(hello.cookie, 0, this.first, Math.min(HALF, hello.cookie.length))
    }

    close(): void {
        this.secrets.close()
    }
}

/** It begins with the first half. */
function firstMac(key: Hmac, address: Buffer, hello: ClientHelloStart): Buffer {
    const writer = new Writer(96)
    writer.uint(START, 1)
    writer.vector(address, 2)
    writer.uint(hello.version, 2)
    writer.bytes(hello.random)
    writer.vector(hello.sessionId, 1)
    const input = writer.finish()
    return key.sign(input)
}

/** It begins with the second half. */
function secondMac(key: Hmac, first: Buffer, rest: Buffer | undefined): Buffer {
    const writer = new Writer(128)
    const kind = rest === undefined ? FRAGMENTED : WHOLE
    writer.uint(kind, 1)
    writer.range(first, 0, HALF)
    if (rest !== undefined) {
        const bound = isInOrder(rest) ? rest : inOrder(rest)
        writer.bytes(bound)
    }
    const input = writer.finish()
    return key.sign(input)
}

/** Fast path: the extensions come by type, or there is nothing to put in order; what cannot be read is told elsewhere. */
function isInOrder(rest: Buffer): boolean {
    const reader = new Reader(rest, 0, rest.length)
    reader.skip(2)
    reader.skip(1)
    reader.uint(2)
    let last = -1
    // What is shorter is no extension, and is not stepped over.
    while (reader.remaining() >= 4) {
        const type = reader.uint(2)
        if (type < last) return false
        last = type
        reader.skip(2)
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
