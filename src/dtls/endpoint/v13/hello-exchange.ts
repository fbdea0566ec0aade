import { type DriverRole } from "../../association/handshake-driver.js"
import { type SavedVersion } from "../../association/saved-association.js"
import { serverRoleV13 } from "../../association/v13/roles.js"
import { SavedVersionV13 } from "../../association/v13/saved-version.js"
import { copyOf } from "../../bytes/bytes.js"
import { type CryptoProvider } from "../../crypto/provider.js"
import { findHelloExtension } from "../../handshake/hello-extension.js"
import { type AssociationSettings } from "../../handshake/settings.js"
import { serverRole } from "../../association/v12/roles.js"
import { shortened } from "../../handshake/transcript.js"
import { TRANSCRIPT_HEADER } from "../../handshake/v13/handshake.js"
import { CookiesV13 } from "../../handshake/v13/cookies.js"
import { suiteForClient } from "../../handshake/v13/hash-choice.js"
import { type KeyShareExtension } from "../../handshake/v13/key-share-extension.js"
import { Discard, type DiscardCounters } from "../../record/discard.js"
import { hasConnectionId, ID_AT } from "../../record/v13/unified-header.js"
import { AlertDescription, AlertLevel, ContentType, DTLS_1_2, HandshakeType } from "../../wire/code-points.js"
import { type ClientHello, type ClientHelloStart, readClientHello } from "../../wire/client-hello.js"
import { findExtension } from "../../wire/extensions.js"
import { HANDSHAKE_HEADER_LENGTH, wholeMessage } from "../../wire/handshake-header.js"
import { plainRecord } from "../../wire/record-header.js"
import { downgradeMark } from "../../wire/v13/downgrade.js"
import { COOKIE, KEY_SHARE, PRE_SHARED_KEY, SUPPORTED_VERSIONS } from "../../wire/v13/code-points.js"
import { offersVersion, readOfferedPsks } from "../../wire/v13/extensions.js"
import { findCookie, readCookie, writeHelloRetryRequest } from "../../wire/v13/hello-retry-request.js"
import { addressOf, CookieExchange } from "../cookie-exchange.js"
import { type Reply } from "../endpoint.js"
import { HelloAssembly, type PartialHello } from "../hello-assembly.js"
import { type AdmittedHello, type HelloExchange, type NewHelloExchange } from "../hello-exchange.js"
import { type HelloFragment, readHelloFragment } from "../hello-fragment.js"
import { type SourceAddress } from "../source-address.js"

/**
 * How long fragments wait for the others, ms: longer than a gap of 32 s, the sixth of a usual retransmission timer.
 * With a hybrid share a hello has seven or more fragments on a path with a small MTU, and some may be lost repeatedly.
 */
export const HELLO_ASSEMBLY_TIME_V13 = 35000

/** A server of DTLS 1.3 only. */
export function newExchangeV13(): NewHelloExchange {
    return (settings, counters, now) => new RetryExchange(settings, counters, now, undefined)
}

/**
 * A server of DTLS 1.2 and 1.3; a client that offers 1.3 gets that.
 * @param changed replaces the exchange for DTLS 1.2; default: it is unchanged
 */
export function newExchangeV12V13(changed?: (older: NewHelloExchange) => NewHelloExchange): NewHelloExchange {
    // A server that negotiates DTLS 1.2 signals that it supports DTLS 1.3 too (RFC 8446 §4.1.3).
    const older: NewHelloExchange = (settings, counters, now) =>
        new CookieExchange(settings, counters, now, serverRole(downgradeMark()))
    const newOlder = changed === undefined ? older : changed(older)
    return (settings, counters, now) => new RetryExchange(settings, counters, now, newOlder(settings, counters, now))
}

/**
 * The HelloRetryRequest of DTLS 1.3 (RFC 9147 §5.1). Its cookie carries all state that the server needs again. The
 * request depends on the whole first hello, so a fragmented hello has to be reassembled before its client has shown a
 * cookie. Clients that have shown one are kept separately, so that a flood of others does not displace them.
 * @devsWhenUsed
 */
class RetryExchange implements HelloExchange {
    private cookies: CookiesV13
    private crypto: CryptoProvider
    private role: DriverRole
    /** tells which group to ask for; it agrees on no keys here */
    private keyShares: KeyShareExtension | undefined
    replies: Reply[]
    /** hellos of clients whose first fragment has a valid cookie */
    private withCookie: HelloAssembly
    private withoutCookie: HelloAssembly

    /** @param older takes hellos that do not offer DTLS 1.3; undefined: they are refused */
    constructor(
        private settings: AssociationSettings,
        private counters: DiscardCounters,
        now: number,
        private older: HelloExchange | undefined,
    ) {
        this.replies = older === undefined ? [] : older.replies
        this.crypto = settings.crypto
        this.cookies = new CookiesV13(settings.crypto, now)
        this.withCookie = new HelloAssembly(settings.limits, HELLO_ASSEMBLY_TIME_V13)
        this.withoutCookie = new HelloAssembly(settings.limits, HELLO_ASSEMBLY_TIME_V13)
        this.role = serverRoleV13()
        this.keyShares = findHelloExtension(settings.extensions, KEY_SHARE) as KeyShareExtension | undefined
    }

    expects(key: string, fragment: HelloFragment): boolean {
        if (fragment.start !== undefined || this.findPartial(key, fragment) !== undefined) return true
        return this.older !== undefined && this.older.expects(key, fragment)
    }

    take(fragment: HelloFragment, from: SourceAddress, now: number): AdmittedHello | undefined {
        this.cookies.rotate(now)
        const { header, start } = fragment
        if (start !== undefined && header.fragmentLength === header.length) return this.takeWhole(fragment, from, now)
        const { older } = this
        if (older !== undefined && this.continuesOlder(older, from.key, fragment))
            return older.take(fragment, from, now)
        const whole = this.collect(fragment, from, now)
        return whole === undefined ? undefined : this.takeWhole(whole, from, now)
    }

    /**
     * Whether a fragment belongs to DTLS 1.2: legacy_cookie is empty in every hello that offers DTLS 1.3 (RFC 9147
     * §5.3).
     */
    private continuesOlder(older: HelloExchange, key: string, fragment: HelloFragment): boolean {
        if (fragment.start !== undefined) return fragment.start.cookieLength > 0
        return this.findPartial(key, fragment) === undefined && older.expects(key, fragment)
    }

    private findPartial(key: string, fragment: HelloFragment): PartialHello | undefined {
        return this.withCookie.find(key, fragment) ?? this.withoutCookie.find(key, fragment)
    }

    /**
     * Adds a fragment to its hello.
     * @returns the hello as one fragment, once it is complete
     */
    private collect(fragment: HelloFragment, from: SourceAddress, now: number): HelloFragment | undefined {
        const hello = this.findPartial(from.key, fragment) ?? this.begin(fragment, from, now)
        if (hello === undefined) return this.drop()
        hello.add(fragment.datagram, fragment.length)
        const message = hello.whole()
        if (message === undefined) return undefined
        this.withCookie.remove(hello)
        this.withoutCookie.remove(hello)
        const datagram = plainRecord(ContentType.handshake, DTLS_1_2, hello.sequence, message.bytes)
        return readHelloFragment(datagram, datagram.length)
    }

    private begin(fragment: HelloFragment, from: SourceAddress, now: number): PartialHello | undefined {
        const { start } = fragment
        if (start === undefined) return undefined
        const assembly = this.hasCookie(fragment, start, from) ? this.withCookie : this.withoutCookie
        return assembly.begin(from.key, fragment, start, now)
    }

    private hasCookie(fragment: HelloFragment, start: ClientHelloStart, from: SourceAddress): boolean {
        const { datagram, header, at } = fragment
        const cookie = findCookie(datagram, at + start.length, at + header.fragmentLength)
        return cookie !== undefined && this.cookies.checkStart(addressOf(from), start, cookie)
    }

    private takeWhole(fragment: HelloFragment, from: SourceAddress, now: number): AdmittedHello | undefined {
        const { datagram, header, at } = fragment
        const hello = readClientHello(copyOf(datagram, at, at + header.length))
        const versions = hello === undefined ? undefined : findExtension(hello.extensions, SUPPORTED_VERSIONS)
        if (hello !== undefined && versions !== undefined && offersVersion(versions))
            return this.takeHello(fragment, hello, from)
        if (this.older !== undefined) return this.older.take(fragment, from, now)
        if (hello === undefined) return this.drop()
        return this.refuse(fragment, AlertDescription.protocolVersion, from)
    }

    private takeHello(fragment: HelloFragment, hello: ClientHello, from: SourceAddress): AdmittedHello | undefined {
        // legacy_cookie must be empty (RFC 9147 §5.3).
        if (hello.cookie.length > 0) return this.refuse(fragment, AlertDescription.illegalParameter, from)
        const data = findExtension(hello.extensions, COOKIE)
        if (data === undefined) return this.retry(fragment, hello, from)
        const cookie = readCookie(data)
        if (cookie === undefined || !this.cookies.check(addressOf(from), hello, cookie))
            return this.refuse(fragment, AlertDescription.illegalParameter, from)
        const { datagram, length, sequence, header } = fragment
        const { role } = this
        return { sequence, messageSeq: header.messageSeq, random: hello.random, datagram, length, role }
    }

    private retry(fragment: HelloFragment, hello: ClientHello, from: SourceAddress): undefined {
        const offered = findExtension(hello.extensions, PRE_SHARED_KEY)
        const psks = offered === undefined ? undefined : readOfferedPsks(offered)
        const suite = suiteForClient(this.settings, hello, psks, 0)
        if (suite === undefined) return this.refuse(fragment, AlertDescription.handshakeFailure, from)
        const { datagram, header, at } = fragment
        const message = copyOf(datagram, at - HANDSHAKE_HEADER_LENGTH, at + header.length)
        const hash = this.crypto.newHash(suite.hash.algorithm)
        hash.update(shortened(message, TRANSCRIPT_HEADER))
        const { keyShares } = this
        const group = keyShares === undefined ? 0 : keyShares.groupToAsk(hello.extensions)
        const state = { cipherSuite: suite.id, helloHash: hash.digest(), group }
        const cookie = this.cookies.make(addressOf(from), hello, state)
        const body = writeHelloRetryRequest(suite.id, cookie, group)
        const request = wholeMessage(HandshakeType.serverHello, header.messageSeq, body)
        this.reply(fragment, plainRecord(ContentType.handshake, DTLS_1_2, fragment.sequence, request), from)
        return undefined
    }

    /** Refuses a client statelessly: its hello already shows that the handshake cannot succeed. */
    private refuse(fragment: HelloFragment, alert: AlertDescription, from: SourceAddress): undefined {
        const message = Buffer.from([AlertLevel.fatal, alert])
        this.reply(fragment, plainRecord(ContentType.alert, DTLS_1_2, fragment.sequence, message), from)
        return this.drop()
    }

    /** Never larger than what was received, so that it cannot amplify a flood under a forged address. */
    private reply(fragment: HelloFragment, data: Buffer, from: SourceAddress): void {
        if (data.length <= fragment.length) this.replies.push({ data, address: from.address })
        else this.drop()
    }

    private drop(): undefined {
        this.counters.add(Discard.unknownPeer)
        return undefined
    }

    idAt(datagram: Buffer, length: number): number {
        if (length > 0 && hasConnectionId(datagram[0])) return ID_AT
        return this.older === undefined ? -1 : this.older.idAt(datagram, length)
    }

    savedVersions(): SavedVersion[] {
        const older = this.older === undefined ? [] : this.older.savedVersions()
        return [new SavedVersionV13(this.role), ...older]
    }

    partialCount(): number {
        const ours = this.withCookie.count() + this.withoutCookie.count()
        return this.older === undefined ? ours : ours + this.older.partialCount()
    }

    deadline(): number {
        const ours = Math.min(this.withCookie.deadline(), this.withoutCookie.deadline())
        return this.older === undefined ? ours : Math.min(ours, this.older.deadline())
    }

    tick(now: number): void {
        this.withCookie.tick(now)
        this.withoutCookie.tick(now)
        if (this.older !== undefined) this.older.tick(now)
    }

    close(): void {
        this.cookies.close()
        if (this.older !== undefined) this.older.close()
    }
}
