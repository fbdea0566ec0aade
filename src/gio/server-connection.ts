import { EMPTY } from "../dtls/bytes/bytes.js"
import { AssociationPhase } from "../dtls/association/association-state.js"
import { FailureReason } from "../dtls/handshake/failure.js"
import { type SavedVersion } from "../dtls/association/saved-association.js"
import { type Output, OutputKind } from "../dtls/association/output.js"
import { ListNode } from "../dtls/endpoint/linked-list.js"
import { type Peer } from "../dtls/endpoint/peer.js"
import { type NewHelloExchange } from "../dtls/endpoint/hello-exchange.js"
import { ServerEndpoint } from "../dtls/endpoint/server-endpoint.js"
import { type Services } from "../platform/services.js"
import { certificateOf } from "./certificate-calls.js"
import { type DatagramBased } from "./datagram-based.js"
import { EndpointPump } from "./endpoint-pump.js"
import { DtlsConnection } from "./dtls-connection.js"
import { CertificatePurpose, type TlsAuthenticationMode, type TlsCertificateFlags } from "./enums.js"
import { invalidArgument } from "./errors.js"
import { outOfNumbers } from "./saved-errors.js"
import { associationSettings, type DtlsSettings } from "./settings.js"
import { type TlsCertificate } from "./tls-certificate.js"
import { type TlsDatabase } from "./tls-database.js"

/** The listener that has accepted a connection. */
export interface Acceptor {
    getEndpoint(): ServerEndpoint
    /** Called when both directions of the connection are closed. */
    released(connection: ServerConnection): void
    /** Whether to accept a client with this certificate. */
    acceptsPeer(connection: ServerConnection, peer: TlsCertificate, errors: TlsCertificateFlags): Promise<boolean>
}

/**
 * The common part of server connections of all versions.
 * @devsWhenUsed
 */
export abstract class ServerConnection extends DtlsConnection {
    private authenticationMode: TlsAuthenticationMode
    private listener: Acceptor | undefined
    /** without a listener: the endpoint of this connection */
    private endpoint: ServerEndpoint | undefined
    /** with a listener: when the connection began, i.e. when a ClientHello with a valid cookie arrived; ms of the services' clock */
    since = 0
    /** the association was imported */
    isImported = false
    /** with a listener: nodes in its list of all connections, and in its list of connections that wait to be accepted */
    listNode = new ListNode<ServerConnection>(this)
    backlogNode = new ListNode<ServerConnection>(this)

    constructor(services: Services, base: DatagramBased, settings: DtlsSettings) {
        super(services, base, settings)
        this.authenticationMode = settings.authenticationMode as number
    }

    /** How the version of the class handles ClientHellos. */
    abstract newExchange(): NewHelloExchange

    /** For listeners: makes this the connection of a peer of the listener's endpoint. */
    adopt(peer: Peer, pump: EndpointPump, listener: Acceptor): void {
        this.since = this.services.now()
        this.listener = listener
        this.peer = peer
        this.pump = pump
    }

    protected async begin(): Promise<void> {
        if (this.pump !== undefined) return
        const limits = Object.assign({}, this.settings.limits)
        limits.peers = 1
        limits.refuseWhenFull = true
        const self = this
        const common = associationSettings(this.services, this.settings, [])
        common.limits = limits
        const newSettings = () => {
            const settings = associationSettings(self.services, self.settings, self.newExtensions())
            settings.limits = limits
            settings.authenticationMode = self.authenticationMode as number
            return settings
        }
        const now = this.services.now()
        const endpoint = new ServerEndpoint(
            newSettings,
            common,
            this.services,
            now,
            this.settings.newExchange ?? this.newExchange(),
        )
        endpoint.exclusive = true
        this.endpoint = endpoint
        this.pump = new EndpointPump(this.services, this.base, this.settings, endpoint, this)
        this.pump.start()
        await this.pump.drain()
    }

    override onOutput(peer: Peer, output: Output): void {
        if (this.listener === undefined && !this.isMine(peer, output)) return
        this.take(output)
    }

    /**
     * Without a listener: until a handshake has succeeded, only the newest one counts. A handshake that a newer one replaced is not a
     * failure.
     */
    private isMine(peer: Peer, output: Output): boolean {
        const current = this.association()
        const settled = current !== undefined && current.parameters.complete
        if (this.peer !== peer) {
            if (settled) return false
            this.peer = peer
        }
        if (output.kind !== OutputKind.failed || output.failure === undefined || settled) return true
        const { reason } = output.failure
        if (reason !== FailureReason.evicted && reason !== FailureReason.replaced) return true
        this.peer = undefined
        return false
    }

    savedVersions(): SavedVersion[] {
        const { listener } = this
        const endpoint = listener === undefined ? this.endpoint : listener.getEndpoint()
        return endpoint === undefined ? [] : endpoint.savedVersions()
    }

    protected override savedAddress(): Buffer {
        const peer = this.peer
        return peer === undefined ? EMPTY : Buffer.from(peer.key)
    }

    /** For listeners: marks the association as imported. */
    goOn(generation: number): void {
        this.isImported = true
        this.generation = generation
        this.outOfNumbers = outOfNumbers()
    }

    /**
     * With a listener: ends this connection without notifying the client, which keeps the association. An exported state may still be
     * imported.
     */
    abandon(): void {
        this.readClosed = true
        this.writeClosed = true
        const peer = this.peer
        if (peer !== undefined) {
            peer.association.drop(FailureReason.closedLocally)
            if (this.listener !== undefined) this.listener.getEndpoint().touched(peer)
        }
        this.release()
        this.changed.notify()
    }

    protected release(): void {
        if (this.listener !== undefined) this.listener.released(this)
        else if (this.pump !== undefined) this.pump.stop()
    }

    /** Whether the handshake is complete and the connection has not ended. */
    isOpen(): boolean {
        const association = this.association()
        return association !== undefined && association.phase === AssociationPhase.connected
    }

    override getPeerIdentity(): Buffer | undefined {
        const association = this.association()
        if (association === undefined || !association.parameters.complete) return undefined
        return Buffer.from(association.parameters.identity)
    }

    /** The authentication mode; default: that of the settings. */
    getAuthenticationMode(): TlsAuthenticationMode {
        return this.authenticationMode
    }

    /** Sets whether clients are asked for a certificate. No effect on a handshake that has begun, or with pre-shared keys. */
    setAuthenticationMode(mode: TlsAuthenticationMode): void {
        if (typeof mode !== "number") throw invalidArgument("mode", "a TlsAuthenticationMode")
        this.authenticationMode = mode
    }

    /** Nothing to do: a server's certificate depends on the ClientHello only. */
    async certificateRequested(): Promise<void> {}

    /** Clients have no host name, so BAD_IDENTITY is not checked. */
    async verifyPeer(peer: TlsCertificate, database: TlsDatabase): Promise<TlsCertificateFlags> {
        return await database.verifyChain(peer, CertificatePurpose.authenticateClient, undefined)
    }

    /** Without a listener, as in GIO, a handler has to accept even a certificate without errors. A listener decides for all its clients. */
    async acceptsPeer(peer: TlsCertificate, errors: TlsCertificateFlags): Promise<boolean> {
        const listener = this.listener
        if (listener !== undefined) return await listener.acceptsPeer(this, peer, errors)
        return await this.acceptCertificate(peer, errors)
    }

    protected serverCertificate(): Buffer {
        const association = this.association()
        return certificateOf(association === undefined ? undefined : association.parameters.ownCertificate)
    }
}
