import { copyOf, EMPTY } from "../../bytes/bytes.js"
import { type Reader } from "../../bytes/reader.js"
import { type Writer } from "../../bytes/writer.js"
import { type OpenedRecord } from "../../crypto/provider.js"
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

/** Records that may fail under one key: AES-CCM's limit, the lowest with a tag of 16 bytes, is 2^23.5 (RFC 9147 §4.5.3). */
const MAX_FORGERIES = 8388608

/**
 * Drives what follows a handshake of DTLS 1.3 as long as the association lasts: new keys, connection ids, tickets, each
 * acknowledged (RFC 9147 §7), at first this side's last flight. Between such messages little more than the traffic secrets and
 * two numbers are kept.
 * @devsWhenUsed
 */
export class LaterDriver extends LaterSender implements Driver {
    /** there while a message is incomplete, or ahead of its turn */
    private inbox: Inbox | undefined
    /** the record in which the peer's close_notify came */
    private closed: RecordNumber | undefined

    /**
     * @param secrets taken over
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

    /** New messages come in the newest epoch, or in the one before while the peer waits for our ACK of its KeyUpdate. */
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

    /** @returns false: the record is not to be acknowledged, since parts of messages are not saved and have to come again then */
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

    /** A message that comes after the handshake (RFC 8446 §4.6). */
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

    /** The peer's records have new keys from now on (RFC 8446 §4.6.3, RFC 9147 §8). */
    private takeKeyUpdate(body: Buffer, now: number): void {
        const { owner, record, secrets, flight } = this
        if (body.length !== 1) return owner.fail(FailureReason.decodeError, AlertDescription.decodeError)
        if (body[0] > UPDATE_REQUESTED)
            return owner.fail(FailureReason.illegalParameter, AlertDescription.illegalParameter)
        const isAsked = body[0] === UPDATE_REQUESTED || this.updateReason > UpdateReason.none
        // The KeyUpdate of ours that is under way answers what the peer asks for meanwhile.
        const isAnswered = flight !== undefined && flight.updating
        this.updateReason = isAsked && !isAnswered ? UpdateReason.asked : UpdateReason.none
        record.failedRecords = 0
        secrets.updateRead()
        // One older epoch stays readable, for late records (RFC 9147 §8).
        record.endOldReads()
        const epoch = record.readEpoch() + 1
        const waiting = record.activateRead(epoch, this.protection(epoch, true), -1)
        record.outdate()
        owner.onEarlyRecords(waiting, now)
    }

    /** Keys vouch for it, so nobody but the peer can have sent it (RFC 8446 §5, §5.4). */
    private failMisplaced(): void {
        this.owner.fail(FailureReason.unexpectedMessage, AlertDescription.unexpectedMessage)
    }

    takeOther(record: OpenedRecord, now: number): boolean {
        if (record.type === ContentType.returnRoutabilityCheck) return false
        if (record.type === ACK) this.takeAcknowledgement(record, now)
        else this.failMisplaced()
        return true
    }

    /** There is none in this version (RFC 9147 §5.4). */
    takeChangeCipherSpec(_record: OpenedRecord, _now: number): void {
        this.owner.counters.add(Discard.unexpected)
    }

    takeUnprotectedAlert(_level: number, _description: AlertDescription, _now: number): void {
        this.owner.counters.add(Discard.unprotected)
    }

    /**
     * Numbers of no record of ours mean nothing. Each side's keys are updated by itself, so that an ACK may name numbers of a later
     * epoch than its own.
     */
    private takeAcknowledgement(record: OpenedRecord, now: number): void {
        const { flight } = this
        const numbers = numbersOf(record, this.owner)
        const newest = record.epoch >= APPLICATION_EPOCH ? NEVER : record.epoch
        if (numbers !== undefined && flight !== undefined && flight.acknowledge(numbers, newest, now))
            this.onAcknowledged(flight)
    }

    // Closing

    /** The one with the lowest number counts, in whatever order they come. */
    onPeerClosed(record: OpenedRecord): void {
        this.closed = { epoch: record.epoch, sequence: record.sequence as number }
    }

    /** By their numbers, since datagrams come in any order (RFC 9147 §5.10). An ACK is about what this side still sends. */
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

    // There is no handshake, and nothing is asked.

    begin(_now: number): void {}

    answer(_answer: Answer | undefined, _now: number): void {}

    /** The peer is asked for new keys before too many records have failed under those in use (RFC 9147 §4.5.3). */
    suspectMismatch(): void {
        const { parameters, settings } = this.owner
        const { aead } = parameters.suite as CipherSuite
        const { ccm8Failures, recordsPerDatagram } = settings.limits
        // What is counted is datagrams.
        const limit = aead.tagLength === 8 ? ccm8Failures : MAX_FORGERIES / recordsPerDatagram
        const hasAsked = this.updateReason === UpdateReason.waiting
        if (!hasAsked && this.record.failedRecords >= limit / 2) this.wantUpdate(UpdateReason.forgeries)
    }

    // Going on elsewhere

    /** message_seq of both sides, and the message that waits for its acknowledgement. */
    save(writer: Writer): void {
        const { flight } = this
        writer.uint(Math.max(this.updateReason, 0), 1)
        writer.uint(this.nextTaken, 3)
        writer.uint(flight === undefined ? this.nextSent : flight.outbox.nextSeq, 3)
        writer.vector(flight === undefined ? EMPTY : flight.outbox.unacknowledged(), 2)
    }

    /** In the order of `save`. */
    load(reader: Reader): void {
        this.updateReason = reader.uint(1)
        this.nextTaken = reader.uint(3)
        this.nextSent = reader.uint(3)
        const message = reader.vector(2)
        if (message.length === 0) return
        // It has its number.
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
