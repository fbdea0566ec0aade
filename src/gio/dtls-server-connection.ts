import { EMPTY } from "../dtls/bytes/bytes.js"
import { AssociationPhase } from "../dtls/association/association-state.js"
import { FailureReason } from "../dtls/handshake/failure.js"
import { type Output, OutputKind } from "../dtls/association/output.js"
import { ListNode } from "../dtls/endpoint/linked-list.js"
import { type Peer } from "../dtls/endpoint/peer.js"
import { ServerEndpoint } from "../dtls/endpoint/server-endpoint.js"
import { type Services } from "../platform/services.js"
import { Answering } from "./credentials.js"
import { type DatagramBased } from "./datagram-based.js"
import { EndpointPump } from "./endpoint-pump.js"
import { DtlsConnection } from "./dtls-connection.js"
import { TlsAuthenticationMode } from "./enums.js"
import { outOfNumbers } from "./saved-errors.js"
import { associationSettings, type DtlsSettings } from "./settings.js"

/** Who wants to know when both directions of a connection are closed. */
export interface ReleaseListener {
    released(connection: DtlsServerConnection): void
}

/**
 * Gio.DtlsServerConnection: alone over a base socket that has one peer, or one of many that a DtlsListener accepted.
 * Alone it serves the first peer whose handshake succeeds, and no other until it is closed; for clients that come and
 * go, or reboot, use a DtlsListener.
 * @devsWhenUsed
 */
export class DtlsServerConnection extends DtlsConnection {
    private authenticationMode = TlsAuthenticationMode.NONE
    private listener: ReleaseListener | undefined
    /** goes on from an exported association */
    isImported = false
    /** a listener's: its nodes among all connections, and among those that wait to be accepted */
    listNode = new ListNode<DtlsServerConnection>(this)
    backlogNode = new ListNode<DtlsServerConnection>(this)

    constructor(services: Services, base: DatagramBased, settings: DtlsSettings) {
        super(services, base, settings)
    }

    /** For DtlsListener: shows a peer of its endpoint. */
    adopt(peer: Peer, pump: EndpointPump, listener: ReleaseListener): void {
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
            return settings
        }
        const now = this.services.now()
        const endpoint = new ServerEndpoint(newSettings, common, this.services, now, this.settings.newExchange)
        endpoint.exclusive = true
        this.pump = new EndpointPump(
            this.services,
            this.base,
            endpoint,
            new Answering(this.services, this.settings.credentials),
            this,
            limits.datagramBytes,
        )
        this.pump.start()
        await this.pump.drain()
    }

    override onOutput(peer: Peer, output: Output): void {
        if (this.listener === undefined && !this.isMine(peer, output)) return
        this.take(output)
    }

    /** Alone: the newest handshake counts until one has succeeded; one that gave way to another is no failure. */
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

    protected override savedAddress(): Buffer {
        const peer = this.peer
        return peer === undefined ? EMPTY : Buffer.from(peer.key)
    }

    /** For DtlsListener: its association goes on from an exported one. */
    goOn(generation: number): void {
        this.isImported = true
        this.generation = generation
        this.outOfNumbers = outOfNumbers()
    }

    protected release(): void {
        if (this.listener !== undefined) this.listener.released(this)
        else if (this.pump !== undefined) this.pump.stop()
    }

    /** Whether its handshake is done and it has not ended. */
    isOpen(): boolean {
        const association = this.association()
        return association !== undefined && association.phase === AssociationPhase.connected
    }

    override getPeerIdentity(): Buffer | undefined {
        const association = this.association()
        if (association === undefined || !association.parameters.complete) return undefined
        return Buffer.from(association.parameters.identity)
    }

    getAuthenticationMode(): TlsAuthenticationMode {
        return this.authenticationMode
    }

    /** Of no effect without certificates. */
    setAuthenticationMode(mode: TlsAuthenticationMode): void {
        this.authenticationMode = mode
    }
}
