import { Association } from "../../src/dtls/association/association.js"
import { AssociationPhase } from "../../src/dtls/association/association-state.js"
import { OutputKind } from "../../src/dtls/association/output.js"
import { type CryptoProvider } from "../../src/dtls/crypto/provider.js"
import { type Peer } from "../../src/dtls/endpoint/peer.js"
import { newExchangeV12 } from "../../src/dtls/endpoint/cookie-exchange.js"
import { ServerEndpoint } from "../../src/dtls/endpoint/server-endpoint.js"
import { clientRole } from "../../src/dtls/association/v12/roles.js"
import { type AssociationSettings } from "../../src/dtls/handshake/settings.js"
import { NodeServices } from "../../src/platform/node/services.js"
import { AssociationWatch, EndpointWatch } from "../engine/invariants.js"
import { testKey, testSettings } from "../engine/simulation.js"
import { handshake, messages } from "./wire.js"
import { type ClientHello, readClientHello, writeClientHello } from "../../src/dtls/wire/client-hello.js"
import { HandshakeType } from "../../src/dtls/wire/code-points.js"

/** A client of `ManyClients`. */
export interface TestClient {
    association: Association
    /** its source address: "host|port" */
    key: string
    identity: string
    received: Buffer[]
    watch: AssociationWatch
}

/**
 * A server endpoint and any number of clients that reach it without delay or loss; the test controls the clock. The
 * invariants of invariants.ts are checked after every call.
 */
export class ManyClients {
    now = 0
    server: ServerEndpoint
    /** every peer for which the server had output */
    peers = new Set<Peer>()
    /** replies of the cookie exchange to addresses without a client of this object */
    replies = new Map<string, Buffer>()
    /** called with every datagram that the server sends */
    onReply: (key: string, data: Buffer) => void = () => undefined
    /** undefined: the server is not watched, because that takes time */
    watch: EndpointWatch | undefined
    private clients = new Map<string, TestClient>()
    /** clients that may have output */
    private active = new Set<TestClient>()
    private settings: AssociationSettings

    constructor(crypto: CryptoProvider, change: (server: AssociationSettings) => void) {
        this.settings = testSettings(crypto)
        const server = testSettings(crypto)
        change(server)
        this.server = new ServerEndpoint(() => server, server, new NodeServices(), 0, newExchangeV12())
        this.watch = new EndpointWatch(this.server, server.limits)
    }

    /** Makes a client whose hello is sent; an earlier client at that address disappears silently. */
    begin(key: string, identity: string): TestClient {
        const association = new Association(this.settings, clientRole(), 0, 0)
        const watch = new AssociationWatch(association, key)
        const client: TestClient = { association, key, identity, received: [], watch }
        this.clients.set(key, client)
        this.active.add(client)
        association.begin(this.now)
        return client
    }

    /** Makes a client, and lets it complete its handshake if it can. */
    connect(key: string, identity: string): TestClient {
        const client = this.begin(key, identity)
        this.settle()
        return client
    }

    send(client: TestClient, text: string): void {
        client.association.send([Buffer.from(text)], false)
        this.active.add(client)
        this.settle()
    }

    /** Closes both directions, with close_notify. */
    shutdown(client: TestClient): void {
        client.association.shutdown(true, true)
        this.active.add(client)
        this.settle()
    }

    isConnected(client: TestClient): boolean {
        return client.association.phase === AssociationPhase.connected && !client.association.peerClosed
    }

    /** Delivers datagrams until there are none left. */
    settle(): void {
        while (this.active.size > 0) {
            for (const client of this.active) {
                this.active.delete(client)
                this.deliverFrom(client)
            }
        }
        this.drainServer()
    }

    private deliverFrom(client: TestClient): void {
        const { association, identity, watch } = client
        for (let output = association.poll(); output !== undefined; output = association.poll()) {
            watch.takes(output)
            if (output.kind === OutputKind.question) {
                association.answer({ identity: Buffer.from(identity), key: testKey() }, this.now)
                watch.answered()
            } else if (output.kind === OutputKind.datagram) this.toServer(output.data as Buffer, client.key)
        }
    }

    /** Delivers a datagram to the server, and processes the results. */
    toServer(data: Buffer, key: string): void {
        this.watch?.receives(data)
        this.server.receive(data, data.length, { key, address: key }, this.now)
        this.drainServer()
    }

    /** Advances the clock of the server. */
    tick(now: number): void {
        this.now = now
        this.server.tick(now)
        this.watch?.ticked(now)
        this.drainServer()
    }

    private drainServer(): void {
        for (let reply = this.server.nextReply(); reply !== undefined; reply = this.server.nextReply()) {
            this.watch?.replies(reply.data)
            this.toClient(reply.address as string, reply.data)
        }
        for (let peer = this.server.nextReady(); peer !== undefined; peer = this.server.nextReady()) this.drain(peer)
        this.watch?.check()
    }

    private drain(peer: Peer): void {
        this.peers.add(peer)
        const watch = this.watch?.of(peer)
        const { association } = peer
        for (let output = association.poll(); output !== undefined; output = association.poll()) {
            watch?.takes(output)
            if (output.kind === OutputKind.question) {
                watch?.answered()
                association.answer({ identity: Buffer.alloc(0), key: testKey() }, this.now)
                this.server.touched(peer)
            } else if (output.kind === OutputKind.datagram) this.toClient(peer.key, output.data as Buffer)
        }
    }

    private toClient(key: string, data: Buffer): void {
        this.onReply(key, data)
        const client = this.clients.get(key)
        if (client === undefined) this.replies.set(key, data)
        else {
            client.received.push(data)
            this.active.add(client)
            client.association.receive(data, data.length, this.now)
        }
    }

    // Unknown hosts: hellos with valid cookies and nothing after them

    /** A hello with a valid cookie, ready to be sent from `key`. */
    cookieValidHello(key: string, messageSeq = 1): Buffer {
        const hello = this.newHello()
        this.toServer(handshake(HandshakeType.clientHello, messageSeq - 1, writeClientHello(hello)), key)
        const reply = this.replies.get(key) as Buffer
        hello.cookie = Buffer.from(messages(reply)[0].body.subarray(3))
        return handshake(HandshakeType.clientHello, messageSeq, writeClientHello(hello), 1)
    }

    private newHello(): ClientHello {
        const association = new Association(this.settings, clientRole(), 0, 0)
        association.begin(this.now)
        const data = association.poll()?.data as Buffer
        return readClientHello(messages(data)[0].body) as ClientHello
    }
}
