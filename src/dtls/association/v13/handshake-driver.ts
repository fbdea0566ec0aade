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
import { type OpenedRecord } from "../../record/record-layer.js"

/**
 * Drives a handshake of DTLS 1.3, in which individual records are acknowledged (RFC 9147 §7), including those of this
 * side's last flight. A `LaterDriver` does what remains after completion, including that last flight.
 * @devsWhenUsed
 */
export class HandshakeDriverV13 extends HandshakeDriver {
    private received = new ReceivedRecords(MAX_NUMBERS_SENT)
    /** when `received` is acknowledged unless a flight of ours is sent before, ms */
    private ackAt = NEVER
    /** when the last ACK was sent, ms */
    private ackedAt = -NEVER
    /** part of the current flight was acknowledged; the rest is retransmitted selectively */
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
        // While a question is open nothing is taken out of the inbox, so messages in order would look early.
        const isEarly = header.messageSeq > this.inbox.nextSeq && this.handshake.question === undefined
        const kept = this.keep(header, record, at, now)
        if (kept === Fragment.refused) this.received.refuse(epoch, record.sequence as number)
        else this.schedule(isEarly, now)
    }

    /**
     * Remembers a record to acknowledge. Only protected handshake records are acknowledged (RFC 9147 §7); unprotected
     * ones are answered by a whole flight or retransmitted.
     */
    private note(record: OpenedRecord): void {
        const { epoch } = record
        if (epoch === 0) return
        if (record.type !== ACK) this.received.add(epoch, record.sequence as number)
        // A client that has keys must have received the ServerHello.
        if (!this.handshake.isClient) this.outbox().acknowledgeEpoch(0)
    }

    /**
     * Schedules an ACK, needed if nothing else will tell the peer that its records have arrived: at once if some are
     * missing, otherwise when the rest of the flight should have arrived (RFC 9147 §7.1).
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

    /**
     * Takes a message that was processed before: the peer retransmits its flight, or a record whose ACK it did not get.
     */
    protected override takeRepeated(header: HandshakeHeader, record: OpenedRecord, _at: number, now: number): void {
        this.counters.add(Discard.messageSeq)
        if (this.endsAnswered(header) && !this.progressed && !this.outbox().isEmpty()) this.peerRepeats(now)
        else if (record.epoch > 0) this.ackAt = now
    }

    /** DTLS 1.3 has no ChangeCipherSpec (RFC 9147 §5.4). */
    override takeChangeCipherSpec(_record: OpenedRecord, _now: number): void {
        this.counters.add(Discard.unexpected)
    }

    override takeOther(record: OpenedRecord, now: number): boolean {
        if (record.type === ContentType.returnRoutabilityCheck) return false
        if (record.type === ACK) this.takeAcknowledgement(record, now)
        else this.failMisplaced()
        return true
    }

    /** The record verified, so the peer itself sent the wrong message (RFC 8446 §5, §5.4). */
    private failMisplaced(): void {
        this.owner.fail(FailureReason.unexpectedMessage, AlertDescription.unexpectedMessage)
    }

    /**
     * Numbers that match no record of ours are ignored, and so are those of an epoch later than the ACK's own (RFC 9147
     * §7).
     */
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
            // A flight implicitly acknowledges all of the flight it answers (RFC 9147 §7.1).
            this.received.clear()
        }
        if (this.received.isEmpty()) this.ackAt = NEVER
        this.send(now)
    }

    // The end of the handshake

    protected override conclude(now: number): void {
        const { owner, handshake, inbox } = this
        const { readKeys, outbox } = handshake
        // Before any application data: a client accepts none until its Finished is acknowledged.
        if (!handshake.isClient) this.acknowledge(now)
        owner.onConnected()
        const later = new LaterDriver(owner, (handshake as HandshakeV13).handOver(), inbox.nextSeq, outbox.nextSeq)
        if (handshake.isClient) later.goOnWith(this.lastFlight())
        else later.handshakeUntil = now + LAST_FLIGHT_KEPT
        owner.onHandedOver(later, handshake.parameters)
        if (readKeys !== undefined) this.activateRead(readKeys, now)
        this.running = false
    }

    /** The last flight belongs to a `LaterDriver` by then. */
    override forgetLastFlight(): void {}

    /** This side's last flight, which the server acknowledges. */
    private lastFlight(): LaterFlight {
        const flight = new LaterFlight(this.owner, this.outbox(), this.timer, this.budget)
        flight.answeredSeq = this.answeredSeq
        flight.sentAt = this.lastSent
        return flight
    }
}
