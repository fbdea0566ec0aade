import { copyOf } from "../../bytes/bytes.js"
import { type Reader } from "../../bytes/reader.js"
import { Writer } from "../../bytes/writer.js"
import { type OpenedRecord } from "../../crypto/provider.js"
import { Fragment, type HandshakeMessage } from "../../flight/inbox.js"
import { NEVER } from "../../flight/retransmission.js"
import { type AcknowledgedOutbox } from "../../flight/v13/outbox.js"
import { ReceivedRecords } from "../../flight/v13/received-records.js"
import { FailureReason } from "../../handshake/failure.js"
import { type HandshakeV13 } from "../../handshake/v13/handshake.js"
import { type Speaker } from "../../handshake/v13/updatable-ids.js"
import { Discard } from "../../record/discard.js"
import { AlertDescription, ContentType } from "../../wire/code-points.js"
import { HANDSHAKE_HEADER_LENGTH, type HandshakeHeader } from "../../wire/handshake-header.js"
import {
    numbersIn,
    readAcknowledgement,
    type RecordNumber,
    writeAcknowledgement,
} from "../../wire/v13/acknowledgement.js"
import {
    ACK,
    APPLICATION_EPOCH,
    HANDSHAKE_EPOCH,
    KEY_UPDATE,
    UPDATE_NOT_REQUESTED,
} from "../../wire/v13/code-points.js"
import { Diagnostic, OutputKind } from "../output.js"
import { HandshakeDriver, LAST_FLIGHT_KEPT } from "../handshake-driver.js"

/** Record numbers that are acknowledged at once at most: the fragments of a chain of certificates on a narrow path. */
const MAX_NUMBERS_SENT = 32
/** Record numbers of the peer's ACK that are looked at, so that its work stays bounded. */
const MAX_NUMBERS_READ = 64
const MAX_MESSAGE_SEQ = 0xffff
/** Keys are updated this many records before their limit, at most: what is sent until the peer has acknowledged that. */
const UPDATE_MARGIN = 4096

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
    protected established = false
    /** whoever may have something to tell the peer after the handshake */
    private speakers: Speaker[] = []
    /** keys of the handshake's epoch are there */
    private handshakeKept = true
    /** a KeyUpdate of ours is not acknowledged yet */
    protected updating = false
    /** the peer's close_notify came in this record */
    private closedEpoch = NEVER
    private closedSequence = 0
    /** this side has closed for writing: it begins no message any more */
    private silent = false

    handshakeV13(): HandshakeV13 {
        return this.handshake as HandshakeV13
    }

    protected outbox(): AcknowledgedOutbox {
        return this.handshake.outbox as AcknowledgedOutbox
    }

    override deadline(): number {
        const { write } = this.record
        if (write.nextSequence >= write.end) return this.lastFlightUntil
        // A server asks after each record, so this calls as few functions as can be.
        if (this.established && this.wantsToSend()) return 0
        let { at } = this.timer
        if (this.handshakeDeadline < at) at = this.handshakeDeadline
        if (this.lastFlightUntil < at) at = this.lastFlightUntil
        return this.ackAt < at ? this.ackAt : at
    }

    override tick(now: number): void {
        if (now >= this.lastFlightUntil) this.forgetHandshake()
        if (this.record.isHeld()) return
        if (now >= this.ackAt) this.acknowledge(now)
        if (this.established && this.wantsToSend()) this.sendNext(now)
        if (now >= this.handshakeDeadline) this.giveUp()
        else if (now >= this.timer.at) this.retransmit(now)
    }

    // Receiving

    override take(header: HandshakeHeader, record: OpenedRecord, at: number, now: number): void {
        const { epoch } = record
        if (header.messageSeq >= this.inbox.nextSeq && !this.isCurrent(epoch))
            return epoch > 0 ? this.failMisplaced() : this.counters.add(Discard.unprotected)
        this.note(record)
        // While a question is open nothing is taken out of the inbox, so that what is in order looks early.
        const isEarly = header.messageSeq > this.inbox.nextSeq && this.handshake.question === undefined
        // Records that came before their keys are taken as soon as the handshake is complete.
        const isLater = this.handshake.parameters.complete
        const kept = isLater ? this.keepLater(header, record, at, now) : this.keep(header, record, at, now)
        if (kept === Fragment.refused) this.received.refuse(epoch, record.sequence ?? -1)
        else this.schedule(isEarly, now)
    }

    /** New messages come in the newest epoch, or in the one before while the peer waits for our ACK of its KeyUpdate. */
    private isCurrent(epoch: number): boolean {
        const newest = this.record.readEpoch()
        return epoch === newest || (epoch > HANDSHAKE_EPOCH && epoch === newest - 1)
    }

    /** A fragment of a message after the handshake. */
    private keepLater(header: HandshakeHeader, record: OpenedRecord, at: number, now: number): Fragment {
        const { inbox } = this
        const kept = inbox.add(header, record.epoch, record.plaintext, at)
        if (kept === Fragment.refused) this.counters.add(Discard.badFragment)
        else if (kept === Fragment.past) this.takeRepeated(header, record, at, now)
        let message = inbox.peek()
        while (message !== undefined && this.handshake.failure === 0) {
            inbox.advance()
            this.takeLater(message, now)
            message = inbox.peek()
        }
        // Whole messages alone are acknowledged: parts of one are not saved, so whoever goes on elsewhere needs them again.
        return inbox.bytesKept() > 0 ? Fragment.refused : kept
    }

    private takeLater(message: HandshakeMessage, now: number): void {
        const h = this.handshakeV13()
        h.takeLater(message)
        if (h.failure !== 0) return this.owner.fail(h.failure, h.alert)
        // The KeyUpdate of ours that is under way answers what the peer asks for meanwhile.
        if (this.updating) h.updateRequested = false
        const keys = h.readKeys
        if (keys === undefined) return this.record.outdate()
        h.readKeys = undefined
        // One older epoch stays readable, for late records (RFC 9147 §8).
        this.record.endOldReads()
        const waiting = this.record.activateRead(keys.epoch, keys.protection, -1)
        this.record.outdate()
        this.owner.onEarlyRecords(waiting, now)
    }

    /**
     * Only handshake records that came under keys are acknowledged (RFC 9147 §7); what came without is answered by a whole
     * flight, or comes again.
     */
    private note(record: OpenedRecord): void {
        const { epoch, sequence } = record
        if (epoch === 0 || sequence === undefined) return
        if (record.type !== ACK) this.received.add(epoch, sequence)
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
        const numbers = this.received.list()
        const { record, settings } = this
        const most = numbersIn(Math.min(settings.pathBudget - record.messageOverhead(), record.writeLimit))
        for (let at = 0; at < numbers.length; at += most)
            this.sendAcknowledgement(numbers.slice(at, Math.min(at + most, numbers.length)))
        if (this.established) this.received.clear()
    }

    private sendAcknowledgement(numbers: RecordNumber[]): void {
        const writer = new Writer(64)
        const message = writeAcknowledgement(numbers)
        if (this.record.seal(writer, ACK, this.record.write.epoch, message, true))
            this.outputs.push(OutputKind.datagram, writer.finish())
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

    /** The one with the lowest number counts, in whatever order they come. */
    override onPeerClosed(record: OpenedRecord): void {
        this.closedEpoch = record.epoch
        this.closedSequence = record.sequence ?? 0
    }

    /** By their numbers, since datagrams come in any order (RFC 9147 §5.10). An ACK is about what this side still sends. */
    override isPastClose(record: OpenedRecord): boolean {
        const { type, epoch, sequence } = record
        if (type === ACK) return false
        return epoch > this.closedEpoch || (epoch === this.closedEpoch && (sequence ?? 0) > this.closedSequence)
    }

    /** The peer ignores messages that follow the close_notify; of the handshake it may still need the end. */
    override onWriteClosed(): void {
        this.silent = true
        if (!this.established || !this.isSettled()) return
        this.timer.stop()
        this.outbox().begin()
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

    /**
     * Numbers of no record of ours mean nothing, and during the handshake those of a later epoch than the ACK's own
     * (RFC 9147 §7); after it, each side's keys are updated by itself.
     */
    private takeAcknowledgement(record: OpenedRecord, now: number): void {
        const numbers = readAcknowledgement(record.plaintext, MAX_NUMBERS_READ)
        if (numbers === undefined) return this.counters.add(Discard.unexpected)
        this.note(record)
        const outbox = this.outbox()
        const { epoch } = record
        if (!outbox.acknowledge(numbers, epoch >= APPLICATION_EPOCH ? NEVER : epoch)) return
        this.progressed = true
        if (outbox.isEmpty()) this.allAcknowledged()
        else {
            this.transmit(now)
            this.timer.restart(now, this.jitterByte())
        }
    }

    private allAcknowledged(): void {
        this.timer.stop()
        if (!this.established) return
        this.outbox().begin()
        if (!this.isSettled()) {
            this.forgetHandshake()
            this.outputs.push(OutputKind.settled, undefined)
        }
        if (!this.updating) return
        this.updating = false
        this.handshakeV13().activateNextWrite()
        this.record.outdate()
    }

    /** A client can repeat its last flight under the keys of the handshake alone, which are not saved. */
    override isSettled(): boolean {
        return !this.handshake.isClient || !this.handshakeKept
    }

    // Messages after the handshake, one at a time: new keys, connection ids, tickets

    /** A message waits to be sent, and none of ours waits for its acknowledgement; established. */
    private wantsToSend(): boolean {
        if (this.silent) return false
        const { handshake, speakers } = this
        const outbox = handshake.outbox as AcknowledgedOutbox
        if (!outbox.isEmpty()) return outbox.hasNew()
        if (this.wantsUpdate()) return true
        return speakers.length > 0 && this.speaking() !== undefined
    }

    /** Who has something to tell the peer. */
    private speaking(): Speaker | undefined {
        for (const speaker of this.speakers) {
            if (speaker.hasMessage()) return speaker
        }
        return undefined
    }

    /**
     * New keys for sending are due: the peer asked for them, or those in use have sealed nearly as many records as they may
     * (RFC 9147 §4.5.3).
     */
    private wantsUpdate(): boolean {
        const { maxRecords, nextSequence } = this.record.write
        const isNear = nextSequence >= maxRecords - UPDATE_MARGIN && nextSequence >= maxRecords / 2
        return isNear || (this.handshake as HandshakeV13).updateRequested
    }

    /** Sends a message after the handshake, one at a time (RFC 9147 §8, §9), again and again until it is acknowledged. */
    private sendNext(now: number): void {
        const { record, outputs } = this
        // Another message would repeat a message_seq (RFC 9147 §5.2).
        if (this.outbox().nextSeq > MAX_MESSAGE_SEQ)
            return this.owner.fail(FailureReason.keysUsedUp, AlertDescription.internalError)
        if (!this.outbox().hasNew()) {
            if (this.wantsUpdate()) this.updateKeys()
            else {
                const { type, body } = (this.speaking() as Speaker).message()
                this.addLater(type, body)
            }
            // Whoever goes on elsewhere must not use its message_seq for another message.
            record.outdate()
        }
        if (record.holds) outputs.diagnose(Diagnostic.saveWanted, 0)
        this.transmit(now)
        this.timer.start(now, this.jitterByte())
    }

    private updateKeys(): void {
        this.updating = true
        this.handshakeV13().updateRequested = false
        this.addLater(KEY_UPDATE, Buffer.from([UPDATE_NOT_REQUESTED]))
    }

    override onNewPath(): boolean {
        const isNew = this.handshakeV13().takeNewPath()
        if (isNew) this.record.outdate()
        return isNew
    }

    private addLater(type: number, body: Buffer): void {
        this.outbox().addMessage(type, this.record.write.epoch, body)
    }

    // Going on elsewhere

    /** What follows the handshake: message_seq of both sides, and the message that waits for its acknowledgement. */
    writeLater(writer: Writer): void {
        const outbox = this.outbox()
        const message = outbox.unacknowledged()
        writer.uint(this.handshakeV13().updateRequested ? 1 : 0, 1)
        writer.uint(this.inbox.nextSeq, 3)
        writer.uint(outbox.nextSeq, 3)
        writer.vector(message, 2)
    }

    /** In the order of `writeLater`. */
    readLater(reader: Reader): void {
        const outbox = this.outbox()
        this.establish()
        this.handshakeKept = false
        this.handshakeV13().updateRequested = reader.uint(1) === 1
        this.inbox.nextSeq = reader.uint(3)
        outbox.nextSeq = reader.uint(3)
        const message = reader.vector(2)
        if (message.length === 0) return
        // It has its number.
        outbox.nextSeq--
        this.updating = message[0] === KEY_UPDATE
        this.addLater(message[0], copyOf(message, HANDSHAKE_HEADER_LENGTH, message.length))
    }

    // Sending

    protected override transmit(now: number): void {
        if (this.record.isHeld()) return
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
        this.establish()
        this.handshakeDeadline = NEVER
        // The client's last flight is acknowledged; the server's keys for that have to wait for it.
        if (!this.handshake.isClient) {
            this.timer.stop()
            this.lastFlightUntil = now + LAST_FLIGHT_KEPT
            // Before any data of the application: a client may take none until its Finished is acknowledged.
            this.acknowledge(now)
        }
        this.owner.onConnected()
    }

    private establish(): void {
        this.established = true
        this.speakers = this.handshakeV13().speakers()
    }

    /** The peer uses the new keys; whether it has our ACK is not known, so that the old keys stay. */
    override forgetLastFlight(): void {}

    /** Nothing of the handshake is repeated any more. */
    private forgetHandshake(): void {
        this.lastFlightUntil = NEVER
        this.handshakeKept = false
        this.record.endOldWrites()
        // Once the peer has new keys, the epoch before is one in which it may still send.
        if (this.record.readEpoch() === APPLICATION_EPOCH) this.record.endOldReads()
    }
}
