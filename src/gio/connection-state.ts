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
 * What the calls of a connection share: its peer and the pump that drives it, what was received, which directions are
 * closed, and the error that ended it.
 * @devsWhenUsed
 */
export abstract class ConnectionState implements PumpOwner, AskingConnection {
    protected peer: Peer | undefined
    protected pump: EndpointPump | undefined
    /** notified whenever anything changed that a waiting call may wait for */
    protected changed: Signal
    protected queue: ReceiveQueue
    protected readClosed = false
    protected writeClosed = false
    /** the peer sent close_notify */
    protected ended = false
    /** every later call throws it */
    protected error: GError | undefined
    /** one call throws it */
    protected baseError: GError | undefined
    /** what a send throws for which no sequence number is left */
    protected outOfNumbers: GError | undefined
    /** how often the association was exported */
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

    /** Makes whatever is needed for a handshake, and begins it. Called again and again. */
    protected abstract begin(): Promise<void>

    /** Both directions are closed: whatever this connection drives is stopped. */
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

    /** @returns why the base socket took no datagram of what the peer's association had to send */
    protected async touch(peer: Peer): Promise<GError | undefined> {
        if (this.pump !== undefined) return await this.pump.drain(peer)
        return undefined
    }

    // What the pump asks for and reports

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

    /** Every later call throws the same; nothing is driven any more. */
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
     * An error that passes is told to one call, and only of a session that stands: the handshake repeats what is lost.
     * A closed base, or nobody listening before there is a session, is the end.
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
