import { BlockwiseHandler, gatewayBlockLimits } from "../../src/coap/block-server.js"
import { CoapCode } from "../../src/coap/code-points.js"
import { type CoapMessage } from "../../src/coap/message.js"
import { gatewayCoapParameters } from "../../src/coap/parameters.js"
import { type CoapAnswer, CoapServer } from "../../src/coap/server.js"
import { type MessageLayer } from "../../src/coap/message-layer.js"
import { WaitingMessageLayer } from "../../src/coap/waiting-message-layer.js"
import { type Aead } from "../../src/dtls/crypto/provider.js"
import { DtlsListener } from "../../src/gio/dtls-listener.js"
import { type DtlsServerConnection } from "../../src/gio/dtls-server-connection.js"
import { guarded } from "../../src/gio/guarded.js"
import { type DtlsSettings } from "../../src/gio/settings.js"
import { type SocketAddress } from "../../src/gio/socket-address.js"
import { acceptCompact } from "../../src/platform/node/connect/compact.js"
import { type Services, type UdpSocket } from "../../src/platform/services.js"
import { comesToRest } from "./coming-to-rest.js"
import { identityOf } from "./identity.js"
import { type CoapState, coapStateOf, restoreCoapState } from "./coap-state.js"
import { ObservedPaths, pathOf } from "./observed-paths.js"
import { connectionIdsOf } from "./owned-ids.js"
import { freeNumbers } from "./reservation.js"
import { ReservedMessageLayer } from "./reserved-message-layer.js"
import { type Route, RoutedSocket } from "./routed-socket.js"
import { type ArrivedReading, notNow, refusal, type Requester, Resources } from "./resources.js"

/** A connected client. */
export interface GatewayPeer {
    /** for people: "client 7", unique for each connection */
    name: string
    /** see `identityOf`; empty if there is none */
    identity: Buffer
    connection: DtlsServerConnection
    /**
     * duration of the handshake since the ClientHello with a cookie: a round trip and the computations of both sides,
     * ms; undefined: the association was imported
     */
    handshakeTime: number | undefined
}

/** Events of a gateway. Exceptions from these functions are logged, and the gateway continues. */
export interface GatewayEvents {
    connected(peer: GatewayPeer): void
    readings(peer: GatewayPeer, path: string, readings: ArrivedReading[]): void
    /** a payload without readings was stored */
    unread?(peer: GatewayPeer, path: string, format: number, payload: Buffer): void
    /** a client tried to write to another client's path; called once for each connection */
    refused?(peer: GatewayPeer, path: string): void
    ended(peer: GatewayPeer, error: Error | undefined): void
}

/** What happens to received readings. */
export interface Delivery {
    /** s until the client may try again, sent in a 5.03 response; 0: the readings are accepted */
    retryAfter: number
    /** if accepted: the client gets its acknowledgement when this resolves, and is told to try again if it rejects */
    stored?: Promise<void> | undefined
}

/** Options of a gateway beyond storing what it receives. */
export interface GatewayOptions {
    /** ALPN names */
    protocols?: string[] | undefined
    /**
     * shared by several gateways, so that each has the resources of all; default: its own, in which a path belongs to
     * its creator
     */
    resources?: Resources | undefined
    /** passes readings on before the client's request is acknowledged */
    deliver?: ((peer: GatewayPeer, path: string, readings: ArrivedReading[]) => Delivery) | undefined
    /** sees datagrams before the gateway does, see `takeOver`; default: none */
    route?: Route | undefined
    /** waits until sequence numbers may be reserved for sending; default: a connection without any left ends */
    moreNumbers?: ((connection: DtlsServerConnection) => Promise<void>) | undefined
    /** whether a client may read (GET) or write (all other methods) at `path`; default: everywhere */
    mayUse?: ((peer: GatewayPeer, path: string, isRead: boolean) => boolean) | undefined
}

/** Exported clients, and the reasons why others could not be exported. */
export interface ExportedClients {
    /** one for each association */
    associations: Buffer[]
    failures: { peer: GatewayPeer; error: Error }[]
}

/** A client that continues at another gateway. */
export interface HandedOver {
    /** as returned by `exportAssociation` */
    association: Buffer
    /** ids of this side that its datagrams may carry: `connectionIdsOf` */
    ids: string[]
    /** undefined: unknown, so retransmitted requests are taken for new ones */
    coap: CoapState | undefined
}

/** A client of another gateway that can continue here. */
export interface TakenOver {
    connection: DtlsServerConnection
    /** Starts to serve it; sequence numbers have to be reserved first. */
    begin: () => Promise<GatewayPeer>
}

/** Time after which a client should try again if no better estimate is known, s. */
const RETRY_AFTER = 30

/** A CoAPs server that stores what is posted to it, and reports readings. */
export class Gateway {
    private count = 0
    private closing = false
    private peers = new Map<CoapServer, GatewayPeer>()
    private servers = new Map<GatewayPeer, CoapServer>()
    /** connected clients whose write attempts to others' paths have been reported */
    private refusedPeers = new Set<GatewayPeer>()
    private observed: ObservedPaths
    private unwatch: () => void

    private constructor(
        private services: Services,
        private socket: UdpSocket,
        private listener: DtlsListener,
        private events: GatewayEvents,
        private resources: Resources,
        private options: GatewayOptions,
    ) {
        this.observed = new ObservedPaths(services, (request, server) => this.answer(request, server))
        this.unwatch = resources.watch((path) => this.observed.changed(path))
    }

    /**
     * Opens its socket and serves. Throws GError: ADDRESS_IN_USE, ... @param failed called when it can no longer serve
     */
    static async start(
        services: Services,
        settings: DtlsSettings,
        local: { host: string | undefined; port: number; fd?: number | undefined },
        events: GatewayEvents,
        failed: (error: Error) => void,
        options: GatewayOptions = {},
    ): Promise<Gateway> {
        const udp = { remote: undefined, localHost: local.host, localPort: local.port, fd: local.fd }
        const opened = await services.openUdp(udp)
        const { route } = options
        const socket =
            route === undefined ? opened : new RoutedSocket(services, opened, route, settings.limits.datagramBytes)
        const listener = new DtlsListener(services, socket, settings)
        listener.setAdvertisedProtocols(options.protocols)
        const resources = options.resources ?? new Resources([])
        const gateway = new Gateway(services, socket, listener, events, resources, options)
        services.spawn(() => gateway.acceptLoop(failed))
        return gateway
    }

    localAddress(): SocketAddress {
        return this.socket.localAddress()
    }

    getListener(): DtlsListener {
        return this.listener
    }

    /** The clients that are connected now. */
    connectedPeers(): GatewayPeer[] {
        return [...this.peers.values()]
    }

    private async acceptLoop(failed: (error: Error) => void): Promise<void> {
        for (;;) {
            let connection: DtlsServerConnection
            try {
                connection = await acceptCompact(this.listener)
            } catch (error) {
                if (!this.closing) failed(error as Error)
                return
            }
            this.begin(connection)
        }
    }

    private begin(connection: DtlsServerConnection, coap?: CoapState): GatewayPeer {
        this.count++
        const identity = identityOf(connection)
        const handshakeTime = connection.isImported ? undefined : this.services.now() - connection.since
        const peer = { name: `client ${this.count}`, identity, connection, handshakeTime }
        const layer = this.newLayer(connection)
        if (coap !== undefined) restoreCoapState(layer, coap)
        const blocks = new BlockwiseHandler(
            this.services,
            (request, server) => this.observed.handle(request, server),
            gatewayBlockLimits(),
        )
        const server = new CoapServer(layer, blocks.asHandler(), blocks.understood())
        this.peers.set(server, peer)
        this.servers.set(peer, server)
        this.tell("connected", () => this.events.connected(peer))
        if (coap !== undefined) this.observed.restore(server, coap.observed)
        this.services.spawn(() => this.serve(server, peer))
        return peer
    }

    private newLayer(connection: DtlsServerConnection): MessageLayer {
        const { moreNumbers } = this.options
        const parameters = gatewayCoapParameters()
        if (moreNumbers === undefined) return new WaitingMessageLayer(this.services, connection, parameters)
        return new ReservedMessageLayer(this.services, connection, parameters, () => moreNumbers(connection))
    }

    private async answer(request: CoapMessage, server: CoapServer): Promise<CoapAnswer> {
        const peer = this.peers.get(server)
        if (peer === undefined) return refusal(CoapCode.SERVICE_UNAVAILABLE, "this connection has ended")
        const path = pathOf(request)
        if (this.options.mayUse?.(peer, path, request.code === CoapCode.GET) === false)
            return refusal(CoapCode.FORBIDDEN, `this client has no right to do that at ${path}`)
        let stored: Promise<void> | undefined
        const requester: Requester = {
            identity: peer.identity.toString("hex"),
            readings: (path, readings) => {
                const delivery = this.options.deliver?.(peer, path, readings)
                if (delivery !== undefined && delivery.retryAfter > 0)
                    return notNow("readings cannot be taken at the moment", delivery.retryAfter)
                stored = delivery?.stored
                this.tell("readings", () => this.events.readings(peer, path, readings))
                return undefined
            },
            unread: (...what) => this.tell("unread", () => this.events.unread?.(peer, ...what)),
            refused: (path) => this.tellRefused(peer, path),
        }
        const answer = this.resources.handle(request, requester)
        try {
            await stored
        } catch {
            return notNow("readings could not be stored", RETRY_AFTER)
        }
        return answer
    }

    private async serve(server: CoapServer, peer: GatewayPeer): Promise<void> {
        let failure: Error | undefined
        try {
            await server.run()
        } catch (error) {
            failure = error as Error
        }
        this.peers.delete(server)
        this.servers.delete(peer)
        this.refusedPeers.delete(peer)
        if (!this.closing) this.tell("ended", () => this.events.ended(peer, failure))
        await peer.connection.close()
    }

    private tell(event: string, callback: () => void): void {
        guarded(this.services, `the handler of "${event}"`, callback, undefined)
    }

    /** Reports refused writes once for each connection, so that a persistent client does not fill the log. */
    private tellRefused(peer: GatewayPeer, path: string): void {
        if (this.refusedPeers.has(peer)) return
        this.refusedPeers.add(peer)
        this.tell("refused", () => this.events.refused?.(peer, path))
    }

    /**
     * Exports every client's association, for `importClients` of a gateway that replaces this one. After that this
     * gateway sends and receives nothing; `kill` it.
     */
    exportClients(wrapper: Aead): ExportedClients {
        const exported: ExportedClients = { associations: [], failures: [] }
        for (const peer of this.peers.values())
            try {
                exported.associations.push(peer.connection.exportAssociation(wrapper, { send: 0, receive: 0 }))
            } catch (error) {
                exported.failures.push({ peer, error: error as Error })
            }
        return exported
    }

    /**
     * Continues with an earlier gateway's clients. Exported state must not be imported twice, so remove it first.
     * @returns why some clients could not be imported: they need a new handshake
     */
    async importClients(associations: Buffer[], wrapper: Aead): Promise<Error[]> {
        const failures: Error[] = []
        for (const saved of associations)
            try {
                const connection = await this.listener.importAssociation(saved, wrapper, 0)
                freeNumbers(connection)
                await connection.takeHeld()
                this.begin(connection)
            } catch (error) {
                failures.push(error as Error)
            }
        return failures
    }

    /**
     * Ends a client here without notifying it, so that it can continue at another gateway unnoticed. First lets its
     * requests finish, so that none is answered here and repeated there.
     * @returns undefined if that takes too long, or the client's connection has ended
     */
    async handOver(peer: GatewayPeer, wrapper: Aead): Promise<HandedOver | undefined> {
        const { connection } = peer
        const server = this.servers.get(peer)
        if (server === undefined || !(await comesToRest(this.services, server, connection))) return undefined
        const coap = { ...coapStateOf(server.layer), observed: this.observed.stateOf(server) }
        const association = connection.exportAssociation(wrapper, { send: 0, receive: 0 })
        const ids = connectionIdsOf(connection)
        connection.abandon()
        return { association, ids, coap }
    }

    /**
     * Takes over a client that another gateway handed over, or that belonged to a gateway which failed. It sends and
     * accepts nothing until numbers are reserved (`reserveNumbers`) and `begin` is called.
     * Throws the listener's errors of `importAssociation`.
     */
    async takeOver(client: Omit<HandedOver, "ids">, wrapper: Aead, minimumGeneration: number): Promise<TakenOver> {
        const connection = await this.listener.importAssociation(client.association, wrapper, minimumGeneration)
        const begin = async (): Promise<GatewayPeer> => {
            await connection.takeHeld()
            return this.begin(connection, client.coap)
        }
        return { connection, begin }
    }

    /** Whether a datagram carries the connection id of a client that is connected here, or in a handshake. */
    knowsIdOf(datagram: Buffer): boolean {
        return this.listener.getEndpoint().knowsIdOf(datagram, datagram.length)
    }

    /** Delivers a datagram that `options.route` held back. */
    inject(datagram: Buffer, from: SocketAddress): void {
        if (this.socket instanceof RoutedSocket) this.socket.inject(datagram, from)
    }

    /** Sends close_notify to every client and stops. */
    async close(): Promise<void> {
        this.closing = true
        this.unwatch()
        await this.listener.close()
        this.socket.close()
    }

    /** Stops without notifying clients, as in a power cut, or because another gateway continues with them. */
    kill(): void {
        this.closing = true
        this.unwatch()
        this.socket.close()
    }
}
