import { copyOf, EMPTY } from "../../bytes/bytes.js"
import { type Reader } from "../../bytes/reader.js"
import { type Writer } from "../../bytes/writer.js"
import { type OpenedRecord } from "../../crypto/provider.js"
import { type ProtectionWithId } from "../../crypto/v13/provider.js"
import { type TrafficSecrets } from "../../crypto/v13/traffic-secrets.js"
import { bodyOf, Fragment, type HandshakeMessage, Inbox } from "../../flight/inbox.js"
import { NEVER } from "../../flight/retransmission.js"
import { AcknowledgedOutbox } from "../../flight/v13/outbox.js"
import { ReceivedRecords } from "../../flight/v13/received-records.js"
import { type CipherSuite } from "../../handshake/cipher-suite.js"
import { FailureReason } from "../../handshake/failure.js"
import { passes } from "../../handshake/negotiation.js"
import { type Answer } from "../../handshake/question.js"
import { idsOf, protectionBy, sessionsOf } from "../../handshake/v13/lasting-extensions.js"
import { type ClientResumptionV13, type ServerResumptionV13 } from "../../handshake/v13/resumption.js"
import { type SecurityParametersV13 } from "../../handshake/v13/security-parameters.js"
import { type Speaker, type UpdatableIds } from "../../handshake/v13/updatable-ids.js"
import { Discard } from "../../record/discard.js"
import { type RecordLayer, type WriteEpoch } from "../../record/record-layer.js"
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
    UPDATE_NOT_REQUESTED,
    UPDATE_REQUESTED,
} from "../../wire/v13/code-points.js"
import { type Driver, type DriverOwner } from "../driver.js"
import { Diagnostic, OutputKind } from "../output.js"
import { acknowledge, MAX_NUMBERS_SENT, numbersOf } from "./acknowledge.js"
import { type LaterFlight, newFlight } from "./later-flight.js"

const MAX_MESSAGE_SEQ = 0xffff
/** Keys are updated this many records before their limit, at most: what is sent until the peer has acknowledged that. */
const UPDATE_MARGIN = 4096

/** An ACK is due as soon as there is any time: above 0, which is for what waits for no clock, and before every other time. */
const ACK_DUE = 1

/**
 * Drives what follows a handshake of DTLS 1.3 as long as the association lasts: new keys, connection ids, tickets, each
 * acknowledged (RFC 9147 §7), at first this side's last flight. Between such messages little more than the traffic secrets and
 * two numbers are kept.
 * @devsWhenUsed
 */
export class LaterDriver implements Driver {
    /** what waits for the peer's acknowledgement: one thing at a time (RFC 9147 §8, §9) */
    private flight: LaterFlight | undefined
    /** there while a message is incomplete, or ahead of its turn */
    private inbox: Inbox | undefined
    /** records that are acknowledged with the next tick */
    private received: ReceivedRecords | undefined
    /** the record in which the peer's close_notify came */
    private closed: RecordNumber | undefined
    /** this side has closed for writing: it begins no message any more */
    private silent = false
    /** the peer asked for a KeyUpdate of ours */
    updateRequested = false
    /** until when records under the keys of the handshake are taken, ms; a client: until its last flight is acknowledged */
    handshakeUntil = NEVER

    private record: RecordLayer
    /** whoever may have something to tell the peer, the most urgent first */
    private speakers: Speaker[] = []

    /**
     * @param secrets taken over
     * @param nextTaken message_seq of the peer's next message
     * @param nextSent message_seq of our next message, unless one is under way
     */
    constructor(
        private owner: DriverOwner,
        public secrets: TrafficSecrets,
        private nextTaken: number,
        private nextSent: number,
    ) {
        const { isClient, record, settings } = owner
        this.record = record
        const ids = idsOf(settings)
        if (ids !== undefined) this.speakers.push(ids)
        // A server gives tickets.
        const sessions = isClient ? undefined : (sessionsOf(settings) as ServerResumptionV13 | undefined)
        if (sessions !== undefined) this.speakers.push(sessions)
    }

    /** A client's last flight is under way, and repeated as long as the server does not acknowledge it. */
    goOnWith(lastFlight: LaterFlight): void {
        this.flight = lastFlight
    }

    /** A client can repeat its last flight under the keys of the handshake alone, which are not saved. */
    isSettled(): boolean {
        return !this.owner.isClient || this.record.write.previous === undefined
    }

    expecting(): number {
        return -1
    }

    deadline(): number {
        const { flight, handshakeUntil } = this
        const { write } = this.record
        if (write.nextSequence >= write.end) return handshakeUntil
        if (this.wantsToSend(flight, write)) return 0
        if (this.received !== undefined) return ACK_DUE
        return flight === undefined ? handshakeUntil : Math.min(flight.timer.at, handshakeUntil)
    }

    tick(now: number): void {
        if (now >= this.handshakeUntil) this.forgetHandshake()
        if (this.record.isHeld()) return
        this.sendAcknowledgement()
        if (this.wantsToSend(this.flight, this.record.write)) this.sendNext(now)
        if (this.flight !== undefined && now >= this.flight.timer.at) this.flight.retransmit(now)
    }

    // Receiving

    take(header: HandshakeHeader, record: OpenedRecord, at: number, now: number): void {
        const { epoch, sequence } = record
        if (header.messageSeq >= this.nextTaken && !this.isCurrent(epoch))
            return epoch > 0 ? this.failMisplaced() : this.owner.counters.add(Discard.unprotected)
        if (epoch > 0 && sequence !== undefined) this.note(epoch, sequence)
        if (header.messageSeq < this.nextTaken) this.takeRepeated(header, now)
        else if (!this.keep(header, record, at, now) && this.received !== undefined)
            this.received.refuse(epoch, sequence ?? -1)
    }

    /** New messages come in the newest epoch, or in the one before while the peer waits for our ACK of its KeyUpdate. */
    private isCurrent(epoch: number): boolean {
        const newest = this.record.readEpoch()
        return epoch === newest || (epoch > HANDSHAKE_EPOCH && epoch === newest - 1)
    }

    private note(epoch: number, sequence: number): void {
        if (this.received === undefined) this.received = new ReceivedRecords(MAX_NUMBERS_SENT)
        this.received.add(epoch, sequence)
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
        if (!passes(this, ids.take(type, body))) return false
        this.sendWithId(ids.recordId(false))
        return true
    }

    /** Records that are sealed from now on carry this id of the peer's. */
    private sendWithId(id: Buffer): void {
        const { protection } = this.record.write
        if (protection !== undefined) (protection as ProtectionWithId).setId(id)
    }

    private takeTicket(body: Buffer): boolean {
        const { settings, parameters } = this.owner
        const sessions = sessionsOf(settings) as ClientResumptionV13 | undefined
        return sessions === undefined || passes(this, sessions.take(parameters as SecurityParametersV13, body))
    }

    /** The peer's records have new keys from now on (RFC 8446 §4.6.3, RFC 9147 §8). */
    private takeKeyUpdate(body: Buffer, now: number): void {
        const { owner, record, secrets, flight } = this
        if (body.length !== 1) return this.fail(FailureReason.decodeError, AlertDescription.decodeError)
        if (body[0] > UPDATE_REQUESTED)
            return this.fail(FailureReason.illegalParameter, AlertDescription.illegalParameter)
        if (body[0] === UPDATE_REQUESTED) this.updateRequested = true
        // The KeyUpdate of ours that is under way answers what the peer asks for meanwhile.
        if (flight !== undefined && flight.updating) this.updateRequested = false
        secrets.updateRead()
        // One older epoch stays readable, for late records (RFC 9147 §8).
        record.endOldReads()
        const epoch = record.readEpoch() + 1
        const waiting = record.activateRead(epoch, this.protection(epoch, true), -1)
        record.outdate()
        owner.onEarlyRecords(waiting, now)
    }

    private protection(epoch: number, reading: boolean): ProtectionWithId {
        const { secrets } = this
        const { settings, parameters } = this.owner
        const secret = reading ? secrets.read : secrets.write
        return protectionBy(secret, settings, parameters.suite as CipherSuite, epoch, reading)
    }

    fail(reason: FailureReason, alert: AlertDescription): void {
        this.owner.fail(reason, alert)
    }

    /** Keys vouch for it, so nobody but the peer can have sent it (RFC 8446 §5, §5.4). */
    private failMisplaced(): void {
        this.fail(FailureReason.unexpectedMessage, AlertDescription.unexpectedMessage)
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

    // Acknowledgements

    private sendAcknowledgement(): void {
        const { received, owner } = this
        if (received === undefined) return
        this.received = undefined
        acknowledge(received.list(), owner)
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

    private onAcknowledged(flight: LaterFlight): void {
        this.nextSent = flight.outbox.nextSeq
        this.flight = undefined
        if (!this.isSettled()) {
            this.forgetHandshake()
            this.owner.outputs.push(OutputKind.settled, undefined)
        }
        if (!flight.updating) return
        this.activateNextWrite()
        this.record.outdate()
    }

    /** The peer has our KeyUpdate: records are sealed with the next keys, and the old ones are erased. */
    private activateNextWrite(): void {
        const { record } = this
        this.secrets.updateWrite()
        const { aead } = this.owner.parameters.suite as CipherSuite
        const epoch = record.write.epoch + 1
        record.activateWrite(epoch, this.protection(epoch, false), aead.confidentialityLimit)
        record.endOldWrites()
    }

    /** Nothing of the handshake is repeated any more. */
    private forgetHandshake(): void {
        const { record } = this
        this.handshakeUntil = NEVER
        record.endOldWrites()
        // Once the peer has new keys, the epoch before is one in which it may still send.
        if (record.readEpoch() === APPLICATION_EPOCH) record.endOldReads()
    }

    /** The client uses its keys: it is there. */
    forgetLastFlight(): void {
        if (this.flight !== undefined) this.flight.wake()
    }

    // Sending

    /** A message waits to be sent, and none of ours waits for its acknowledgement. */
    private wantsToSend(flight: LaterFlight | undefined, write: WriteEpoch): boolean {
        const wants =
            flight === undefined ? this.wantsUpdate(write) || this.speaking() !== undefined : flight.outbox.hasNew()
        return wants && !this.silent
    }

    /**
     * New keys for sending are due: the peer asked for them, or those in use have sealed nearly as many records as they may
     * (RFC 9147 §4.5.3).
     */
    private wantsUpdate(write: WriteEpoch): boolean {
        const { maxRecords, nextSequence } = write
        const isNear = nextSequence >= maxRecords - UPDATE_MARGIN && nextSequence >= maxRecords / 2
        return isNear || this.updateRequested
    }

    private speaking(): Speaker | undefined {
        for (const speaker of this.speakers) {
            if (speaker.hasMessage()) return speaker
        }
        return undefined
    }

    /** Sends a message, again and again until it is acknowledged. */
    private sendNext(now: number): void {
        // Another message would repeat a message_seq (RFC 9147 §5.2).
        if (this.flight === undefined && this.nextSent > MAX_MESSAGE_SEQ)
            return this.fail(FailureReason.keysUsedUp, AlertDescription.internalError)
        const flight = this.flight ?? this.nextFlight()
        if (this.record.holds) this.owner.outputs.diagnose(Diagnostic.saveWanted, 0)
        flight.begin(now)
    }

    private nextFlight(): LaterFlight {
        const isUpdate = this.wantsUpdate(this.record.write)
        if (isUpdate) this.updateRequested = false
        const message = isUpdate
            ? { type: KEY_UPDATE, body: Buffer.from([UPDATE_NOT_REQUESTED]) }
            : (this.speaking() as Speaker).message()
        const flight = this.flightOf(message.type, message.body)
        // Whoever goes on elsewhere must not use its message_seq for another message.
        this.record.outdate()
        return flight
    }

    private flightOf(type: number, body: Buffer): LaterFlight {
        const outbox = new AcknowledgedOutbox(this.nextSent)
        outbox.addMessage(type, this.record.write.epoch, body)
        const flight = newFlight(this.owner, outbox)
        flight.updating = type === KEY_UPDATE
        this.flight = flight
        return flight
    }

    /** On a new path records carry an id that was not seen on the old one, where the peer has given one (RFC 9147 §9). */
    onNewPath(): boolean {
        const ids = idsOf(this.owner.settings)
        if (ids === undefined || !ids.useSpare()) return false
        this.sendWithId(ids.recordId(false))
        this.record.outdate()
        return true
    }

    // Closing

    /** The one with the lowest number counts, in whatever order they come. */
    onPeerClosed(record: OpenedRecord): void {
        this.closed = { epoch: record.epoch, sequence: record.sequence ?? 0 }
    }

    /** By their numbers, since datagrams come in any order (RFC 9147 §5.10). An ACK is about what this side still sends. */
    isPastClose(record: OpenedRecord): boolean {
        const { type, epoch, sequence } = record
        const { closed } = this
        if (type === ACK || closed === undefined) return false
        return epoch > closed.epoch || (epoch === closed.epoch && (sequence ?? 0) > closed.sequence)
    }

    /** The peer ignores messages that follow the close_notify; of the handshake it may still need the end. */
    onWriteClosed(): void {
        this.silent = true
        if (this.isSettled()) this.flight = undefined
    }

    close(): void {
        const sessions = sessionsOf(this.owner.settings)
        if (sessions !== undefined) sessions.close()
        this.secrets.close()
        this.flight = undefined
        this.inbox = undefined
        this.received = undefined
        this.handshakeUntil = NEVER
    }

    // There is no handshake, and nothing is asked.

    begin(_now: number): void {}

    answer(_answer: Answer | undefined, _now: number): void {}

    suspectMismatch(): void {}

    // Going on elsewhere

    /** message_seq of both sides, and the message that waits for its acknowledgement. */
    save(writer: Writer): void {
        const { flight } = this
        writer.uint(this.updateRequested ? 1 : 0, 1)
        writer.uint(this.nextTaken, 3)
        writer.uint(flight === undefined ? this.nextSent : flight.outbox.nextSeq, 3)
        writer.vector(flight === undefined ? EMPTY : flight.outbox.unacknowledged(), 2)
    }

    /** In the order of `save`. */
    load(reader: Reader): void {
        this.updateRequested = reader.uint(1) === 1
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
