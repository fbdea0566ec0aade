import { copyOf, EMPTY } from "../../bytes/bytes.js"
import { type Reader } from "../../bytes/reader.js"
import { type Writer } from "../../bytes/writer.js"
import { type TrafficSecrets } from "../../crypto/v13/traffic-secrets.js"
import { bodyOf, Fragment, type HandshakeMessage, Inbox } from "../../flight/inbox.js"
import { NEVER } from "../../flight/retransmission.js"
import { ReceivedRecords } from "../../flight/v13/received-records.js"
import { type CipherSuite } from "../../handshake/cipher-suite.js"
import { FailureReason } from "../../handshake/failure.js"
import { passes } from "../../handshake/negotiation.js"
import { type Answer } from "../../handshake/question.js"
import { idsOf, sessionsOf } from "../../handshake/v13/lasting-extensions.js"
import { type ClientResumptionV13 } from "../../handshake/v13/resumption.js"
import { type SecurityParametersV13 } from "../../handshake/v13/security-parameters.js"
import { type UpdatableIds } from "../../handshake/v13/updatable-ids.js"
import { Discard } from "../../record/discard.js"
import { AlertDescription, ContentType } from "../../wire/code-points.js"
import { HANDSHAKE_HEADER_LENGTH, type HandshakeHeader } from "../../wire/handshake-header.js"
import { type RecordNumber } from "../../wire/v13/acknowledgement.js"
import {
    ACK,
    APPLICATION_EPOCH,
    HANDSHAKE_EPOCH,
    KEY_UPDATE,
    NEW_CONNECTION_ID,
    NEW_SESSION_TICKET,
    REQUEST_CONNECTION_ID,
    UPDATE_REQUESTED,
} from "../../wire/v13/code-points.js"
import { type Driver, type DriverOwner } from "../driver.js"
import { MAX_NUMBERS_SENT, numbersOf } from "./acknowledge.js"
import { LaterSender, UpdateReason } from "./later-sender.js"
import { type OpenedRecord } from "../../record/record-layer.js"

/**
 * Limit on failed records under one key: AES-CCM's 2^23.5, the lowest of the AEADs with a tag of 16 bytes (RFC 9147
 * §4.5.3).
 */
const MAX_FORGERIES = 8388608

/**
 * Drives what follows a handshake of DTLS 1.3 for the association's lifetime: first this side's last flight, then key
 * updates, connection ids and tickets, each acknowledged (RFC 9147 §7). Between such messages it keeps little more than
 * the traffic secrets and two numbers.
 * @devsWhenUsed
 */
export class LaterDriver extends LaterSender implements Driver {
    /** exists only while a message is incomplete or out of order */
    private inbox: Inbox | undefined
    /** number of the record with the peer's close_notify */
    private closed: RecordNumber | undefined

    /**
     * @param secrets ownership is taken
     * @param nextTaken message_seq of the peer's next message
     * @param nextSent message_seq of our next message, unless one is under way
     */
    constructor(
        owner: DriverOwner,
        secrets: TrafficSecrets,
        private nextTaken: number,
        nextSent: number,
    ) {
        super(owner, secrets, nextSent)
    }

    expecting(): number {
        return -1
    }

    take(header: HandshakeHeader, record: OpenedRecord, at: number, now: number): void {
        const { epoch } = record
        const sequence = record.sequence as number
        if (header.messageSeq >= this.nextTaken && !this.isCurrent(epoch))
            return epoch > 0 ? this.failMisplaced() : this.owner.counters.add(Discard.unprotected)
        if (epoch > 0) this.note(epoch, sequence)
        if (header.messageSeq < this.nextTaken) this.takeRepeated(header, now)
        else if (!this.keep(header, record, at, now) && this.received !== undefined)
            this.received.refuse(epoch, sequence)
    }

    /**
     * New messages come in the newest epoch, or in the previous one while the peer waits for our ACK of its KeyUpdate.
     */
    private isCurrent(epoch: number): boolean {
        const newest = this.record.readEpoch()
        return epoch === newest || (epoch > HANDSHAKE_EPOCH && epoch === newest - 1)
    }

    private note(epoch: number, sequence: number): void {
        if (this.received === undefined) this.received = new ReceivedRecords(MAX_NUMBERS_SENT)
        this.received.add(epoch, sequence)
        this.quietBelow = 0
    }

    private takeRepeated(header: HandshakeHeader, now: number): void {
        this.owner.counters.add(Discard.messageSeq)
        const ends = header.fragmentOffset + header.fragmentLength === header.length
        if (this.flight !== undefined && ends) this.flight.onRepeated(header.messageSeq, now)
    }

    /**
     * @returns false: the record must not be acknowledged, because partial messages are not saved and have to be
     * retransmitted after a restore
     */
    private keep(header: HandshakeHeader, record: OpenedRecord, at: number, now: number): boolean {
        const { settings, counters } = this.owner
        const inbox = this.inbox ?? new Inbox(settings.limits, this.nextTaken)
        this.inbox = inbox
        const kept = inbox.add(header, record.epoch, record.plaintext, at)
        if (kept === Fragment.refused) counters.add(Discard.badFragment)
        for (let next = this.nextMessage(); next !== undefined; next = this.nextMessage()) this.takeMessage(next, now)
        return kept !== Fragment.refused && this.inbox === undefined
    }

    private nextMessage(): HandshakeMessage | undefined {
        const { inbox } = this
        if (inbox === undefined) return undefined
        const message = inbox.peek()
        if (message !== undefined) {
            inbox.advance()
            this.nextTaken = inbox.nextSeq
        } else if (inbox.isEmpty()) this.inbox = undefined
        return message
    }

    /** Takes a message that follows the handshake (RFC 8446 §4.6). */
    private takeMessage(message: HandshakeMessage, now: number): void {
        const { type } = message
        const { isClient, settings } = this.owner
        const ids = idsOf(settings)
        const body = bodyOf(message)
        let isTaken = false
        if (type === KEY_UPDATE) return this.takeKeyUpdate(body, now)
        if (ids !== undefined && (type === NEW_CONNECTION_ID || type === REQUEST_CONNECTION_ID))
            isTaken = this.takeIds(ids, type, body)
        else if (type === NEW_SESSION_TICKET && isClient) isTaken = this.takeTicket(body)
        else this.failMisplaced()
        if (isTaken) this.record.outdate()
    }

    private takeIds(ids: UpdatableIds, type: number, body: Buffer): boolean {
        if (!passes(this.owner, ids.take(type, body))) return false
        this.sendWithId(ids.recordId(false))
        return true
    }

    private takeTicket(body: Buffer): boolean {
        const { settings, parameters } = this.owner
        const sessions = sessionsOf(settings) as ClientResumptionV13 | undefined
        return sessions === undefined || passes(this.owner, sessions.take(parameters as SecurityParametersV13, body))
    }

    /** Switches to new keys for the peer's records (RFC 8446 §4.6.3, RFC 9147 §8). */
    private takeKeyUpdate(body: Buffer, now: number): void {
        const { owner, record, secrets, flight } = this
        if (body.length !== 1) return owner.fail(FailureReason.decodeError, AlertDescription.decodeError)
        if (body[0] > UPDATE_REQUESTED)
            return owner.fail(FailureReason.illegalParameter, AlertDescription.illegalParameter)
        const isAsked = body[0] === UPDATE_REQUESTED || this.updateReason > UpdateReason.none
        // If a KeyUpdate of ours is already under way, it also answers the peer's request.
        const isAnswered = flight !== undefined && flight.updating
        this.updateReason = isAsked && !isAnswered ? UpdateReason.asked : UpdateReason.none
        record.failedRecords = 0
        secrets.updateRead()
        // One older epoch stays readable for late records (RFC 9147 §8).
        record.endOldReads()
        const epoch = record.readEpoch() + 1
        const waiting = record.activateRead(epoch, this.protection(epoch, true), -1)
        record.outdate()
        owner.onEarlyRecords(waiting, now)
    }

    /** The record verified, so the peer itself sent the wrong message (RFC 8446 §5, §5.4). */
    private failMisplaced(): void {
        this.owner.fail(FailureReason.unexpectedMessage, AlertDescription.unexpectedMessage)
    }

    takeOther(record: OpenedRecord, now: number): boolean {
        if (record.type === ContentType.returnRoutabilityCheck) return false
        if (record.type === ACK) this.takeAcknowledgement(record, now)
        else this.failMisplaced()
        return true
    }

    /** DTLS 1.3 has no ChangeCipherSpec (RFC 9147 §5.4). */
    takeChangeCipherSpec(_record: OpenedRecord, _now: number): void {
        this.owner.counters.add(Discard.unexpected)
    }

    takeUnprotectedAlert(_level: number, _description: AlertDescription, _now: number): void {
        this.owner.counters.add(Discard.unprotected)
    }

    /**
     * Numbers that match no record of ours are ignored. Each side updates its keys independently, so an ACK may name
     * numbers of an epoch later than its own.
     */
    private takeAcknowledgement(record: OpenedRecord, now: number): void {
        const { flight } = this
        const numbers = numbersOf(record, this.owner)
        const newest = record.epoch >= APPLICATION_EPOCH ? NEVER : record.epoch
        if (numbers !== undefined && flight !== undefined && flight.acknowledge(numbers, newest, now))
            this.onAcknowledged(flight)
    }

    // Closing

    /**
     * If several close_notify arrive, the lowest record number counts, whatever their order: `isPastClose` discards the
     * others.
     */
    onPeerClosed(record: OpenedRecord): void {
        this.closed = { epoch: record.epoch, sequence: record.sequence as number }
    }

    /**
     * Compares record numbers, because datagrams arrive in any order (RFC 9147 §5.10). ACKs still count: they are about
     * what this side sends.
     */
    isPastClose(record: OpenedRecord): boolean {
        const { type, epoch } = record
        const { closed } = this
        if (type === ACK || closed === undefined) return false
        return epoch > closed.epoch || (epoch === closed.epoch && (record.sequence as number) > closed.sequence)
    }

    close(): void {
        const sessions = sessionsOf(this.owner.settings)
        if (sessions !== undefined) sessions.close()
        this.secrets.close()
        this.flight = undefined
        this.inbox = undefined
        this.received = undefined
    }

    // There is no handshake to begin and no question to answer.

    begin(_now: number): void {}

    answer(_answer: Answer | undefined, _now: number): void {}

    /** Asks the peer for new keys before too many records have failed under the current ones (RFC 9147 §4.5.3). */
    suspectMismatch(): void {
        const { parameters, settings } = this.owner
        const { aead } = parameters.suite as CipherSuite
        const { ccm8Failures, recordsPerDatagram } = settings.limits
        // failedRecords counts datagrams.
        const limit = aead.tagLength === 8 ? ccm8Failures : MAX_FORGERIES / recordsPerDatagram
        const hasAsked = this.updateReason === UpdateReason.waiting
        if (!hasAsked && this.record.failedRecords >= limit / 2) this.wantUpdate(UpdateReason.forgeries)
    }

    // Saving and restoring

    /** Saves the message_seq of both sides, and the message that waits for its acknowledgement. */
    save(writer: Writer): void {
        const { flight } = this
        writer.uint(Math.max(this.updateReason, 0), 1)
        writer.uint(this.nextTaken, 3)
        writer.uint(flight === undefined ? this.nextSent : flight.outbox.nextSeq, 3)
        writer.vector(flight === undefined ? EMPTY : flight.outbox.unacknowledged(), 2)
    }

    /** Reads what `save` wrote. */
    load(reader: Reader): void {
        this.updateReason = reader.uint(1)
        this.nextTaken = reader.uint(3)
        this.nextSent = reader.uint(3)
        const message = reader.vector(2)
        if (message.length === 0) return
        // The message has its message_seq already.
        this.nextSent--
        this.flightOf(message[0], copyOf(message, HANDSHAKE_HEADER_LENGTH, message.length))
    }

    // For snapshots

    expectedSeq(): number {
        return this.nextTaken
    }

    timerAt(): number {
        return this.flight === undefined ? NEVER : this.flight.timer.at
    }

    bytesReceived(): number {
        return this.inbox === undefined ? 0 : this.inbox.bytesKept()
    }

    bytesToRepeat(): number {
        return this.flight === undefined ? 0 : this.flight.outbox.bytesKept()
    }
}
