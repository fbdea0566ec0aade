import { gatewayCoapParameters } from "../../src/coap/parameters.js"
import { type CoapHandler, CoapServer } from "../../src/coap/server.js"
import { WaitingMessageLayer } from "../../src/coap/waiting-message-layer.js"
import { DtlsListener } from "../../src/gio/dtls-listener.js"
import { type DtlsServerConnection } from "../../src/gio/dtls-server-connection.js"
import { isIoError, IOErrorEnum } from "../../src/gio/errors.js"
import { guarded } from "../../src/gio/guarded.js"
import { type DtlsSettings } from "../../src/gio/settings.js"
import { type SocketAddress } from "../../src/gio/socket-address.js"
import { type Services, type UdpSocket } from "../../src/platform/services.js"
import { type ArrivedReading, Resources } from "./resources.js"

/** What an application hears of. What these functions throw is logged, and the gateway goes on. */
export interface GatewayEvents {
    connected(peer: string, connection: DtlsServerConnection): void
    readings(peer: string, path: string, readings: ArrivedReading[]): void
    /** a client tried to write to a path of another one; told once for each connection */
    refused?(peer: string, path: string): void
    ended(peer: string, error: Error | undefined): void
}

export interface GatewayOptions {
    /** ALPN names */
    protocols?: string[] | undefined
    /** paths to which, and below which, every client writes; default: none, a path belongs to who created it */
    shared?: string[]
}

/** A CoAPs server that keeps what is posted to it and tells of readings. */
export class Gateway {
    private count = 0
    private closing = false
    /** connected clients whose writing to others' paths was told */
    private refusedPeers = new Set<string>()

    private constructor(
        private services: Services,
        private socket: UdpSocket,
        private listener: DtlsListener,
        private events: GatewayEvents,
        private shared: string[],
    ) {}

    /** Opens its socket and serves. Throws GError: ADDRESS_IN_USE, ... @param failed told when it can serve no more */
    static async start(
        services: Services,
        settings: DtlsSettings,
        local: { host: string | undefined; port: number },
        events: GatewayEvents,
        failed: (error: Error) => void,
        { protocols, shared = [] }: GatewayOptions = {},
    ): Promise<Gateway> {
        const options = { remote: undefined, localHost: local.host, localPort: local.port }
        const socket = await services.openUdp(options)
        const listener = new DtlsListener(services, socket, settings)
        listener.setAdvertisedProtocols(protocols)
        const gateway = new Gateway(services, socket, listener, events, shared)
        services.spawn(() => gateway.acceptLoop(failed))
        return gateway
    }

    localAddress(): SocketAddress {
        return this.socket.localAddress()
    }

    getListener(): DtlsListener {
        return this.listener
    }

    private async acceptLoop(failed: (error: Error) => void): Promise<void> {
        // One store for all clients, so that one can read what another has posted.
        const resources = new Resources(this.shared, {
            readings: (...what) => this.tell("readings", () => this.events.readings(...what)),
            refused: (peer, path) => this.tellRefused(peer, path),
        })
        for (;;) {
            let connection: DtlsServerConnection
            try {
                connection = await this.listener.accept(-1)
            } catch (error) {
                if (!this.closing) failed(error as Error)
                return
            }
            this.count++
            const peer = `client ${this.count}`
            const identity = (connection.getPeerIdentity() ?? Buffer.alloc(0)).toString("hex")
            const layer = new WaitingMessageLayer(this.services, connection, gatewayCoapParameters())
            const handler: CoapHandler = (request) => Promise.resolve(resources.handle(request, { peer, identity }))
            const server = new CoapServer(layer, handler, [])
            this.tell("connected", () => this.events.connected(peer, connection))
            this.services.spawn(() => this.serve(server, peer, connection))
        }
    }

    private async serve(server: CoapServer, peer: string, connection: DtlsServerConnection): Promise<void> {
        let failure: Error | undefined
        try {
            await server.run()
        } catch (error) {
            failure = error as Error
        }
        this.refusedPeers.delete(peer)
        if (!isIoError(failure, IOErrorEnum.CLOSED)) this.tell("ended", () => this.events.ended(peer, failure))
        await connection.close()
    }

    private tell(event: string, callback: () => void): void {
        guarded(this.services, `the handler of "${event}"`, callback, undefined)
    }

    /** Once for each connection: a client that goes on trying does not fill the log. */
    private tellRefused(peer: string, path: string): void {
        if (this.refusedPeers.has(peer)) return
        this.refusedPeers.add(peer)
        this.tell("refused", () => this.events.refused?.(peer, path))
    }

    /** Says close_notify to every client. */
    async close(): Promise<void> {
        this.closing = true
        await this.listener.close()
        this.socket.close()
    }

    /** Gone without a word, as in a power cut; for tests. */
    kill(): void {
        this.closing = true
        this.socket.close()
    }
}
