import { type Association } from "../dtls/association/association.js"
import { AssociationPhase } from "../dtls/association/association-state.js"
import { type Diagnostic, type Output, OutputKind } from "../dtls/association/output.js"
import { type Peer } from "../dtls/endpoint/peer.js"
import { type Failure, FailureReason } from "../dtls/handshake/failure.js"
import { Discard } from "../dtls/record/discard.js"
import { type Services, type Signal } from "../platform/services.js"
import { checkSettings } from "./check-settings.js"
import { type AskingConnection } from "./credentials.js"
import { type DatagramBased } from "./datagram-based.js"
import { type EndpointPump, type PumpOwner } from "./endpoint-pump.js"
import { type TlsCertificateFlags } from "./enums.js"
import { type GError, ioError, IOErrorEnum, isIoError } from "./errors.js"
import { failureError } from "./failure-error.js"
import { guarded } from "./guarded.js"
import { ReceiveQueue } from "./receive-queue.js"
import { type DtlsSettings } from "./settings.js"
import { type SocketAddress } from "./socket-address.js"
import { type TlsCertificate } from "./tls-certificate.js"
import { type TlsDatabase } from "./tls-database.js"

/**
 * The state that the calls of a connection share: its peer and the pump that drives it, the received messages, the directions that are
 * closed, and the error that ended the connection.
 * @devsWhenUsed
 */
export abstract class ConnectionState implements PumpOwner, AskingConnection {
    protected peer: Peer | undefined
    protected pump: EndpointPump | undefined
    /** notified when something changes that a call may be waiting for */
    protected changed: Signal
    protected queue: ReceiveQueue
    protected readClosed = false
    protected writeClosed = false
    /** the peer has sent close_notify */
    protected ended = false
    /** error that every later call throws */
    protected error: GError | undefined
    /** error that is thrown by one call and then forgotten */
    protected baseError: GError | undefined
    /** error that a send throws if no sequence number is left */
    protected outOfNumbers: GError | undefined
    /** number of times that the association was exported */
    protected generation = 0

    constructor(
        protected services: Services,
        protected base: DatagramBased,
        protected settings: DtlsSettings,
    ) {
        checkSettings(settings)
        this.changed = services.newSignal()
        this.queue = new ReceiveQueue(settings.limits)
    }

    /** Creates everything that a handshake needs, and starts it. May be called repeatedly. */
    protected abstract begin(): Promise<void>

    /** Called when both directions are closed. Stops everything that this connection drives. */
    protected abstract release(): void

    abstract getPeerIdentity(): Buffer | undefined

    abstract getAssociation(): Association | undefined

    abstract getRemoteAddress(): SocketAddress | undefined

    abstract getCertificate(): TlsCertificate | undefined

    abstract getDatabase(): TlsDatabase | undefined

    abstract certificateRequested(authorities: Buffer[]): Promise<void>

    abstract verifyPeer(peer: TlsCertificate, database: TlsDatabase): Promise<TlsCertificateFlags>

    abstract acceptsPeer(peer: TlsCertificate, errors: TlsCertificateFlags): Promise<boolean>

    protected association(): Association | undefined {
        return this.peer === undefined ? undefined : this.peer.association
    }

    protected isConnected(): boolean {
        const association = this.association()
        return association !== undefined && association.phase === AssociationPhase.connected
    }

    protected async beginUnlessOver(): Promise<void> {
        if (this.error === undefined && !this.isConnected() && !(this.readClosed && this.writeClosed))
            await this.begin()
    }

    /** Sends what the peer's association has produced. @returns an error if the base socket took none of the datagrams */
    protected async touch(peer: Peer): Promise<GError | undefined> {
        if (this.pump !== undefined) return await this.pump.drain(peer)
        return undefined
    }

    // Calls from the pump

    connectionOf(_peer: Peer): AskingConnection {
        return this
    }

    onOutput(_peer: Peer, output: Output): void {
        this.take(output)
    }

    protected take(output: Output): void {
        if (output.kind === OutputKind.message) this.enqueue(output.data as Buffer)
        else if (output.kind === OutputKind.closed) this.ended = true
        else if (output.kind === OutputKind.failed)
            this.failWith(failureError(output.failure as Failure, this.services.describeFailure))
        else if (output.kind === OutputKind.diagnostic)
            this.diagnose(output.diagnostic as Diagnostic, output.detail as number)
        this.changed.notify()
    }

    /** Ends the connection: every later call throws the same error, and the pump stops. */
    private failWith(error: GError): void {
        this.error = this.error ?? error
        const association = this.association()
        if (association !== undefined) association.drop(FailureReason.closedLocally)
        this.release()
    }

    private enqueue(message: Buffer): void {
        const association = this.association()
        if (!this.queue.push(message) && association !== undefined) association.counters.add(Discard.queueFull)
    }

    private diagnose(diagnostic: Diagnostic, detail: number): void {
        const report = this.settings.onDiagnostic
        if (report === undefined) return
        const self = this
        guarded(this.services, "The diagnostic handler", () => report(diagnostic, detail, self), undefined)
    }

    /**
     * A temporary error is reported by one call, and only if the connection is established: during a handshake, retransmission makes up for
     * the loss. The connection ends if the base is closed, or if the peer refuses datagrams before the connection is established.
     */
    onBaseError(error: GError, fatal: boolean): void {
        const stands = this.isConnected()
        if (fatal || (!stands && isIoError(error, IOErrorEnum.CONNECTION_REFUSED))) this.failWith(error)
        else if (stands) this.baseError = error
        this.changed.notify()
    }

    protected throwError(): void {
        if (this.error !== undefined) throw this.error
        const once = this.baseError
        this.baseError = undefined
        if (once !== undefined) throw once
    }
}

export function closedError(): GError {
    return ioError(IOErrorEnum.CLOSED, "Connection is closed")
}
