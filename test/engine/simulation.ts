import { Association } from "../../src/dtls/association/association.js"
import { gatewayLimits } from "../../src/dtls/handshake/limits.js"
import { type DriverRole } from "../../src/dtls/association/handshake-driver.js"
import { type NewHelloExchange } from "../../src/dtls/endpoint/hello-exchange.js"
import { type Output, OutputKind } from "../../src/dtls/association/output.js"
import { type CryptoProvider } from "../../src/dtls/crypto/provider.js"
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../../src/dtls/key-exchange/suites.js"
import { type Tables } from "../../src/dtls/endpoint/endpoint.js"
import { type Peer } from "../../src/dtls/endpoint/peer.js"
import { newExchangeV12 } from "../../src/dtls/endpoint/cookie-exchange.js"
import { ServerEndpoint } from "../../src/dtls/endpoint/server-endpoint.js"
import { NEVER, wifi } from "../../src/dtls/flight/retransmission.js"
import { clientRole } from "../../src/dtls/association/v12/roles.js"
import { AuthenticationMode } from "../../src/dtls/handshake/key-exchange.js"
import { type Answer, type PskAnswer, type PskQuestion, type Question } from "../../src/dtls/handshake/question.js"
import { type AssociationSettings } from "../../src/dtls/handshake/settings.js"
import { AssociationWatch, EndpointWatch } from "./invariants.js"
import { ListTable } from "../../src/platform/runtime/table.js"

/**
 * What the link does with a datagram: the delays (ms) after which copies of it arrive; empty: it is lost. `index`
 * counts the datagrams of both directions from 0.
 */
export type Fault = (index: number, toServer: boolean, data: Buffer) => number[]

/** The versions of both sides of a simulation. */
export interface SimulatedVersions {
    clientRole: () => DriverRole
    /** the server's; undefined: DTLS 1.2 */
    newExchange: NewHelloExchange
}

interface Flying {
    at: number
    toServer: boolean
    data: Buffer
}

/** One-way latency of the link, ms. */
const LATENCY = 5

export function faultless(): number[] {
    return [LATENCY]
}

export function testSettings(crypto: CryptoProvider): AssociationSettings {
    return {
        crypto,
        suites: [TLS_PSK_WITH_AES_128_CCM_8()],
        extensions: [],
        retransmission: wifi(),
        limits: gatewayLimits(),
        pathBudget: 1232,
        requireExtendedMasterSecret: false,
        pskIdentityHint: undefined,
        authenticationMode: AuthenticationMode.none,
        alertOnKeyMismatch: false,
        keyLog: undefined,
    }
}

/** A device's tables, for an endpoint. */
export function listTables(): Tables {
    return { newTable: <T>() => new ListTable<T>() }
}

export const IDENTITY = "sensor1"

export function testKey(): Buffer {
    return Buffer.from("000102030405060708090a0b0c0d0e0f", "hex")
}

/**
 * A client and a server on a virtual link with a virtual clock: deterministic for the same inputs. The invariants of
 * invariants.ts are checked after every call.
 */
export class Simulation {
    now = 0
    client: Association
    server: ServerEndpoint
    /** the peer whose handshake began last on the server */
    peer: Peer | undefined = undefined
    /** datagrams sent by both sides */
    sent = 0
    /** all datagrams as they were sent */
    log: Buffer[] = []
    clientMessages: string[] = []
    serverMessages: string[] = []
    clientOutputs: Output[] = []
    serverOutputs: Output[] = []
    clientKey = testKey()
    /** the client's answer in place of IDENTITY and `clientKey` */
    clientPsk: PskAnswer | undefined
    serverKey: Buffer | undefined = testKey()
    /** if false, the server's questions stay open until the test answers them */
    serverAnswers = true
    clientAddress = "client|1"
    fault: Fault = faultless
    /** the server's last question */
    private serverQuestion: Question | undefined
    private flying: Flying[] = []
    private draining = 0
    private clientWatches: AssociationWatch[] = []
    private serverWatch: EndpointWatch

    constructor(
        public clientSettings: AssociationSettings,
        public serverSettings: AssociationSettings,
        tables: Tables = listTables(),
        private versions: SimulatedVersions = { clientRole: () => clientRole(), newExchange: newExchangeV12() },
    ) {
        this.client = new Association(clientSettings, versions.clientRole(), 0, 0)
        // Each association has its own settings, so that a test can change those of later ones.
        this.server = new ServerEndpoint(
            () => Object.assign({}, serverSettings),
            serverSettings,
            tables,
            0,
            versions.newExchange,
        )
        this.serverWatch = new EndpointWatch(this.server, serverSettings.limits)
    }

    /** Replaces the client by a new one at the same address, as after a reboot. */
    rebootClient(): void {
        this.client = new Association(this.clientSettings, this.versions.clientRole(), 0, 0)
        this.clientOutputs = []
    }

    begin(): void {
        this.client.begin(this.now)
        this.drain()
    }

    /** Performs the handshake on a link without faults. */
    connect(): void {
        this.begin()
        this.run(1000)
    }

    /** Advances time to `until` (ms), or until nothing more would happen. */
    run(until: number): void {
        while (this.step(until)) this.drain()
    }

    protected step(until: number): boolean {
        const next = Math.min(this.nextArrival(), Math.min(this.client.deadline(), this.server.deadline()))
        if (next > until || next >= NEVER) return false
        this.now = Math.max(this.now, next)
        if (this.nextArrival() <= this.now) this.arrive(this.flying.shift() as Flying)
        else {
            this.client.tick(this.now)
            this.server.tick(this.now)
            this.serverWatch.ticked(this.now)
        }
        return true
    }

    private nextArrival(): number {
        return this.flying.length === 0 ? NEVER : (this.flying[0] as Flying).at
    }

    private arrive(one: Flying): void {
        if (one.toServer) this.toServer(one.data)
        else this.toClient(one.data)
    }

    /** Delivers a datagram to the server. */
    toServer(data: Buffer): void {
        this.serverWatch.receives(data)
        const source = { key: this.clientAddress, address: this.clientAddress }
        this.server.receive(data, data.length, source, this.now)
    }

    toClient(data: Buffer): void {
        this.client.receive(data, data.length, this.now)
    }

    private send(data: Buffer, toServer: boolean): void {
        const index = this.sent
        this.sent++
        this.log.push(data)
        for (const delay of this.fault(index, toServer, data)) this.fly({ at: this.now + delay, toServer, data })
    }

    /** Sorted by arrival time; datagrams with the same time arrive in sending order. */
    private fly(one: Flying): void {
        let at = this.flying.length
        this.flying.push(one)
        while (at > 0 && (this.flying[at - 1] as Flying).at > one.at) {
            this.flying[at] = this.flying[at - 1] as Flying
            at--
        }
        this.flying[at] = one
    }

    /** Processes the outputs of both sides, and checks the invariants. A fault may call it recursively. */
    drain(): void {
        this.draining++
        this.drainAll()
        while (this.drainClient()) this.drainAll()
        this.draining--
        if (this.draining > 0) return
        this.clientWatch().check()
        this.serverWatch.check()
    }

    /** One for each client, because tests replace clients. */
    private clientWatch(): AssociationWatch {
        for (const watch of this.clientWatches) {
            if (watch.association === this.client) return watch
        }
        const watch = new AssociationWatch(this.client, "client")
        this.clientWatches.push(watch)
        return watch
    }

    private drainAll(): void {
        this.drainClient()
        let reply = this.server.nextReply()
        while (reply !== undefined) {
            this.serverWatch.replies(reply.data)
            this.send(reply.data, false)
            reply = this.server.nextReply()
        }
        let peer = this.server.nextReady()
        while (peer !== undefined) {
            this.drainPeer(peer)
            peer = this.server.nextReady()
        }
    }

    /** @returns whether there were any outputs */
    private drainClient(): boolean {
        let output = this.client.poll()
        const any = output !== undefined
        while (output !== undefined) {
            this.clientOutputs.push(output)
            this.clientWatch().takes(output)
            if (output.kind === OutputKind.datagram) this.send(output.data as Buffer, true)
            else if (output.kind === OutputKind.message) this.clientMessages.push((output.data as Buffer).toString())
            else if (output.kind === OutputKind.question) this.onClientQuestion(output.question as Question)
            output = this.client.poll()
        }
        return any
    }

    protected onClientQuestion(_question: Question): void {
        this.answerClient(this.clientPsk ?? { identity: Buffer.from(IDENTITY), key: this.clientKey })
    }

    protected answerClient(answer: Answer | undefined): void {
        this.client.answer(answer, this.now)
        this.clientWatch().answered()
    }

    private drainPeer(peer: Peer): void {
        this.peer = peer
        const watch = this.serverWatch.of(peer)
        let output = peer.association.poll()
        while (output !== undefined) {
            this.serverOutputs.push(output)
            watch.takes(output)
            if (output.kind === OutputKind.datagram) this.sendTo(peer, output.data as Buffer)
            else if (output.kind === OutputKind.message) this.serverMessages.push((output.data as Buffer).toString())
            else if (output.kind === OutputKind.question) this.onServerQuestion(peer, output.question as Question)
            output = peer.association.poll()
        }
    }

    private sendTo(peer: Peer, datagram: Buffer): void {
        if (peer.spend(datagram.length)) this.send(datagram, false)
    }

    protected onServerQuestion(_peer: Peer, question: Question): void {
        this.serverQuestion = question
        if (this.serverAnswers) this.answerServer()
    }

    /** Answers the server's open question. */
    answerServer(): void {
        const peer = this.peer as Peer
        this.answerPeer(peer, this.serverAnswer())
    }

    protected answerPeer(peer: Peer, answer: Answer | undefined): void {
        peer.association.answer(answer, this.now)
        this.serverWatch.of(peer).answered()
        this.server.touched(peer)
    }

    private serverAnswer(): PskAnswer | undefined {
        const question = this.serverQuestion as PskQuestion
        const known = question.identity.toString() === IDENTITY
        if (!known || this.serverKey === undefined) return undefined
        return { identity: Buffer.from(IDENTITY), key: this.serverKey }
    }

    serverAssociation(): Association {
        return (this.peer as Peer).association
    }

    clientSends(text: string): void {
        this.client.send([Buffer.from(text)], false)
        this.drain()
    }

    serverSends(text: string): void {
        this.serverAssociation().send([Buffer.from(text)], false)
        this.server.touched(this.peer as Peer)
        this.drain()
    }
}

/** The number of outputs of a kind. */
export function countOf(outputs: Output[], kind: OutputKind): number {
    return outputs.filter((output) => output.kind === kind).length
}
