import { type UdpSocket } from "../../services.js"
import { call } from "../connect/call.js"
import { listen, type DtlsServer } from "../connect/listen.js"
import { prepareListen } from "../connect/prepare.js"
import { checkPort } from "../connect/target.js"
import { NodeServices } from "../services.js"
import { NodeUdpSocket } from "../udp.js"
import { bindError } from "./errors.js"
import { type DTLSListenOptions, listenOptions } from "./options.js"
import { addressOf, type DTLSAddress, DTLSSession } from "./session.js"

/** Services that return a socket which is already bound. */
class BoundServices extends NodeServices {
    private socket: NodeUdpSocket

    constructor(host: string, port: number) {
        super()
        this.socket = NodeUdpSocket.bindNow(this, { remote: undefined, localHost: host, localPort: port })
    }

    address(): DTLSAddress {
        const { address, port } = this.socket.localAddress()
        return addressOf(address, port)
    }

    override openUdp(): Promise<UdpSocket> {
        return Promise.resolve(this.socket)
    }
}

function bind(host: string, port: number): BoundServices {
    try {
        return new BoundServices(host, port)
    } catch (error) {
        throw bindError(error)
    }
}

/** A UDP socket and its sessions, with the interface of node:dtls' DTLSEndpoint. Returned by `listen`. */
export class DTLSEndpoint {
    /** the address it listens on */
    readonly address: DTLSAddress
    /** settles when the endpoint is closed */
    readonly closed: Promise<void>
    destroyed = false
    private server: Promise<DtlsServer>
    private sessions = new Set<DTLSSession<DTLSEndpoint>>()

    constructor(
        private callback: (session: DTLSSession<DTLSEndpoint>) => void,
        options: DTLSListenOptions,
    ) {
        const converted = listenOptions(options)
        const { port, host = "0.0.0.0" } = options
        checkPort("port", port, 0)
        // Checks the options, so that an error is thrown before anything is bound.
        prepareListen(converted)
        const services = bind(host, port)
        this.address = services.address()
        this.server = listen(port, { ...converted, services }, host)
        this.closed = this.serve()
        this.closed.catch(() => undefined)
    }

    private async serve(): Promise<void> {
        const server = await this.server
        try {
            for await (const socket of server) {
                const place = { endpoint: this, servername: undefined, host: undefined, abort: () => undefined }
                const session = new DTLSSession<DTLSEndpoint>(Promise.resolve(socket), place)
                this.sessions.add(session)
                void session.closed.catch(() => undefined).then(() => this.sessions.delete(session))
                call(this.callback, session)
            }
        } finally {
            this.destroyed = true
            await server.close()
        }
    }

    /** Sends close_notify on every session and releases the port. */
    async close(): Promise<void> {
        await Promise.all([...this.sessions].map((session) => session.close()))
        await (await this.server).close()
        await this.closed
    }

    /** Ends every session without notifying the peers. */
    destroy(error?: Error): void {
        if (this.destroyed) return
        this.destroyed = true
        for (const session of this.sessions) session.destroy(error)
        void this.server.then((server) => server.close())
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.close()
    }
}
