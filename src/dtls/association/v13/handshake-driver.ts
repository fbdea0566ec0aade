import { type OpenedRecord } from "../../crypto/provider.js"
import { Fragment } from "../../flight/inbox.js"
import { NEVER } from "../../flight/retransmission.js"
import { type AcknowledgedOutbox } from "../../flight/v13/outbox.js"
import { ReceivedRecords } from "../../flight/v13/received-records.js"
import { FailureReason } from "../../handshake/failure.js"
import { type HandshakeV13 } from "../../handshake/v13/handshake.js"
import { Discard } from "../../record/discard.js"
import { AlertDescription, ContentType } from "../../wire/code-points.js"
import { type HandshakeHeader } from "../../wire/handshake-header.js"
import { ACK } from "../../wire/v13/code-points.js"
import { HandshakeDriver, LAST_FLIGHT_KEPT } from "../handshake-driver.js"
import { acknowledge, MAX_NUMBERS_SENT, numbersOf } from "./acknowledge.js"
import { LaterDriver } from "./later-driver.js"
import { LaterFlight } from "./later-flight.js"

/**
 * Drives a handshake of DTLS 1.3: single records are acknowledged (RFC 9147 §7), and this side's last flight too. What is left
 * to do once it is complete, that last flight included, is a `LaterDriver`'s.
 * @devsWhenUsed
 */
export class HandshakeDriverV13 extends HandshakeDriver {
    private received = new ReceivedRecords(MAX_NUMBERS_SENT)
    /** when `received` is acknowledged, unless a flight of ours is sent before, ms */
    private ackAt = NEVER
    /** when an ACK was sent last, ms */
    private ackedAt = -NEVER
    /** part of the flight under way was acknowledged, so the peer has it and it is not sent again as a whole */
    private progressed = false

    private outbox(): AcknowledgedOutbox {
        return this.handshake.outbox as AcknowledgedOutbox
    }

    override wantsTickAt(): number {
        return Math.min(Math.min(this.timer.at, this.handshakeDeadline), this.ackAt)
    }

    override tick(now: number): void {
        if (now >= this.ackAt) this.acknowledge(now)
        this.tickHandshake(now)
    }

    // Receiving

    override take(header: HandshakeHeader, record: OpenedRecord, at: number, now: number): void {
        const { epoch } = record
        if (header.messageSeq >= this.inbox.nextSeq && epoch !== this.record.readEpoch())
            return epoch > 0 ? this.failMisplaced() : this.counters.add(Discard.unprotected)
        this.note(record)
        // While a question is open nothing is taken out of the inbox, so that what is in order looks early.
        const isEarly = header.messageSeq > this.inbox.nextSeq && this.handshake.question === undefined
        const kept = this.keep(header, record, at, now)
        if (kept === Fragment.refused) this.received.refuse(epoch, record.sequence as number)
        else this.schedule(isEarly, now)
    }

    /**
     * Only handshake records that came under keys are acknowledged (RFC 9147 §7); what came without is answered by a whole
     * flight, or comes again.
     */
    private note(record: OpenedRecord): void {
        const { epoch } = record
        if (epoch === 0) return
        if (record.type !== ACK) this.received.add(epoch, record.sequence as number)
        // Its keys come from the ServerHello, which it therefore has.
        if (!this.handshake.isClient) this.outbox().acknowledgeEpoch(0)
    }

    /**
     * An ACK is due when nothing else of this side will tell the peer that its records have come: at once when some are
     * missing, else once the rest of the flight should have come (RFC 9147 §7.1).
     */
    private schedule(isEarly: boolean, now: number): void {
        if (this.received.isEmpty()) return
        const quarter = this.settings.retransmission.initial / 4
        const at = isEarly ? Math.max(now, this.ackedAt + quarter) : now + quarter
        this.ackAt = Math.min(this.ackAt, at)
    }

    private acknowledge(now: number): void {
        this.ackAt = NEVER
        this.ackedAt = now
        acknowledge(this.received.list(), this.owner)
    }

    /** Messages that were processed before: the peer's flight again, or one that it does not know to have come. */
    protected override takeRepeated(header: HandshakeHeader, record: OpenedRecord, _at: number, now: number): void {
        this.counters.add(Discard.messageSeq)
        if (this.endsAnswered(header) && !this.progressed && !this.outbox().isEmpty()) this.peerRepeats(now)
        else if (record.epoch > 0) this.ackAt = now
    }

    /** There is none in this version (RFC 9147 §5.4). */
    override takeChangeCipherSpec(_record: OpenedRecord, _now: number): void {
        this.counters.add(Discard.unexpected)
    }

    override takeOther(record: OpenedRecord, now: number): boolean {
        if (record.type === ContentType.returnRoutabilityCheck) return false
        if (record.type === ACK) this.takeAcknowledgement(record, now)
        else this.failMisplaced()
        return true
    }

    /** Keys vouch for it, so nobody but the peer can have sent it (RFC 8446 §5, §5.4). */
    private failMisplaced(): void {
        this.owner.fail(FailureReason.unexpectedMessage, AlertDescription.unexpectedMessage)
    }

    /** Numbers of no record of ours mean nothing, and so do those of a later epoch than the ACK's own (RFC 9147 §7). */
    private takeAcknowledgement(record: OpenedRecord, now: number): void {
        const numbers = numbersOf(record, this.owner)
        const outbox = this.outbox()
        this.note(record)
        if (numbers === undefined || !outbox.acknowledge(numbers, record.epoch)) return
        this.progressed = true
        if (outbox.isEmpty()) this.timer.stop()
        else {
            this.transmit(now)
            this.timer.restart(now, this.jitterByte())
        }
    }

    protected override transmit(now: number): void {
        if (this.outbox().hasNew()) {
            this.progressed = false
            // The flight that answers the peer's acknowledges all of it (RFC 9147 §7.1).
            this.received.clear()
        }
        if (this.received.isEmpty()) this.ackAt = NEVER
        this.send(now)
    }

    // The end of the handshake

    protected override conclude(now: number): void {
        const { owner, handshake, inbox } = this
        const { readKeys, outbox } = handshake
        // Before any data of the application: a client may take none until its Finished is acknowledged.
        if (!handshake.isClient) this.acknowledge(now)
        owner.onConnected()
        const later = new LaterDriver(owner, (handshake as HandshakeV13).handOver(), inbox.nextSeq, outbox.nextSeq)
        if (handshake.isClient) later.goOnWith(this.lastFlight())
        else later.handshakeUntil = now + LAST_FLIGHT_KEPT
        owner.onHandedOver(later, handshake.parameters)
        if (readKeys !== undefined) this.activateRead(readKeys, now)
        this.running = false
    }

    /** That is a `LaterDriver`'s by then. */
    override forgetLastFlight(): void {}

    /** The server acknowledges it. */
    private lastFlight(): LaterFlight {
        const flight = new LaterFlight(this.owner, this.outbox(), this.timer, this.budget)
        flight.answeredSeq = this.answeredSeq
        flight.sentAt = this.lastSent
        return flight
    }
}
