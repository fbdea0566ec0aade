import { Writer } from "../../bytes/writer.js"
import { type OpenedRecord } from "../../crypto/provider.js"
import { Fragment } from "../../flight/inbox.js"
import { NEVER } from "../../flight/retransmission.js"
import { type AcknowledgedOutbox } from "../../flight/v13/outbox.js"
import { ReceivedRecords } from "../../flight/v13/received-records.js"
import { FailureReason } from "../../handshake/failure.js"
import { Discard } from "../../record/discard.js"
import { AlertDescription, ContentType } from "../../wire/code-points.js"
import { type HandshakeHeader } from "../../wire/handshake-header.js"
import { readAcknowledgement, writeAcknowledgement } from "../../wire/v13/acknowledgement.js"
import { ACK } from "../../wire/v13/code-points.js"
import { OutputKind } from "../output.js"
import { HandshakeDriver, LAST_FLIGHT_KEPT } from "../handshake-driver.js"

/** Record numbers that an ACK of ours names at most: the fragments of a chain of certificates on a narrow path. */
const MAX_NUMBERS_SENT = 32
/** Record numbers of the peer's ACK that are looked at, so that its work stays bounded. */
const MAX_NUMBERS_READ = 64

/**
 * Drives a handshake of DTLS 1.3, and what follows it: single records are acknowledged (RFC 9147 §7), and this side's last
 * flight too. It is kept as long as its association.
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
    private established = false

    private outbox(): AcknowledgedOutbox {
        return this.handshake.outbox as AcknowledgedOutbox
    }

    override deadline(): number {
        return Math.min(Math.min(this.timer.at, this.handshakeDeadline), Math.min(this.lastFlightUntil, this.ackAt))
    }

    override tick(now: number): void {
        if (now >= this.lastFlightUntil) this.forgetHandshake()
        if (now >= this.ackAt) this.acknowledge(now)
        if (now >= this.handshakeDeadline) this.giveUp()
        else if (now >= this.timer.at) this.retransmit(now)
    }

    // Receiving

    override take(header: HandshakeHeader, record: OpenedRecord, at: number, now: number): void {
        const { epoch } = record
        if (header.messageSeq >= this.inbox.nextSeq && epoch !== this.record.readEpoch())
            return this.counters.add(Discard.unprotected)
        this.note(record)
        const isEarly = header.messageSeq > this.inbox.nextSeq
        if (this.keep(header, record, at, now) === Fragment.refused) this.received.refuse(epoch, record.sequence ?? -1)
        else this.schedule(isEarly, now)
    }

    /** Only what came under keys is acknowledged; what was not is answered by a whole flight, or comes again. */
    private note(record: OpenedRecord): void {
        const { epoch, sequence } = record
        if (epoch === 0 || sequence === undefined) return
        this.received.add(epoch, sequence)
        // Its keys come from the ServerHello, which it therefore has.
        if (!this.handshake.isClient) this.outbox().acknowledgeEpoch(0)
    }

    /**
     * An ACK is due when nothing else of this side will tell the peer that its records have come: at once after the
     * handshake, or when some are missing, else once the rest of the flight should have come (RFC 9147 §7.1).
     */
    private schedule(isEarly: boolean, now: number): void {
        if (this.received.isEmpty()) return
        const quarter = this.settings.retransmission.initial / 4
        let at = now + quarter
        if (this.established) at = now
        else if (isEarly) at = Math.max(now, this.ackedAt + quarter)
        this.ackAt = Math.min(this.ackAt, at)
    }

    private acknowledge(now: number): void {
        this.ackAt = NEVER
        this.ackedAt = now
        const writer = new Writer(64)
        const message = writeAcknowledgement(this.received.list())
        if (this.record.seal(writer, ACK, this.record.write.epoch, message, true))
            this.outputs.push(OutputKind.datagram, writer.finish())
        if (this.established) this.received.clear()
    }

    /** Messages that were processed before: the peer's flight again, or one that it does not know to have come. */
    protected override takeRepeated(header: HandshakeHeader, record: OpenedRecord, at: number, now: number): void {
        this.counters.add(Discard.messageSeq)
        const ends = header.fragmentOffset + header.fragmentLength === header.length
        const isAnswered = header.messageSeq === this.answeredSeq && this.handshake.question === undefined
        if (ends && isAnswered && !this.progressed && !this.outbox().isEmpty())
            this.peerRepeats(header, record, at, now)
        else if (record.epoch > 0) this.ackAt = now
    }

    /** There is none in this version (RFC 9147 §5.4). */
    override takeChangeCipherSpec(_record: OpenedRecord, _now: number): void {
        this.counters.add(Discard.unexpected)
    }

    override takeOther(record: OpenedRecord, now: number): boolean {
        if (record.type === ContentType.returnRoutabilityCheck) return false
        if (record.type === ACK) this.takeAcknowledgement(record, now)
        // RFC 8446 §5, §5.4: keys vouch for it, so nobody but the peer can have sent it.
        else this.owner.fail(FailureReason.unexpectedMessage, AlertDescription.unexpectedMessage)
        return true
    }

    /** Numbers of no record of ours, or of a later epoch than the ACK's own (RFC 9147 §7), mean nothing. */
    private takeAcknowledgement(record: OpenedRecord, now: number): void {
        const numbers = readAcknowledgement(record.plaintext, MAX_NUMBERS_READ)
        if (numbers === undefined) return this.counters.add(Discard.unexpected)
        this.note(record)
        const outbox = this.outbox()
        const { epoch } = record
        if (!outbox.acknowledge(numbers.filter((number) => number.epoch <= epoch))) return
        this.progressed = true
        if (outbox.isEmpty()) this.flightAcknowledged()
        else {
            this.transmit(now)
            this.timer.restart(now, this.jitterByte())
        }
    }

    private flightAcknowledged(): void {
        this.timer.stop()
        if (this.established && this.handshake.isClient) this.forgetHandshake()
    }

    // Sending

    protected override transmit(now: number): void {
        const outbox = this.outbox()
        if (outbox.hasNew()) {
            this.progressed = false
            // The flight that answers the peer's acknowledges all of it (RFC 9147 §7.1).
            if (!this.established) this.received.clear()
        }
        if (this.received.isEmpty()) this.ackAt = NEVER
        this.send(now)
    }

    // The end of the handshake

    protected override connected(now: number): void {
        if (this.established) return
        this.established = true
        this.handshakeDeadline = NEVER
        // The client's last flight is acknowledged; the server's keys for that have to wait for it.
        if (!this.handshake.isClient) {
            this.timer.stop()
            this.lastFlightUntil = now + LAST_FLIGHT_KEPT
        }
        this.owner.onConnected()
    }

    /** The peer uses the new keys; whether it has our ACK is not known, so that the old keys stay. */
    override forgetLastFlight(): void {}

    /** Nothing of the handshake is repeated any more. */
    private forgetHandshake(): void {
        this.lastFlightUntil = NEVER
        this.record.endHandshake()
    }
}
