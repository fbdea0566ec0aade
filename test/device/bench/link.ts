/* A client and a server over a link in memory, for the measurements of bench:rv32. */
import * as ds from "@devicescript/core"
import { type Association } from "../../../src/dtls/association/association.js"
import { type DriverRole } from "../../../src/dtls/association/handshake-driver.js"
import { clientRole } from "../../../src/dtls/association/v12/roles.js"
import { newExchangeV12 } from "../../../src/dtls/endpoint/cookie-exchange.js"
import { type NewHelloExchange } from "../../../src/dtls/endpoint/hello-exchange.js"
import { type Peer } from "../../../src/dtls/endpoint/peer.js"
import { Client, type End, HANDSHAKES, RECORD_BYTES, Turn } from "./end.js"
import "./natives.js"
import { Server } from "./server-end.js"

/** Number of records each way over which `measureSpeed` averages. */
const RECORDS = 1000

/** The version of DTLS at both ends. */
export interface Version {
    client: DriverRole
    /** of the server */
    newExchange: NewHelloExchange
}

export function version12(): Version {
    return { client: clientRole(), newExchange: newExchangeV12() }
}

/** The datagrams of a link, by who receives them. */
export class Recording {
    forClient: Buffer[] = []
    forServer: Buffer[] = []
}

/** Both ends, and the datagrams between them. */
export class Link {
    client: Client
    serving: Server
    wireBytes = 0
    wireDatagrams = 0
    /** receives copies of all datagrams; undefined: they are not recorded */
    recording: Recording | undefined = undefined
    /** of measureRecords */
    garbage: Buffer | undefined = undefined

    constructor(clientEnd: End, serverEnd: End, version: Version) {
        this.client = new Client(clientEnd, version.client)
        this.serving = new Server(serverEnd, version.newExchange)
    }

    private count(datagram: Buffer): void {
        this.wireBytes += datagram.length
        this.wireDatagrams++
    }

    /** Delivers datagrams until none is left. */
    async run(forServer: Turn, forClient: Turn): Promise<void> {
        const { client, serving: server, recording } = this
        while (client.toServer.length > 0 || server.toClient.length > 0) {
            const out = client.toServer.shift()
            if (out !== undefined) {
                this.count(out)
                if (recording !== undefined) recording.forServer.push(out)
                ds._benchTurn(Turn.empty)
                ds._benchTurn(forServer)
                await server.deliverToServer(out)
                ds._benchTurn(Turn.nobody)
            }
            const back = server.toClient.shift()
            if (back !== undefined) {
                this.count(back)
                if (recording !== undefined) recording.forClient.push(back)
                ds._benchTurn(Turn.empty)
                ds._benchTurn(forClient)
                await client.deliver(back)
                ds._benchTurn(Turn.nobody)
            }
        }
    }

    async handshake(forClient: Turn, forServer: Turn): Promise<void> {
        ds._benchTurn(Turn.empty)
        ds._benchTurn(forClient)
        await this.client.begin()
        ds._benchTurn(Turn.nobody)
        await this.run(forServer, forClient)
        if (!(this.client.association as Association).canSend()) throw new Error("no handshake")
    }

    async hangUp(): Promise<void> {
        await this.client.hangUp()
        await this.run(Turn.nobody, Turn.nobody)
        await this.serving.serverHangsUp()
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
    const { client, serving: server } = link
    const association = client.association as Association
    const peer = server.peer as Peer
    for (let i = 0; i < RECORDS; i++) {
        if ((i & 7) === 0) link.garbage = Buffer.alloc((i * 5) & 511)
        ds._benchTurn(Turn.empty)
        ds._benchTurn(Turn.sendClient)
        association.send([message], false)
        await client.drain()
        ds._benchTurn(Turn.nobody)
        await link.run(Turn.receiveServer, Turn.nobody)
        ds._benchTurn(Turn.empty)
        ds._benchTurn(Turn.sendServer)
        peer.association.send([message], false)
        server.endpoint.touched(peer)
        await server.drainServer()
        ds._benchTurn(Turn.nobody)
        await link.run(Turn.nobody, Turn.receiveClient)
    }
    if (server.received !== RECORDS || client.received !== RECORDS) throw new Error("records lost")
}

/** Handshakes, then records in both directions. */
export async function measureSpeed(link: Link): Promise<void> {
    await measureHandshakes(link)
    await measureRecords(link)
}
