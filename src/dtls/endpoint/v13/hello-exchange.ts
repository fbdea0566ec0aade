import { type DriverRole } from "../../association/handshake-driver.js"
import { serverRoleV13 } from "../../association/v13/roles.js"
import { copyOf } from "../../bytes/bytes.js"
import { type CryptoProvider } from "../../crypto/provider.js"
import { NEVER } from "../../flight/retransmission.js"
import { type CipherSuite } from "../../handshake/cipher-suite.js"
import { findHelloExtension } from "../../handshake/hello-extension.js"
import { usableSuites } from "../../handshake/negotiation.js"
import { type AssociationSettings } from "../../handshake/settings.js"
import { shortened } from "../../handshake/transcript.js"
import { TRANSCRIPT_HEADER } from "../../handshake/v13/handshake.js"
import { CookiesV13 } from "../../handshake/v13/cookies.js"
import { type KeyShareExtension } from "../../handshake/v13/key-share-extension.js"
import { Discard, type DiscardCounters } from "../../record/discard.js"
import { AlertDescription, AlertLevel, ContentType, DTLS_1_2, HandshakeType } from "../../wire/code-points.js"
import { type ClientHello, readClientHello } from "../../wire/client-hello.js"
import { findExtension } from "../../wire/extensions.js"
import { HANDSHAKE_HEADER_LENGTH, wholeMessage } from "../../wire/handshake-header.js"
import { COOKIE, KEY_SHARE, SUPPORTED_VERSIONS } from "../../wire/v13/code-points.js"
import { offersVersion } from "../../wire/v13/extensions.js"
import { readCookie, writeHelloRetryRequest } from "../../wire/v13/hello-retry-request.js"
import { addressOf, CookieExchange, inRecord } from "../cookie-exchange.js"
import { type Reply, type SourceAddress } from "../endpoint.js"
import { type AdmittedHello, type HelloExchange, type NewHelloExchange } from "../hello-exchange.js"
import { type HelloFragment } from "../hello-fragment.js"

/** A server of DTLS 1.3 alone. */
export function newExchangeV13(): NewHelloExchange {
    return (settings, counters, now) => new RetryExchange(settings, counters, now, undefined)
}

/** A server of DTLS 1.2 and 1.3: the newer one for each client that offers it. */
export function newExchangeV12V13(): NewHelloExchange {
    return (settings, counters, now) =>
        new RetryExchange(settings, counters, now, new CookieExchange(settings, counters, now))
}

/**
 * The HelloRetryRequest of DTLS 1.3 (RFC 9147 §5.1): it carries a cookie, which carries all that the server needs to know
 * again. A hello has to come in one datagram.
 * @devsWhenUsed
 */
class RetryExchange implements HelloExchange {
    private cookies: CookiesV13
    private crypto: CryptoProvider
    private suites: CipherSuite[]
    private role: DriverRole
    /** for what it asks; it agrees on no keys here */
    private keyShares: KeyShareExtension | undefined
    private replies: Reply[] = []

    /** @param older takes hellos that do not offer DTLS 1.3; undefined: they are refused */
    constructor(
        settings: AssociationSettings,
        private counters: DiscardCounters,
        now: number,
        private older: HelloExchange | undefined,
    ) {
        this.crypto = settings.crypto
        this.suites = usableSuites(settings, false)
        this.cookies = new CookiesV13(settings.crypto, now)
        this.role = serverRoleV13()
        this.keyShares = findHelloExtension(settings.extensions, KEY_SHARE) as KeyShareExtension | undefined
    }

    expects(key: string, fragment: HelloFragment): boolean {
        return fragment.start !== undefined || (this.older !== undefined && this.older.expects(key, fragment))
    }

    take(fragment: HelloFragment, from: SourceAddress, now: number): AdmittedHello | undefined {
        this.cookies.rotate(now)
        const { datagram, header, at } = fragment
        const isWhole = fragment.start !== undefined && header.fragmentLength === header.length
        const hello = isWhole ? readClientHello(copyOf(datagram, at, at + header.length)) : undefined
        const versions = hello === undefined ? undefined : findExtension(hello.extensions, SUPPORTED_VERSIONS)
        if (hello !== undefined && versions !== undefined && offersVersion(versions))
            return this.takeHello(fragment, hello, from)
        if (this.older !== undefined) return this.older.take(fragment, from, now)
        if (hello === undefined) return this.drop()
        return this.refuse(fragment, AlertDescription.protocolVersion, from)
    }

    private takeHello(fragment: HelloFragment, hello: ClientHello, from: SourceAddress): AdmittedHello | undefined {
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
        const suite = this.suites.find((candidate) => hello.cipherSuites.indexOf(candidate.id) >= 0)
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
        this.reply(fragment, inRecord(ContentType.handshake, request, DTLS_1_2, fragment.sequence), from)
        return undefined
    }

    /** Without a place for the client: what it sent says that it will not succeed. */
    private refuse(fragment: HelloFragment, alert: AlertDescription, from: SourceAddress): undefined {
        const message = Buffer.from([AlertLevel.fatal, alert])
        this.reply(fragment, inRecord(ContentType.alert, message, DTLS_1_2, fragment.sequence), from)
        return this.drop()
    }

    /** Never larger than what came, so that nobody is flooded in another one's name. */
    private reply(fragment: HelloFragment, data: Buffer, from: SourceAddress): void {
        if (data.length <= fragment.length) this.replies.push({ data, address: from.address })
        else this.drop()
    }

    private drop(): undefined {
        this.counters.add(Discard.unknownPeer)
        return undefined
    }

    nextReply(): Reply | undefined {
        const ours = this.replies.shift()
        return ours === undefined && this.older !== undefined ? this.older.nextReply() : ours
    }

    partialCount(): number {
        return this.older === undefined ? 0 : this.older.partialCount()
    }

    deadline(): number {
        return this.older === undefined ? NEVER : this.older.deadline()
    }

    tick(now: number): void {
        if (this.older !== undefined) this.older.tick(now)
    }

    close(): void {
        this.cookies.close()
        if (this.older !== undefined) this.older.close()
    }
}
