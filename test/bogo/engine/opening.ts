import { Association } from "../../../src/dtls/association/association.js"
import { type DriverRole } from "../../../src/dtls/association/handshake-driver.js"
import { serverRoleV13 } from "../../../src/dtls/association/v13/roles.js"
import { Reader } from "../../../src/dtls/bytes/reader.js"
import { type SourceAddress } from "../../../src/dtls/endpoint/source-address.js"
import { readHelloFragment } from "../../../src/dtls/endpoint/hello-fragment.js"
import { type HelloExchange } from "../../../src/dtls/endpoint/hello-exchange.js"
import { newExchangeV13 } from "../../../src/dtls/endpoint/v13/hello-exchange.js"
import { bodyOf, Inbox } from "../../../src/dtls/flight/inbox.js"
import { findHelloExtension } from "../../../src/dtls/handshake/hello-extension.js"
import { type AssociationSettings } from "../../../src/dtls/handshake/settings.js"
import { serverRole } from "../../../src/dtls/association/v12/roles.js"
import { type KeyShareExtension } from "../../../src/dtls/handshake/v13/key-share-extension.js"
import { DiscardCounters } from "../../../src/dtls/record/discard.js"
import { type ClientHello, readClientHello } from "../../../src/dtls/wire/client-hello.js"
import { findExtension } from "../../../src/dtls/wire/extensions.js"
import { readHandshakeHeader } from "../../../src/dtls/wire/handshake-header.js"
import { readRecordHeader } from "../../../src/dtls/wire/record-header.js"
import { KEY_SHARE, SUPPORTED_VERSIONS } from "../../../src/dtls/wire/v13/code-points.js"
import { downgradeMark } from "../../../src/dtls/wire/v13/downgrade.js"
import { offersVersion } from "../../../src/dtls/wire/v13/extensions.js"

/** The runner, as an address. */
const PEER: SourceAddress = { key: "runner", address: undefined }

/**
 * A server before it has an association: waits for the complete first hello, which determines the version, and requests
 * a share of another group if none is acceptable. The endpoint's cookies, which it would require of every client, are
 * left out.
 */
export class Opening {
    private datagrams: Buffer[] = []
    private inbox: Inbox
    private exchange: HelloExchange | undefined

    /** @param hasOlder the server supports DTLS 1.2 too */
    constructor(
        private settings: AssociationSettings,
        private hasOlder: boolean,
        private send: (datagram: Buffer) => void,
    ) {
        this.inbox = new Inbox(settings.limits, 0)
    }

    /** @returns the association, which has received the datagrams so far; undefined: not yet */
    receive(datagram: Buffer, now: number): Association | undefined {
        if (this.exchange !== undefined) return this.continueRetry(this.exchange, datagram, now)
        this.datagrams.push(datagram)
        const hello = this.assemble(datagram)
        if (hello === undefined) return undefined
        if (this.choosesOlder(hello)) return this.begin(serverRole(downgradeMark()), now)
        // A DTLS 1.2 cookie is refused before there is an association.
        if (this.groupToAsk(hello) === 0 && hello.cookie.length === 0) return this.begin(serverRoleV13(), now)
        this.exchange = newExchangeV13()(this.settings, new DiscardCounters(), now)
        for (const earlier of this.datagrams) this.continueRetry(this.exchange, earlier, now)
        return undefined
    }

    /** Nothing more will come, and what was received is not a complete hello. */
    giveUp(now: number): Association {
        return this.begin(this.hasOlder ? serverRole() : serverRoleV13(), now)
    }

    hasBegun(): boolean {
        return this.datagrams.length > 0 && this.exchange === undefined
    }

    private begin(role: DriverRole, now: number): Association {
        const association = new Association(this.settings, role, 0, 0)
        association.begin(now)
        for (const datagram of this.datagrams) association.receive(datagram, datagram.length, now)
        return association
    }

    private continueRetry(exchange: HelloExchange, datagram: Buffer, now: number): Association | undefined {
        const fragment = readHelloFragment(datagram, datagram.length)
        const admitted = fragment === undefined ? undefined : exchange.take(fragment, PEER, now)
        for (let reply = exchange.replies.shift(); reply !== undefined; reply = exchange.replies.shift())
            this.send(reply.data)
        if (admitted === undefined) return undefined
        const association = new Association(this.settings, serverRoleV13(), admitted.messageSeq, admitted.sequence)
        association.begin(now)
        association.receive(admitted.datagram, admitted.length, now)
        return association
    }

    /** @returns the hello, once it has all its fragments */
    private assemble(datagram: Buffer): ClientHello | undefined {
        for (const reader = new Reader(datagram, 0, datagram.length); reader.remaining() > 0;) {
            const record = readRecordHeader(reader)
            if (record === undefined || record.length > reader.remaining()) break
            const fragments = new Reader(datagram, reader.at, reader.at + record.length)
            reader.at += record.length
            for (
                let header = readHandshakeHeader(fragments);
                header !== undefined;
                header = readHandshakeHeader(fragments)
            ) {
                this.inbox.add(header, 0, datagram, fragments.at)
                fragments.at += header.fragmentLength
            }
        }
        const message = this.inbox.peek()
        return message === undefined ? undefined : readClientHello(bodyOf(message))
    }

    private choosesOlder(hello: ClientHello): boolean {
        const versions = findExtension(hello.extensions, SUPPORTED_VERSIONS)
        return this.hasOlder && (versions === undefined || !offersVersion(versions))
    }

    private groupToAsk(hello: ClientHello): number {
        const shares = findHelloExtension(this.settings.extensions, KEY_SHARE) as KeyShareExtension
        return shares.groupToAsk(hello.extensions)
    }
}
