/* A client and a server over a link in memory, for the measurements of bench:rv32. */
import * as ds from "@devicescript/core"
import { Association } from "../../../src/dtls/association/association.js"
import { type Output, OutputKind } from "../../../src/dtls/association/output.js"
import { type DriverRole } from "../../../src/dtls/association/handshake-driver.js"
import { type CryptoProvider } from "../../../src/dtls/crypto/provider.js"
import { newExchangeV12 } from "../../../src/dtls/endpoint/cookie-exchange.js"
import { type NewHelloExchange } from "../../../src/dtls/endpoint/hello-exchange.js"
import { type Peer } from "../../../src/dtls/endpoint/peer.js"
import { ServerEndpoint } from "../../../src/dtls/endpoint/server-endpoint.js"
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { type CipherSuite } from "../../../src/dtls/handshake/cipher-suite.js"
import { type HelloExtension } from "../../../src/dtls/handshake/hello-extension.js"
import { AuthenticationMode } from "../../../src/dtls/handshake/key-exchange.js"
import { mcuLimits } from "../../../src/dtls/handshake/limits.js"
import { type Question, QuestionKind } from "../../../src/dtls/handshake/question.js"
import { type AssociationSettings } from "../../../src/dtls/handshake/settings.js"
import { clientRole } from "../../../src/dtls/association/v12/roles.js"
import { type AskingConnection, type Credentials } from "../../../src/gio/credentials.js"
import { ListTable } from "../../../src/platform/runtime/table.js"
import "./natives.js"

/** Whose instructions are counted, and for what: `account` of firmware/bench/support.h. */
export enum Turn {
    nobody,
    handshakeClient,
    handshakeServer,
    sendClient,
    receiveServer,
    sendServer,
    receiveClient,
    resumedClient,
    resumedServer,
    wake,
}

export const RECORD_BYTES = 64

/** What the figures of `measureSpeed` are means of. */
const HANDSHAKES = 50
const RECORDS = 1000

const ADDRESS = { key: "127.0.0.1|1234", address: "127.0.0.1|1234" }

const retransmission = wifi()
const limits = mcuLimits()

/** Settings for one association; what can be shared is. */
export function benchSettings(
    crypto: CryptoProvider,
    suites: CipherSuite[],
    extensions: HelloExtension[],
): AssociationSettings {
    return {
        crypto,
        suites,
        extensions,
        retransmission,
        limits,
        pathBudget: 1200,
        requireExtendedMasterSecret: false,
        pskIdentityHint: undefined,
        authenticationMode: AuthenticationMode.none,
        alertOnKeyMismatch: false,
        keyLog: undefined,
    }
}

/** One end of a link. */
export interface End {
    /** makes the settings of an association; without side effects */
    settings: () => AssociationSettings
    credentials: Credentials
    /** whom the credentials ask how a certificate is verified; undefined: they ask nobody */
    connection: AskingConnection | undefined
}

/** The version that both ends speak. */
export interface Version {
    client: DriverRole
    /** of the server */
    newExchange: NewHelloExchange
}

export function version12(): Version {
    return { client: clientRole(), newExchange: newExchangeV12() }
}

/** Both ends and the datagrams between them. */
export class Link {
    client: Association | undefined = undefined
    server: ServerEndpoint
    peer: Peer | undefined = undefined
    toServer: Buffer[] = []
    toClient: Buffer[] = []
    wireBytes = 0
    wireDatagrams = 0
    received = 0
    /** gets what the server sends; undefined: nobody wants it */
    recording: Buffer[] | undefined = undefined
    /** of measureRecords */
    garbage: Buffer | undefined = undefined

    constructor(
        public clientEnd: End,
        private serverEnd: End,
        public version: Version,
    ) {
        const common = serverEnd.settings()
        const tables = { newTable: <T>() => new ListTable<T>() }
        this.server = new ServerEndpoint(serverEnd.settings, common, tables, 0, version.newExchange)
    }

    async drainClient(): Promise<void> {
        const client = this.client as Association
        for (let o = client.poll(); o !== undefined; o = client.poll()) {
            if (o.kind === OutputKind.datagram) this.toServer.push(o.data as Buffer)
            else await this.take(client, this.clientEnd, o)
        }
    }

    async drainServer(): Promise<void> {
        const server = this.server
        for (let r = server.nextReply(); r !== undefined; r = server.nextReply()) this.toClient.push(r.data)
        for (let p = server.nextReady(); p !== undefined; p = server.nextReady()) {
            this.peer = p
            const association = p.association
            for (let o = association.poll(); o !== undefined; o = association.poll()) {
                if (o.kind === OutputKind.datagram) this.toClient.push(o.data as Buffer)
                else await this.take(association, this.serverEnd, o)
            }
        }
    }

    /** What is no datagram. */
    private async take(association: Association, end: End, output: Output): Promise<void> {
        if (output.kind === OutputKind.message) this.received++
        if (output.kind !== OutputKind.question) return
        const question = output.question as Question
        const answer =
            question.kind === QuestionKind.operation
                ? await question.perform()
                : await end.credentials.answer(question, end.connection as AskingConnection)
        association.answer(answer, 0)
    }

    async begin(): Promise<void> {
        this.client = new Association(this.clientEnd.settings(), this.version.client, 0, 0)
        this.client.begin(0)
        await this.drainClient()
    }

    async deliverToServer(datagram: Buffer): Promise<void> {
        this.server.receive(datagram, datagram.length, ADDRESS, 0)
        await this.drainServer()
    }

    async deliverToClient(datagram: Buffer): Promise<void> {
        ;(this.client as Association).receive(datagram, datagram.length, 0)
        await this.drainClient()
    }

    private count(datagram: Buffer): void {
        this.wireBytes += datagram.length
        this.wireDatagrams++
    }

    /** Lets datagrams pass until none is left. */
    async run(forServer: Turn, forClient: Turn): Promise<void> {
        while (this.toServer.length > 0 || this.toClient.length > 0) {
            const out = this.toServer.shift()
            if (out !== undefined) {
                this.count(out)
                ds._benchTurn(forServer)
                await this.deliverToServer(out)
                ds._benchTurn(Turn.nobody)
            }
            const back = this.toClient.shift()
            if (back !== undefined) {
                this.count(back)
                if (this.recording !== undefined) this.recording.push(back)
                ds._benchTurn(forClient)
                await this.deliverToClient(back)
                ds._benchTurn(Turn.nobody)
            }
        }
    }

    async handshake(forClient: Turn, forServer: Turn): Promise<void> {
        ds._benchTurn(forClient)
        await this.begin()
        ds._benchTurn(Turn.nobody)
        await this.run(forServer, forClient)
        if (!(this.client as Association).canSend()) throw new Error("no handshake")
    }

    async clientSends(message: Buffer): Promise<void> {
        ;(this.client as Association).send([message], false)
        await this.drainClient()
    }

    async serverSends(message: Buffer): Promise<void> {
        const peer = this.peer as Peer
        peer.association.send([message], false)
        this.server.touched(peer)
        await this.drainServer()
    }

    async hangUp(): Promise<void> {
        ;(this.client as Association).shutdown(true, true)
        await this.drainClient()
        await this.run(Turn.nobody, Turn.nobody)
        const peer = this.peer as Peer
        peer.association.shutdown(true, true)
        this.server.touched(peer)
        await this.drainServer()
        this.toClient = []
    }
}

/** Handshakes; the last one's association stays. */
async function measureHandshakes(link: Link): Promise<void> {
    for (let i = 0; i < HANDSHAKES; i++) {
        await link.handshake(Turn.handshakeClient, Turn.handshakeServer)
        if (i === 0) {
            ds._benchReport("wire_bytes", link.wireBytes)
            ds._benchReport("wire_datagrams", link.wireDatagrams)
        }
        if (i < HANDSHAKES - 1) await link.hangUp()
    }
}

/**
 * Records in both directions, once there is an association. All rounds allocate the same, so that collections would fall into the
 * same step of a round, or between rounds, again and again: garbage of varying length shifts them.
 */
export async function measureRecords(link: Link): Promise<void> {
    const message = Buffer.alloc(RECORD_BYTES)
    const client = link.client as Association
    const peer = link.peer as Peer
    for (let i = 0; i < RECORDS; i++) {
        if ((i & 7) === 0) link.garbage = Buffer.alloc((i * 5) & 511)
        ds._benchTurn(Turn.sendClient)
        client.send([message], false)
        await link.drainClient()
        ds._benchTurn(Turn.nobody)
        await link.run(Turn.receiveServer, Turn.nobody)
        ds._benchTurn(Turn.sendServer)
        peer.association.send([message], false)
        link.server.touched(peer)
        await link.drainServer()
        ds._benchTurn(Turn.nobody)
        await link.run(Turn.nobody, Turn.receiveClient)
    }
    if (link.received !== RECORDS + RECORDS) throw new Error("records lost")
}

/** Handshakes, and then records in both directions. */
export async function measureSpeed(link: Link): Promise<void> {
    await measureHandshakes(link)
    await measureRecords(link)
}
