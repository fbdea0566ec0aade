import { beginsAt, EMPTY } from "../bytes/bytes.js"
import { readUint } from "../bytes/integers.js"
import { Reader } from "../bytes/reader.js"
import { Writer } from "../bytes/writer.js"
import { type CryptoProvider, type Hmac } from "../crypto/provider.js"
import { type ClientHelloStart } from "../wire/client-hello.js"
import { byType, readExtensions, writeExtensions } from "../wire/extensions.js"
import { CookieSecrets } from "./cookie-secrets.js"

/** Length of each half of a cookie, bytes. */
const HALF = 16
/** Length of a cookie, bytes. */
export const COOKIE_LENGTH = 2 * HALF
/**
 * Fewest bytes of a cookie worth checking: with two valid secrets, an attacker who cannot read the cookie guesses four
 * bytes in one of 2^31 tries.
 */
export const SHORTEST_COOKIE_PART = 4

/** Domain separation of the three MACs. */
const START = 1
const WHOLE = 2
const FRAGMENTED = 3

/**
 * Stateless cookies (RFC 6347 §4.2.1) in two halves, because a ClientHello may be fragmented. The first half covers
 * address, version, random and session id; as much of it as the first fragment contains is checked before any state is
 * kept. The second covers suites, compression and extensions. If the first hello was fragmented, its rest is not known;
 * the second half records that instead, and the second hello must be fragmented too.
 * @devsWhenUsed
 */
export class Cookies {
    private secrets: CookieSecrets
    /** the last first half computed: checking a whole cookie needs it again */
    private first = EMPTY

    constructor(crypto: CryptoProvider, now: number) {
        this.secrets = new CookieSecrets(crypto, now)
    }

    /** Retires expired secrets. */
    rotate(now: number): void {
        this.secrets.rotate(now)
    }

    /** @param rest the hello from cipher_suites to its end; undefined if only its first fragment is known */
    make(address: Buffer, hello: ClientHelloStart, rest: Buffer | undefined): Buffer {
        const { current } = this.secrets
        const first = firstMac(current, address, hello)
        const writer = new Writer(COOKIE_LENGTH)
        writer.range(first, 0, HALF)
        writer.range(secondMac(current, first, rest), 0, HALF)
        return writer.finish()
    }

    /** Checks the bytes of the first half that are there; a valid cookie needs at least SHORTEST_COOKIE_PART. */
    checkStart(address: Buffer, hello: ClientHelloStart): boolean {
        return this.keyOf(address, hello) !== undefined
    }

    /** Checks a whole cookie, once the hello is complete. */
    checkWhole(address: Buffer, hello: ClientHelloStart, rest: Buffer, cameInFragments: boolean): boolean {
        const key = this.keyOf(address, hello)
        if (key === undefined || hello.cookie.length < COOKIE_LENGTH) return false
        if (beginsAt(hello.cookie, HALF, secondMac(key, this.first, rest), HALF)) return true
        return cameInFragments && beginsAt(hello.cookie, HALF, secondMac(key, this.first, undefined), HALF)
    }

    /** The secret with which the bytes of the first half were made. */
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

/** Its first bytes are the first half. */
function firstMac(key: Hmac, address: Buffer, hello: ClientHelloStart): Buffer {
    const writer = new Writer(38 + address.length + hello.sessionId.length)
    writer.uint(START, 1)
    writer.vector(address, 2)
    writer.uint(hello.version, 2)
    writer.bytes(hello.random)
    writer.vector(hello.sessionId, 1)
    const input = writer.finish()
    return key.sign(input)
}

/** Its first bytes are the second half. */
function secondMac(key: Hmac, first: Buffer, rest: Buffer | undefined): Buffer {
    const writer = new Writer(1 + HALF + (rest === undefined ? 0 : rest.length))
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

/**
 * Fast path: whether the extensions are sorted by type already, or there are none. Malformed ones are detected
 * elsewhere.
 */
function isInOrder(rest: Buffer): boolean {
    const { length } = rest
    if (length < 2) return true
    const compressionAt = 2 + readUint(rest, 0, 2)
    if (compressionAt >= length) return true
    let last = -1
    let at = compressionAt + 1 + rest[compressionAt] + 2
    // Fewer bytes cannot hold an extension.
    while (at + 4 <= length) {
        const type = readUint(rest, at, 2)
        if (type < last) return false
        last = type
        at += 4 + readUint(rest, at + 2, 2)
    }
    return true
}

/**
 * The hello from cipher_suites on, with its extensions sorted by type, because wolfSSL's second hello has the ticket in
 * another place.
 */
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
