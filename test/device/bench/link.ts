/* A client and a server over a link in memory, for the measurements of bench:rv32. */
import * as ds from "@devicescript/core"
import { type Association } from "../../../src/dtls/association/association.js"
import { type DriverRole } from "../../../src/dtls/association/handshake-driver.js"
import { OutputKind } from "../../../src/dtls/association/output.js"
import { clientRole } from "../../../src/dtls/association/v12/roles.js"
import { newExchangeV12 } from "../../../src/dtls/endpoint/cookie-exchange.js"
import { type NewHelloExchange } from "../../../src/dtls/endpoint/hello-exchange.js"
import { type Peer } from "../../../src/dtls/endpoint/peer.js"
import { ServerEndpoint } from "../../../src/dtls/endpoint/server-endpoint.js"
import { ListTable } from "../../../src/platform/runtime/table.js"
import { Client, type End, RECORD_BYTES, take, Turn } from "./end.js"
import "./natives.js"

/** Numbers of handshakes and records over which `measureSpeed` averages. */
const HANDSHAKES = 50
const RECORDS = 1000

const ADDRESS = { key: "127.0.0.1|1234", address: "127.0.0.1|1234" }

/** The version of DTLS at both ends. */
export interface Version {
    client: DriverRole
    /** of the server */
    newExchange: NewHelloExchange
}

export function version12(): Version {
    return { client: clientRole(), newExchange: newExchangeV12() }
}

/** Both ends, and the datagrams between them. */
export class Link {
    client: Client
    server: ServerEndpoint
    peer: Peer | undefined = undefined
    toClient: Buffer[] = []
    wireBytes = 0
    wireDatagrams = 0
    /** messages received by the server */
    received = 0
    /** receives the server's datagrams; undefined: they are not recorded */
    recording: Buffer[] | undefined = undefined
    /** of measureRecords */
    garbage: Buffer | undefined = undefined

    constructor(
        clientEnd: End,
        private serverEnd: End,
        version: Version,
    ) {
        this.client = new Client(clientEnd, version.client)
        const common = serverEnd.settings()
        const tables = { newTable: <T>() => new ListTable<T>() }
        this.server = new ServerEndpoint(serverEnd.settings, common, tables, 0, version.newExchange)
    }

    async drainServer(): Promise<void> {
        const server = this.server
        for (let r = server.nextReply(); r !== undefined; r = server.nextReply()) this.toClient.push(r.data)
        for (let p = server.nextReady(); p !== undefined; p = server.nextReady()) {
            this.peer = p
            const association = p.association
            for (let o = association.poll(); o !== undefined; o = association.poll()) {
                if (o.kind === OutputKind.datagram) this.toClient.push(o.data as Buffer)
                else if (await take(association, this.serverEnd, o)) this.received++
            }
        }
    }

    async deliverToServer(datagram: Buffer): Promise<void> {
        this.server.receive(datagram, datagram.length, ADDRESS, 0)
        await this.drainServer()
    }

    private count(datagram: Buffer): void {
        this.wireBytes += datagram.length
        this.wireDatagrams++
    }

    /** Delivers datagrams until none is left. */
    async run(forServer: Turn, forClient: Turn): Promise<void> {
        const client = this.client
        while (client.toServer.length > 0 || this.toClient.length > 0) {
            const out = client.toServer.shift()
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
                await client.deliver(back)
                ds._benchTurn(Turn.nobody)
            }
        }
    }

    async handshake(forClient: Turn, forServer: Turn): Promise<void> {
        ds._benchTurn(forClient)
        await this.client.begin()
        ds._benchTurn(Turn.nobody)
        await this.run(forServer, forClient)
        if (!(this.client.association as Association).canSend()) throw new Error("no handshake")
    }

    async serverSends(message: Buffer): Promise<void> {
        const peer = this.peer as Peer
        peer.association.send([message], false)
        this.server.touched(peer)
        await this.drainServer()
    }

    async hangUp(): Promise<void> {
        ;(this.client.association as Association).shutdown(true, true)
        await this.client.drain()
        await this.run(Turn.nobody, Turn.nobody)
        const peer = this.peer as Peer
        peer.association.shutdown(true, true)
        this.server.touched(peer)
        await this.drainServer()
        this.toClient = []
    }
}

/** Handshakes; the association of the last one remains. */
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
 * Records in both directions, once there is an association. All rounds allocate the same amount of memory, so collections would
 * always take place in the same step of a round, or between rounds. Garbage of varying length shifts them.
 */
export async function measureRecords(link: Link): Promise<void> {
    const message = Buffer.alloc(RECORD_BYTES)
    const client = link.client
    const association = client.association as Association
    const peer = link.peer as Peer
    for (let i = 0; i < RECORDS; i++) {
        if ((i & 7) === 0) link.garbage = Buffer.alloc((i * 5) & 511)
        ds._benchTurn(Turn.sendClient)
        association.send([message], false)
        await client.drain()
        ds._benchTurn(Turn.nobody)
        await link.run(Turn.receiveServer, Turn.nobody)
        ds._benchTurn(Turn.sendServer)
        peer.association.send([message], false)
        link.server.touched(peer)
        await link.drainServer()
        ds._benchTurn(Turn.nobody)
        await link.run(Turn.nobody, Turn.receiveClient)
    }
    if (link.received !== RECORDS || client.received !== RECORDS) throw new Error("records lost")
}

/** Handshakes, then records in both directions. */
export async function measureSpeed(link: Link): Promise<void> {
    await measureHandshakes(link)
    await measureRecords(link)
}
