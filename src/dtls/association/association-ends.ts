import { type Failure, FailureReason } from "../handshake/failure.js"
import { type SecurityParameters } from "../handshake/security-parameters.js"
import { type AssociationSettings } from "../handshake/settings.js"
import { DiscardCounters } from "../record/discard.js"
import { RecordLayer } from "../record/record-layer.js"
import { AlertDescription, AlertLevel, ContentType } from "../wire/code-points.js"
import { AssociationPhase } from "./association-state.js"
import { type Driver } from "./driver.js"
import { OutputKind, OutputQueue } from "./output.js"

/**
 * How an association ends, and the state that needs. Each direction can be closed separately; alerts that end the
 * association are all sent from here.
 * @devsWhenUsed
 */
export abstract class AssociationEnds {
    phase = AssociationPhase.idle
    failure: Failure | undefined
    /** the peer sent close_notify */
    peerClosed = false
    record: RecordLayer
    counters: DiscardCounters
    abstract parameters: SecurityParameters
    /** runs the handshake until its last flight need not be repeated any more; DTLS 1.3 goes on with another driver */
    driver: Driver | undefined = undefined
    outputs = new OutputQueue()
    protected writeClosed = false
    protected readClosed = false
    /** application data that overtook the peer's Finished and must not be delivered before it */
    protected held: Buffer[] = []
    protected heldBytes = 0

    constructor(public settings: AssociationSettings) {
        const counters = new DiscardCounters()
        this.counters = counters
        this.record = new RecordLayer(settings.limits, counters)
    }

    /** HandshakeType of the next message expected; -1 when the handshake is done. */
    expecting(): number {
        return this.driver === undefined ? -1 : this.driver.expecting()
    }

    protected sendAlert(level: AlertLevel, description: AlertDescription): void {
        if (!this.writeClosed) this.sendRecord(ContentType.alert, Buffer.from([level, description]))
    }

    /** Sends one record in the newest epoch, in its own datagram. */
    protected sendRecord(type: ContentType, plaintext: Buffer): void {
        const datagram = this.record.write.seal(type, plaintext, true)
        if (datagram !== undefined) this.outputs.enqueue(OutputKind.datagram, datagram)
    }

    /**
     * Closes one or both directions. Closing for writing sends close_notify, once (RFC 5246 §7.2.1);
     * closing both ends the association.
     */
    shutdown(read: boolean, write: boolean): void {
        if (read) this.readClosed = true
        if (write && !this.writeClosed) {
            if (this.phase === AssociationPhase.connected)
                this.sendAlert(AlertLevel.warning, AlertDescription.closeNotify)
            else if (this.phase === AssociationPhase.handshaking) this.cancel()
            this.writeClosed = true
            if (this.driver !== undefined) this.driver.onWriteClosed()
        }
        if (this.readClosed && this.writeClosed && !this.isOver()) {
            this.phase = AssociationPhase.closed
            this.release()
        }
    }

    /** Gives up a handshake: user_canceled, then close_notify (RFC 5246 §7.2.2). */
    private cancel(): void {
        this.sendAlert(AlertLevel.warning, AlertDescription.userCanceled)
        this.sayGoodbye(FailureReason.closedLocally)
    }

    /** Ends the association with close_notify, if a sequence number is left for it. */
    sayGoodbye(reason: FailureReason): void {
        this.sendAlert(AlertLevel.warning, AlertDescription.closeNotify)
        this.drop(reason)
    }

    /** Ends the association without telling the peer. */
    drop(reason: FailureReason): void {
        this.fail(reason, AlertDescription.none)
    }

    /** Ends the association with a failure. Fatal alerts are sent only here, unless `alert` is the peer's or `none`. */
    fail(reason: FailureReason, alert: AlertDescription): void {
        if (this.isOver()) return
        const ours = alert !== AlertDescription.none && reason !== FailureReason.peerAlert
        if (ours) this.sendAlert(AlertLevel.fatal, alert)
        this.end({ reason, alert, expecting: this.expecting() })
    }

    /**
     * Ends the association because of an error on this side: its cryptography threw, memory or handles are used up, or
     * there is a defect. Sends internal_error if it still can (RFC 5246 §7.2.2).
     */
    abort(cause: string): void {
        if (this.isOver()) return
        try {
            this.sendAlert(AlertLevel.fatal, AlertDescription.internalError)
        } catch (again) {
            // The code that seals alerts may be what is broken; report the first error.
        }
        this.end({ reason: FailureReason.internalError, alert: AlertDescription.internalError, expecting: -1, cause })
    }

    private end(failure: Failure): void {
        const { peerCertificate } = this.parameters
        if (peerCertificate !== undefined) failure.certificateErrors = peerCertificate.errors
        this.phase = AssociationPhase.failed
        this.failure = failure
        this.outputs.enqueue(OutputKind.failed, undefined).failure = failure
        this.release()
    }

    private release(): void {
        this.record.close()
        this.parameters.close(this.failure)
        if (this.driver !== undefined) this.driver.close()
        this.driver = undefined
        this.held = []
        this.heldBytes = 0
    }

    protected isOver(): boolean {
        return this.phase >= AssociationPhase.closed
    }
}
