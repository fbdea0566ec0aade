import { concat, copyOf, equal } from "../../bytes/bytes.js"
import { Reader } from "../../bytes/reader.js"
import { Writer } from "../../bytes/writer.js"
import { type CryptoProvider, type Hmac } from "../../crypto/provider.js"
import { type ClientHello } from "../../wire/client-hello.js"
import { byType } from "../../wire/extensions.js"
import { COOKIE, EARLY_DATA, KEY_SHARE, PADDING, PRE_SHARED_KEY } from "../../wire/v13/code-points.js"
import { CookieSecrets } from "../cookie-secrets.js"

/**
 * Length of a cookie's MAC, bytes. With a longer one a HelloRetryRequest would be larger than the smallest hellos it
 * answers.
 */
const MAC_LENGTH = 8
/** Length of the binding to the parts of the hello that must not change, bytes. */
const BINDING_LENGTH = 8

/**
 * The state that a server recovers from its own cookie, because it keeps none between the two hellos (RFC 9147 §5.1).
 */
export interface CookieState {
    /** the HelloRetryRequest's suite, whose hash is the transcript's */
    cipherSuite: number
    /** hash of the first ClientHello */
    helloHash: Buffer
    /** NamedGroup for which a share was requested; 0: none */
    group: number
}

/** The fields of a hello that its first fragment always contains, however short it is. */
export interface HelloIdentity {
    random: Buffer
    sessionId: Buffer
}

/** Undefined if it is not a cookie of this form. Its MAC is checked before anything relies on the state. */
export function readCookieState(cookie: Buffer): CookieState | undefined {
    const reader = new Reader(cookie, 0, cookie.length)
    const cipherSuite = reader.uint(2)
    const group = reader.uint(2)
    const helloHash = reader.vector(1)
    reader.bytes(BINDING_LENGTH + MAC_LENGTH)
    return reader.done() ? { cipherSuite, helloHash, group } : undefined
}

/**
 * Cookies of HelloRetryRequests. Each carries the server's state, and a binding to everything that the second hello
 * must not change (RFC 8446 §4.1.2), under a MAC that also covers the client's address, random and session id. So a
 * hello's first fragment is enough to verify the MAC if it contains the whole cookie.
 * @devsWhenUsed
 */
export class CookiesV13 {
    private secrets: CookieSecrets

    constructor(crypto: CryptoProvider, now: number) {
        this.secrets = new CookieSecrets(crypto, now)
    }

    /** Retires expired secrets. */
    rotate(now: number): void {
        this.secrets.rotate(now)
    }

    make(address: Buffer, hello: ClientHello, state: CookieState): Buffer {
        const { current } = this.secrets
        const content = concat(writeState(state), binding(current, hello))
        return concat(content, mac(current, address, hello, content))
    }

    /** Whether this server made the cookie for this address and a hello that begins like this one. */
    checkStart(address: Buffer, hello: HelloIdentity, cookie: Buffer): boolean {
        return this.keyOf(address, hello, cookie) !== undefined
    }

    /** Whether this server made the cookie for this address and a hello like this one. */
    check(address: Buffer, hello: ClientHello, cookie: Buffer): boolean {
        const key = this.keyOf(address, hello, cookie)
        if (key === undefined) return false
        const end = cookie.length - MAC_LENGTH
        return equal(binding(key, hello), copyOf(cookie, end - BINDING_LENGTH, end))
    }

    /** The secret with which the cookie's MAC was made. */
    private keyOf(address: Buffer, hello: HelloIdentity, cookie: Buffer): Hmac | undefined {
        const at = cookie.length - MAC_LENGTH
        if (at < BINDING_LENGTH) return undefined
        const content = copyOf(cookie, 0, at)
        const theirs = copyOf(cookie, at, cookie.length)
        const { current, previous } = this.secrets
        if (equal(mac(current, address, hello, content), theirs)) return current
        return equal(mac(previous, address, hello, content), theirs) ? previous : undefined
    }

    close(): void {
        this.secrets.close()
    }
}

function writeState(state: CookieState): Buffer {
    const writer = new Writer(64)
    writer.uint(state.cipherSuite, 2)
    writer.uint(state.group, 2)
    writer.vector(state.helloHash, 1)
    return writer.finish()
}

/** Domain separation of the two MACs. */
const START = 1
const REST = 2

function mac(key: Hmac, address: Buffer, hello: HelloIdentity, content: Buffer): Buffer {
    const writer = new Writer(128)
    writer.uint(START, 1)
    writer.vector(address, 2)
    writer.vector(content, 1)
    writer.bytes(hello.random)
    writer.vector(hello.sessionId, 1)
    return copyOf(key.sign(writer.finish()), 0, MAC_LENGTH)
}

/**
 * Keeps a client from changing its hello. It can be short because the MAC keeps everybody else out. Sorted, because
 * wolfSSL's second hello has the extensions in another order.
 */
function binding(key: Hmac, hello: ClientHello): Buffer {
    const writer = new Writer(256)
    writer.uint(REST, 1)
    for (const suite of hello.cipherSuites) writer.uint(suite, 2)
    for (const extension of byType(hello.extensions)) {
        const { type, data } = extension
        if (!mayChange(type)) {
            writer.uint(type, 2)
            writer.vector(data, 2)
        }
    }
    return copyOf(key.sign(writer.finish()), 0, BINDING_LENGTH)
}

/** Extensions that a client changes, adds or removes after a HelloRetryRequest (RFC 8446 §4.1.2). */
function mayChange(type: number): boolean {
    return [COOKIE, PRE_SHARED_KEY, KEY_SHARE, PADDING, EARLY_DATA].indexOf(type) >= 0
}
