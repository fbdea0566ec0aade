import { type DriverRole } from "../association/handshake-driver.js"
import { type SavedVersion } from "../association/saved-association.js"
import { SavedVersionV12 } from "../association/v12/saved-version.js"
import { copyOf } from "../bytes/bytes.js"
import { bodyOf } from "../flight/inbox.js"
import { COOKIE_LENGTH, Cookies, SHORTEST_COOKIE_PART } from "../handshake/cookies.js"
import { serverRole } from "../association/v12/roles.js"
import { type AssociationSettings } from "../handshake/settings.js"
import { Discard, type DiscardCounters } from "../record/discard.js"
import { ContentType, DTLS_1_0, DTLS_1_2, HandshakeType } from "../wire/code-points.js"
import { type ClientHelloStart, readClientHelloStart } from "../wire/client-hello.js"
import { wholeMessage } from "../wire/handshake-header.js"
import { writeHelloVerifyRequest } from "../wire/hello-verify-request.js"
import { plainRecord } from "../wire/record-header.js"
import { type Reply } from "./endpoint.js"
import { type AdmittedHello, type HelloExchange, type NewHelloExchange } from "./hello-exchange.js"
import { HELLO_ASSEMBLY_TIME, HelloAssembly, type PartialHello } from "./hello-assembly.js"
import { type HelloFragment } from "./hello-fragment.js"
import { type SourceAddress } from "./source-address.js"

/** Where a connection id begins in a record (RFC 9146 §4). */
const ID_AT = 11

/** A server of DTLS 1.2 only. */
export function newExchangeV12(): NewHelloExchange {
    return (settings, counters, now) => new CookieExchange(settings, counters, now, serverRole())
}

/**
 * The HelloVerifyRequest of DTLS 1.2, a stateless cookie: until a hello is complete and has a valid cookie, nothing is
 * computed but the cookie's HMAC (RFC 6347 §4.2.1). Only for a client whose first fragment ends inside its hello, and
 * shows part of a valid cookie, is state kept until the other fragments come.
 * @devsWhenUsed
 */
export class CookieExchange implements HelloExchange {
    private cookies: Cookies
    private assembly: HelloAssembly
    replies: Reply[] = []

    /**
     * @param counters for hellos that are dropped
     * @param role the server's side
     */
    constructor(
        settings: AssociationSettings,
        private counters: DiscardCounters,
        now: number,
        private role: DriverRole,
    ) {
        this.cookies = new Cookies(settings.crypto, now)
        this.assembly = new HelloAssembly(settings.limits, HELLO_ASSEMBLY_TIME)
    }

    expects(key: string, fragment: HelloFragment): boolean {
        return fragment.start !== undefined || this.assembly.find(key, fragment) !== undefined
    }

    take(fragment: HelloFragment, from: SourceAddress, now: number): AdmittedHello | undefined {
        this.cookies.rotate(now)
        const { header, start } = fragment
        if (start !== undefined && header.fragmentLength === header.length) return this.takeWhole(fragment, start, from)
        if (start !== undefined && !this.knowsCookie(fragment, start, from)) return undefined
        const hello = this.assembly.find(from.key, fragment) ?? this.begin(fragment, from, now)
        if (hello === undefined) return this.drop()
        hello.add(fragment.datagram, fragment.length)
        return this.complete(hello)
    }

    private takeWhole(
        fragment: HelloFragment,
        start: ClientHelloStart,
        from: SourceAddress,
    ): AdmittedHello | undefined {
        const { datagram, length, sequence, header, at } = fragment
        const rest = copyOf(datagram, at + start.length, at + header.length)
        if (!this.cookies.checkWhole(addressOf(from), start, rest, false))
            return this.challenge(fragment, start, rest, from)
        return { sequence, messageSeq: header.messageSeq, random: start.random, datagram, length, role: this.role }
    }

    /** Checks as much of the cookie as the first fragment contains. A client without a cookie is sent one. */
    private knowsCookie(fragment: HelloFragment, start: ClientHelloStart, from: SourceAddress): boolean {
        // Another cookie would be cut off at the same place, so sending one would not help.
        if (start.cookieLength === COOKIE_LENGTH && start.cookie.length < SHORTEST_COOKIE_PART) this.drop()
        else if (this.cookies.checkStart(addressOf(from), start)) return true
        else this.challenge(fragment, start, undefined, from)
        return false
    }

    private begin(fragment: HelloFragment, from: SourceAddress, now: number): PartialHello | undefined {
        const { start } = fragment
        return start === undefined ? undefined : this.assembly.begin(from.key, fragment, start, now)
    }

    /** A complete hello leaves the assembly whether its cookie is valid or not: a retransmission begins anew. */
    private complete(hello: PartialHello): AdmittedHello | undefined {
        const message = hello.whole()
        if (message === undefined) return undefined
        this.assembly.remove(hello)
        const body = bodyOf(message)
        const start = readClientHelloStart(body, 0, body.length)
        if (start === undefined) return this.drop()
        const rest = copyOf(body, start.length, body.length)
        if (!this.cookies.checkWhole(Buffer.from(hello.key), start, rest, true)) return this.drop()
        const { sequence } = hello
        const { role } = this
        const { messageSeq, bytes } = message
        const datagram = plainRecord(ContentType.handshake, DTLS_1_2, sequence, bytes)
        return { sequence, messageSeq, random: start.random, datagram, length: datagram.length, role }
    }

    /**
     * Replies with a HelloVerifyRequest, which copies the hello's record sequence number and message_seq (RFC 6347
     * §4.2.1, errata 5186). Never amplifies: there is no reply if it would be larger than what was received.
     * @param rest the hello from cipher_suites to its end; undefined if it is not known yet
     */
    private challenge(
        fragment: HelloFragment,
        start: ClientHelloStart,
        rest: Buffer | undefined,
        from: SourceAddress,
    ): undefined {
        const body = writeHelloVerifyRequest(this.cookies.make(addressOf(from), start, rest))
        const message = wholeMessage(HandshakeType.helloVerifyRequest, fragment.header.messageSeq, body)
        const data = plainRecord(ContentType.handshake, DTLS_1_0, fragment.sequence, message)
        if (data.length > fragment.length) return this.drop()
        this.replies.push({ data, address: from.address })
        return undefined
    }

    private drop(): undefined {
        this.counters.add(Discard.unknownPeer)
        return undefined
    }

    idAt(datagram: Buffer, length: number): number {
        return length > 0 && datagram[0] === ContentType.tls12Cid ? ID_AT : -1
    }

    savedVersions(): SavedVersion[] {
        return [new SavedVersionV12(this.role)]
    }

    partialCount(): number {
        return this.assembly.count()
    }

    deadline(): number {
        return this.assembly.deadline()
    }

    tick(now: number): void {
        this.assembly.tick(now)
    }

    close(): void {
        this.cookies.close()
    }
}

/** The address that a cookie is bound to. */
export function addressOf(from: SourceAddress): Buffer {
    return Buffer.from(from.key)
}
