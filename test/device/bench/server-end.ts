/* A server at one end of a link, for the measurements of bench:rv32. */
import { OutputKind } from "../../../src/dtls/association/output.js"
import { type NewHelloExchange } from "../../../src/dtls/endpoint/hello-exchange.js"
import { type Peer } from "../../../src/dtls/endpoint/peer.js"
import { ServerEndpoint } from "../../../src/dtls/endpoint/server-endpoint.js"
import { ListTable } from "../../../src/platform/runtime/table.js"
import { type End, take } from "./end.js"

const ADDRESS = { key: "127.0.0.1|1234", address: "127.0.0.1|1234" }

/**
 * A server with one client, and the datagrams that it has sent and the client has not received yet. Its methods have other names
 * than the client's, so that the optimizer knows which of them a call means.
 */
export class Server {
    endpoint: ServerEndpoint
    peer: Peer | undefined = undefined
    toClient: Buffer[] = []
    received = 0

    constructor(
        private end: End,
        newExchange: NewHelloExchange,
    ) {
        const tables = { newTable: <T>() => new ListTable<T>() }
        this.endpoint = new ServerEndpoint(end.settings, end.settings(), tables, 0, newExchange)
    }

    async drainServer(): Promise<void> {
        const endpoint = this.endpoint
        for (let r = endpoint.nextReply(); r !== undefined; r = endpoint.nextReply()) this.toClient.push(r.data)
        for (let p = endpoint.nextReady(); p !== undefined; p = endpoint.nextReady()) {
            this.peer = p
            const association = p.association
            for (let o = association.poll(); o !== undefined; o = association.poll()) {
                if (o.kind === OutputKind.datagram) this.toClient.push(o.data as Buffer)
                else if (await take(association, this.end, o)) this.received++
            }
        }
    }

    async deliverToServer(datagram: Buffer): Promise<void> {
        this.endpoint.receive(datagram, datagram.length, ADDRESS, 0)
        await this.drainServer()
    }

    async serverSends(message: Buffer): Promise<void> {
        const peer = this.peer as Peer
        peer.association.send([message], false)
        this.endpoint.touched(peer)
        await this.drainServer()
    }

    /** Closes the connection and forgets what was to be sent. */
    async serverHangsUp(): Promise<void> {
        const peer = this.peer as Peer
        peer.association.shutdown(true, true)
        this.endpoint.touched(peer)
        await this.drainServer()
        this.toClient = []
    }
}
