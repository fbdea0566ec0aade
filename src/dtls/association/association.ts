import { copyOf, EMPTY, equal } from "../bytes/bytes.js"
import { Reader } from "../bytes/reader.js"
import { exporterSeed } from "../crypto/key-schedule.js"
import { prf } from "../crypto/prf.js"
import { type CipherSuite, confidentialityLimit, hasShortTag } from "../crypto/suites.js"
import { Fragment, type HandshakeMessage, Inbox } from "../flight/inbox.js"
import { DatagramPacker, Outbox } from "../flight/outbox.js"
import { NEVER, RetransmissionTimer, smallerBudget } from "../flight/retransmission.js"
import { Handshake, Walked } from "../handshake/handshake.js"
import { type Question } from "../handshake/question.js"
import { type AssociationSettings } from "../handshake/settings.js"
import { type Role } from "../handshake/step.js"
import { Discard, DiscardCounters } from "../record/discard.js"
import { type OpenedRecord, RecordLayer } from "../record/record-layer.js"
import { AlertDescription, AlertLevel, ContentType, HandshakeType } from "../wire/code-points.js"
import { type HandshakeHeader, readHandshakeHeader } from "../wire/handshake-header.js"
import { MAX_PLAINTEXT } from "../wire/record-header.js"
import { type Failure, FailureReason } from "../handshake/failure.js"
import { Diagnostic, Output, OutputKind } from "./output.js"

export enum AssociationState {
    idle,
    handshaking,
    connected,
    /** closed by us: nothing is sent or read any more */
    closed,
    failed,
}

/** Flat picture of an association: what discarding must not change, and what memory it holds. */
export interface Snapshot {
    state: AssociationState
    expecting: number
    readEpoch: number
    writeEpoch: number
    nextSequence: number
    window: string
    nextSeq: number
    timer: number
    inboxBytes: number
    outboxBytes: number
    earlyBytes: number
    heldMessages: number
    outputs: number
}

/** Fragments read from one record: a whole flight fits many times over, and work per datagram stays bounded. */
const MAX_FRAGMENTS = 32

/** How long a server answers a repeated Finished with its last flight, ms: twice the maximum segment lifetime (RFC 6347 §4.2.4). */
const LAST_FLIGHT_KEPT = 240000

/**
 * One peer: record layer, flights and handshake behind a few calls (Seam 1). Nothing here reads a clock, draws
 * randomness of its own or does I/O: time comes in as `now` (ms), and what is to be done comes out of `poll`.
 * Peer input never throws.
 * @devsWhenUsed
 */
export class Association {
    state = AssociationState.idle
    failure: Failure | undefined = undefined
    /** the peer sent close_notify */
    peerClosed = false
    record: RecordLayer
    handshake: Handshake
    counters: DiscardCounters
    private inbox: Inbox
    private outbox: Outbox
    private timer: RetransmissionTimer
    private outputs: Output[] = []
    private handshakeDeadline = NEVER
    private writeClosed = false
    private readClosed = false
    /** application data that came before the peer's Finished, and may not be believed before it */
    private held: Buffer[] = []
    private heldBytes = 0
    private budget: number
    /** a fatal alert of epoch 0, believed at the next timer if nothing better comes */
    private unprotectedAlert = AlertDescription.none
    private mismatchSuspected = false
    private refusedRenegotiation = false
    private repeatedFlights = 0
    /** the question that was last put out */
    private asked: Question | undefined = undefined
    private lastSent = 0
    private lastFlightUntil = NEVER
    private lastFinished: HandshakeMessage | undefined = undefined
    /** message_seq of the message processed last, and of the one that our flight answers: its repetition means ours was lost */
    private lastTaken = -1
    private answeredSeq = -1
    /** how often the current flight was sent again because the peer repeated itself */
    private resends = 0
    /** when something authentic came last, ms */
    private lastHeard = 0

    /**
     * @param firstSeq server: message_seq of the ClientHello that begins this association; client: 0
     * @param firstSequence server: record sequence number of that hello, so that ours go on from the HelloVerifyRequest's
     */
    constructor(
        public settings: AssociationSettings,
        role: Role,
        firstSeq: number,
        firstSequence: number,
    ) {
        this.counters = new DiscardCounters()
        this.record = new RecordLayer(settings.limits, this.counters)
        this.record.write.nextSequence = firstSequence
        this.inbox = new Inbox(settings.limits, firstSeq)
        this.outbox = new Outbox(firstSeq)
        this.handshake = new Handshake(settings, role, this.record, this.outbox)
        this.timer = new RetransmissionTimer(settings.retransmission)
        this.budget = settings.pathBudget
    }

    /** The next thing to be done, oldest first; undefined when there is none. Call until then after every other call. */
    poll(): Output | undefined {
        return this.outputs.shift()
    }

    /** The one next time at which `tick` is wanted, ms; NEVER when none is. */
    deadline(): number {
        return Math.min(Math.min(this.timer.at, this.handshakeDeadline), Math.min(this.lastFlightUntil, this.idleAt()))
    }

    /** When a server lets this peer go unless it hears something first. */
    private idleAt(): number {
        const { idleTimeout } = this.settings.limits
        const watched = this.state === AssociationState.connected && !this.handshake.isClient() && idleTimeout > 0
        return watched ? this.lastHeard + idleTimeout : NEVER
    }

    /** Client: sends the first flight. Server: the deadline starts. Does nothing when already begun. */
    begin(now: number): void {
        if (this.state !== AssociationState.idle || this.writeClosed) return
        this.state = AssociationState.handshaking
        this.handshakeDeadline = now + this.settings.retransmission.deadline
        if (this.handshake.isClient()) this.handshake.start()
        this.flush(now)
    }

    /**
     * Takes bytes [0, length) of `datagram`; the Buffer may be used again afterwards.
     * @returns how many of its records were protected and verified
     */
    receive(datagram: Buffer, length: number, now: number): number {
        if (this.isOver()) return 0
        const reader = new Reader(datagram, 0, length)
        const verified = this.records(reader, now)
        this.flush(now)
        return verified
    }

    private records(reader: Reader, now: number): number {
        let verified = 0
        let count = 0
        while (reader.remaining() > 0 && !this.isOver()) {
            count++
            if (count > this.settings.limits.recordsPerDatagram) {
                this.counters.add(Discard.tooManyRecords)
                return verified
            }
            const record = this.record.next(reader)
            if (record === undefined) this.watchForMismatch()
            else {
                if (record.epoch > 0) {
                    verified++
                    this.lastHeard = now
                }
                this.take(record, now)
            }
        }
        return verified
    }

    private take(record: OpenedRecord, now: number): void {
        if (record.plaintext.length > MAX_PLAINTEXT)
            return this.fail(FailureReason.recordOverflow, AlertDescription.recordOverflow)
        if (record.type === ContentType.handshake) this.takeHandshake(record, now)
        else if (record.type === ContentType.changeCipherSpec) this.takeChangeCipherSpec(record, now)
        else if (record.type === ContentType.alert) this.takeAlert(record, now)
        else this.takeApplicationData(record)
    }

    // Handshake messages

    /** A record holds one or more fragments, each with its header (RFC 6347 §4.2.3). */
    private takeHandshake(record: OpenedRecord, now: number): void {
        const reader = new Reader(record.plaintext, 0, record.plaintext.length)
        let count = 0
        while (reader.remaining() > 0 && !this.isOver()) {
            count++
            const header = count > MAX_FRAGMENTS ? undefined : readHandshakeHeader(reader)
            if (header === undefined) return this.counters.add(Discard.badFragment)
            this.takeFragment(header, record, reader.at, now)
            reader.at += header.fragmentLength
        }
    }

    private takeFragment(header: HandshakeHeader, record: OpenedRecord, at: number, now: number): void {
        if (this.state === AssociationState.connected && record.epoch > 0 && this.asksForHandshake(header))
            return this.refuseRenegotiation()
        if (header.messageSeq >= this.inbox.nextSeq && !this.mayBeNext(header, record))
            return this.counters.add(Discard.unprotected)
        const kept = this.inbox.add(header, record.epoch, record.plaintext, at)
        if (kept === Fragment.refused) this.counters.add(Discard.badFragment)
        else if (kept === Fragment.past) this.takeRepeated(header, record, at, now)
        else this.process(now)
    }

    /**
     * Whether a message that was not processed yet is welcome: not once the handshake is done, not unprotected once
     * keys are active, and a HelloRequest during a handshake means nothing (RFC 5246 §7.4.1.1).
     */
    private mayBeNext(header: HandshakeHeader, record: OpenedRecord): boolean {
        if (this.state === AssociationState.connected || record.epoch !== this.record.readEpoch) return false
        return !(this.handshake.isClient() && header.type === HandshakeType.helloRequest)
    }

    /** Walks the grammar as far as complete messages and answered questions allow. */
    private process(now: number): void {
        while (this.state === AssociationState.handshaking && this.handshake.question === undefined) {
            if (this.handshake.walkChangeCipherSpec()) this.activateRead(now)
            else {
                const message = this.inbox.peek()
                if (message === undefined) break
                this.walk(message)
            }
            this.settle(now)
        }
    }

    private walk(message: HandshakeMessage): void {
        if (this.handshake.walk(message) === Walked.unexpected) return this.refuse(message)
        this.inbox.advance()
        this.unprotectedAlert = AlertDescription.none
        this.lastTaken = message.messageSeq
        this.repeatedFlights = 0
        if (message.type === HandshakeType.finished) this.lastFinished = message
    }

    /** Unprotected, anyone may have sent it: it is dropped, and its place is free for the true one. */
    private refuse(message: HandshakeMessage): void {
        this.inbox.reject()
        this.counters.add(Discard.unexpected)
        if (message.epoch > 0) this.handshake.fail(FailureReason.unexpectedMessage, AlertDescription.unexpectedMessage)
    }

    /** The peer's next epoch begins; what came early for it is read now. */
    private activateRead(now: number): void {
        // Unprotected messages that wait for their turn can only be forged: the peer's next one is its Finished (F13).
        this.inbox.clear()
        const waiting = this.record.activateRead(this.handshake.takeReadKeys())
        for (const datagram of waiting) this.records(new Reader(datagram, 0, datagram.length), now)
    }

    /** Acts on what the last step decided: failure, question, flight, end of the handshake. */
    private settle(now: number): void {
        const h = this.handshake
        if (h.failure !== 0) return this.fail(h.failure, h.alert)
        if (h.question !== undefined && h.question !== this.asked) {
            this.asked = h.question
            // The peer's flight is complete: nothing is repeated while its answer is prepared (RFC 6347 §4.2.4).
            this.timer.stop()
            const output = new Output(OutputKind.question, undefined)
            output.question = h.question
            this.outputs.push(output)
        }
        if (h.flightReady) {
            h.flightReady = false
            this.answeredSeq = this.lastTaken
            this.resends = 0
            this.transmit(now)
            if (this.isOver()) return
            if (h.flightExpectsAnswer) this.timer.start(now, this.luck())
            else this.timer.stop()
        }
        if (h.complete && this.state === AssociationState.handshaking) this.connected(now)
    }

    private connected(now: number): void {
        this.state = AssociationState.connected
        this.timer.stop()
        this.handshakeDeadline = NEVER
        this.inbox.clear()
        if (this.handshake.isClient()) this.outbox.begin()
        else this.lastFlightUntil = now + LAST_FLIGHT_KEPT
        this.outputs.push(new Output(OutputKind.connected, undefined))
        for (const message of this.held) this.deliver(message)
        this.held = []
        this.heldBytes = 0
    }

    /** Gives the answer to the question that is open. `value` as the question's kind says; undefined: there is none. */
    answer(value: unknown, now: number): void {
        if (this.handshake.question === undefined || this.state !== AssociationState.handshaking) return
        this.handshake.answer(value)
        this.settle(now)
        // Without a flight of our own the peer's is still incomplete: ours is repeated until it is (RFC 6347 §4.2.4).
        if (this.state === AssociationState.handshaking && this.timer.at >= NEVER) this.timer.start(now, this.luck())
        this.process(now)
        this.flush(now)
    }

    /** A message that was processed before: the peer repeats itself, perhaps because our flight was lost. */
    private takeRepeated(header: HandshakeHeader, record: OpenedRecord, at: number, now: number): void {
        const whole = header.fragmentLength === header.length
        this.counters.add(Discard.messageSeq)
        if (header.type === HandshakeType.helloVerifyRequest && whole && this.state === AssociationState.handshaking) {
            const body = copyOf(record.plaintext, at, at + header.length)
            this.handshake.walk({ type: header.type, messageSeq: header.messageSeq, body, epoch: record.epoch })
            return this.settle(now)
        }
        const ends = header.fragmentOffset + header.fragmentLength === header.length
        if (ends && header.messageSeq === this.answeredSeq && this.handshake.question === undefined)
            this.peerRepeats(header, record, at, now)
    }

    /**
     * The last message of the peer's flight again. Answering at most once per half timeout keeps two
     * retransmitting peers from driving each other (F20).
     */
    private peerRepeats(header: HandshakeHeader, record: OpenedRecord, at: number, now: number): void {
        if (this.state === AssociationState.connected && !this.isLastFinished(header, record, at)) return
        // A server that hears our flight again and again, and only repeats its own, does not accept our Finished.
        this.repeatedFlights++
        if (this.handshake.isClient() && this.repeatedFlights > 2) this.suspectMismatch()
        const { attempts, initial } = this.settings.retransmission
        if (this.outbox.isEmpty() || this.resends >= attempts || now - this.lastSent < initial / 2) return
        this.resends++
        this.diagnose(Diagnostic.peerRepeats, 0)
        this.transmit(now)
    }

    /** Only the very same Finished, under the same keys, is a repetition (H05). */
    private isLastFinished(header: HandshakeHeader, record: OpenedRecord, at: number): boolean {
        const last = this.lastFinished
        if (last === undefined || record.epoch !== last.epoch || header.type !== last.type) return false
        if (header.fragmentOffset !== 0 || header.length !== last.body.length) return false
        return equal(copyOf(record.plaintext, at, at + header.length), last.body)
    }

    private asksForHandshake(header: HandshakeHeader): boolean {
        return header.type === (this.handshake.isClient() ? HandshakeType.helloRequest : HandshakeType.clientHello)
    }

    /** Renegotiation is refused with one warning (RFC 5746 §4.5, RFC 7925 §17). */
    private refuseRenegotiation(): void {
        this.counters.add(Discard.unexpected)
        if (this.refusedRenegotiation) return
        this.refusedRenegotiation = true
        this.diagnose(Diagnostic.renegotiationRefused, 0)
        this.sendAlert(AlertLevel.warning, AlertDescription.noRenegotiation)
    }

    // ChangeCipherSpec, alerts, application data

    private takeChangeCipherSpec(record: OpenedRecord, now: number): void {
        const wellFormed = record.plaintext.length === 1 && record.plaintext[0] === 1
        if (!wellFormed || record.epoch !== 0 || this.state !== AssociationState.handshaking)
            return this.counters.add(Discard.unexpected)
        this.handshake.changeCipherSpecSeen = true
        this.process(now)
    }

    private takeAlert(record: OpenedRecord, now: number): void {
        if (record.plaintext.length !== 2) return this.counters.add(Discard.unexpected)
        const level = record.plaintext[0]
        const description = record.plaintext[1] as AlertDescription
        if (record.epoch === 0) this.takeUnprotectedAlert(level, description, now)
        else if (description === AlertDescription.closeNotify) this.takeCloseNotify()
        else if (level === AlertLevel.fatal) this.endByAlert(description)
        else this.diagnose(Diagnostic.warningAlert, description)
    }

    /** Anyone can forge it, so it counts only if no handshake message follows before the next timer. */
    private takeUnprotectedAlert(level: number, description: AlertDescription, now: number): void {
        if (this.record.readEpoch !== 0 || this.state !== AssociationState.handshaking)
            return this.counters.add(Discard.unprotected)
        if (level !== AlertLevel.fatal) return this.diagnose(Diagnostic.warningAlert, description)
        if (this.unprotectedAlert === AlertDescription.none) this.diagnose(Diagnostic.unprotectedAlert, description)
        this.unprotectedAlert = description
        if (this.timer.at >= NEVER && this.handshake.question === undefined) this.timer.start(now, this.luck())
    }

    private takeCloseNotify(): void {
        if (this.peerClosed) return
        this.peerClosed = true
        if (this.state === AssociationState.handshaking) return this.endByAlert(AlertDescription.closeNotify)
        this.outputs.push(new Output(OutputKind.closed, undefined))
    }

    private endByAlert(alert: AlertDescription): void {
        this.end({ reason: FailureReason.peerAlert, alert, expecting: this.handshake.expecting() })
    }

    private takeApplicationData(record: OpenedRecord): void {
        if (record.epoch === 0) return this.counters.add(Discard.unprotected)
        if (this.state === AssociationState.connected) {
            this.forgetLastFlight()
            return this.deliver(record.plaintext)
        }
        const { earlyRecordBytes, receiveQueueMessages } = this.settings.limits
        if (this.held.length >= receiveQueueMessages || this.heldBytes + record.plaintext.length > earlyRecordBytes)
            return this.counters.add(Discard.earlyFull)
        this.held.push(record.plaintext)
        this.heldBytes += record.plaintext.length
    }

    /** The peer uses the new keys, so it has our Finished. */
    private forgetLastFlight(): void {
        if (this.lastFlightUntil === NEVER) return
        this.lastFlightUntil = NEVER
        this.outbox.begin()
        this.lastFinished = undefined
    }

    private deliver(message: Buffer): void {
        if (this.readClosed || this.peerClosed) return this.counters.add(Discard.unexpected)
        this.outputs.push(new Output(OutputKind.message, message))
    }

    // Wrong keys

    /** A record under the handshake's new keys did not verify. */
    private watchForMismatch(): void {
        if (this.record.failedRecords === 0) return
        if (this.state === AssociationState.handshaking) {
            this.suspectMismatch()
            if (this.settings.alertOnKeyMismatch) this.fail(FailureReason.keyMismatch, AlertDescription.decryptError)
        } else if (this.isShortTagExhausted()) this.fail(FailureReason.tooManyForgeries, AlertDescription.badRecordMac)
    }

    private isShortTagExhausted(): boolean {
        const suite = this.handshake.suite as CipherSuite
        return hasShortTag(suite) && this.record.failedRecords >= this.settings.limits.ccm8Failures
    }

    private suspectMismatch(): void {
        if (this.mismatchSuspected) return
        this.mismatchSuspected = true
        this.diagnose(Diagnostic.keyMismatch, 0)
    }

    // Time

    /** Runs the timers that are due at `now`. */
    tick(now: number): void {
        if (this.isOver()) return
        if (now >= this.lastFlightUntil) this.forgetLastFlight()
        if (now >= this.idleAt()) return this.sayGoodbye(FailureReason.idle)
        if (this.state !== AssociationState.handshaking) return
        if (now >= this.handshakeDeadline) this.giveUp()
        else if (now >= this.timer.at) this.retransmit(now)
        this.flush(now)
    }

    private retransmit(now: number): void {
        if (this.unprotectedAlert !== AlertDescription.none || !this.timer.expire(now, this.luck()))
            return this.giveUp()
        this.diagnose(Diagnostic.retransmitting, this.timer.timeouts)
        this.inbox.dropContradicted()
        const budget = smallerBudget(
            this.settings.pathBudget,
            this.timer.timeouts,
            this.settings.retransmission.shrinkAfter,
        )
        if (budget < this.budget) {
            this.budget = budget
            this.diagnose(Diagnostic.smallerDatagrams, budget)
        }
        this.transmit(now)
    }

    private giveUp(): void {
        if (this.unprotectedAlert !== AlertDescription.none) return this.endByAlert(this.unprotectedAlert)
        const reason = this.mismatchSuspected ? FailureReason.keyMismatch : FailureReason.timeout
        this.drop(reason)
    }

    /** Random number below 1 for the jitter. */
    private luck(): number {
        if (this.settings.retransmission.jitter === 0) return 0
        return this.settings.crypto.random(1)[0] / 256
    }

    // Sending

    private transmit(now: number): void {
        const datagrams = this.outbox.datagrams(this.record, this.budget)
        if (datagrams === undefined) return this.fail(FailureReason.keysUsedUp, AlertDescription.none)
        for (const datagram of datagrams) this.outputs.push(new Output(OutputKind.datagram, datagram))
        this.lastSent = now
    }

    /** Something may have changed outside a step. */
    private flush(now: number): void {
        if (this.state === AssociationState.handshaking) this.settle(now)
    }

    /** Largest application message, bytes. */
    maxMessage(): number {
        return Math.min(this.settings.pathBudget - this.record.overhead(this.record.write.epoch), MAX_PLAINTEXT)
    }

    /** Whether `send` would take a message now. */
    canSend(): boolean {
        return this.state === AssociationState.connected && !this.writeClosed
    }

    /**
     * Seals messages of at most `maxMessage` bytes, one record each.
     * @param coalesce several records share a datagram up to the path budget
     * @returns how many were taken: fewer when the keys are used up, 0 when `canSend` is false
     */
    send(messages: Buffer[], coalesce: boolean): number {
        if (!this.canSend()) return 0
        const packer = new DatagramPacker(this.record, this.settings.pathBudget)
        const limit = confidentialityLimit(this.handshake.suite as CipherSuite)
        let taken = 0
        for (const message of messages) {
            if (this.record.recordsWritten() >= limit) break
            if (!packer.append(ContentType.applicationData, this.record.write.epoch, message)) break
            if (!coalesce) packer.close()
            taken++
        }
        packer.close()
        for (const datagram of packer.datagrams) this.outputs.push(new Output(OutputKind.datagram, datagram))
        if (taken < messages.length) this.sayGoodbye(FailureReason.keysUsedUp)
        return taken
    }

    private sendAlert(level: AlertLevel, description: AlertDescription): void {
        if (this.writeClosed) return
        const packer = new DatagramPacker(this.record, this.settings.pathBudget)
        packer.append(ContentType.alert, this.record.write.epoch, Buffer.from([level, description]))
        packer.close()
        for (const datagram of packer.datagrams) this.outputs.push(new Output(OutputKind.datagram, datagram))
    }

    // Ends

    /**
     * Closes one or both directions. Closing for writing sends close_notify, once (RFC 5246 §7.2.1);
     * closing both ends the association.
     */
    shutdown(read: boolean, write: boolean): void {
        if (read) this.readClosed = true
        if (write && !this.writeClosed) {
            if (this.state === AssociationState.connected)
                this.sendAlert(AlertLevel.warning, AlertDescription.closeNotify)
            else if (this.state === AssociationState.handshaking) this.cancel()
            this.writeClosed = true
        }
        if (this.readClosed && this.writeClosed && !this.isOver()) {
            this.state = AssociationState.closed
            this.release()
        }
    }

    /** A handshake given up: user_canceled, then close_notify (RFC 5246 §7.2.2). */
    private cancel(): void {
        this.sendAlert(AlertLevel.warning, AlertDescription.userCanceled)
        this.sayGoodbye(FailureReason.closedLocally)
    }

    /** Ends the association with close_notify, where a number is left for it. */
    private sayGoodbye(reason: FailureReason): void {
        this.sendAlert(AlertLevel.warning, AlertDescription.closeNotify)
        this.drop(reason)
    }

    /** Ends the association without a word to the peer. */
    drop(reason: FailureReason): void {
        if (!this.isOver()) this.end({ reason, alert: AlertDescription.none, expecting: this.handshake.expecting() })
    }

    /** The one place where a fatal alert is sent. */
    private fail(reason: FailureReason, alert: AlertDescription): void {
        if (this.isOver()) return
        if (alert !== AlertDescription.none) this.sendAlert(AlertLevel.fatal, alert)
        this.end({ reason, alert, expecting: this.handshake.expecting() })
    }

    private end(failure: Failure): void {
        if (this.isOver()) return
        this.state = AssociationState.failed
        this.failure = failure
        const output = new Output(OutputKind.failed, undefined)
        output.failure = failure
        this.outputs.push(output)
        this.release()
    }

    private release(): void {
        this.timer.stop()
        this.handshakeDeadline = NEVER
        this.lastFlightUntil = NEVER
        this.record.close()
        this.handshake.close()
        this.inbox.clear()
        this.outbox.begin()
        this.held = []
        this.heldBytes = 0
    }

    private isOver(): boolean {
        return this.state === AssociationState.closed || this.state === AssociationState.failed
    }

    private diagnose(diagnostic: Diagnostic, detail: number): void {
        const output = new Output(OutputKind.diagnostic, EMPTY)
        output.diagnostic = diagnostic
        output.detail = detail
        this.outputs.push(output)
    }

    // Looking inside

    /**
     * Keying material (RFC 5705 §4); undefined before the handshake is done and after the end.
     * @param context absent and empty differ
     */
    exportKeyingMaterial(label: string, context: Buffer | undefined, length: number): Buffer | undefined {
        const h = this.handshake
        if (!h.complete || h.master === undefined) return undefined
        const seed = exporterSeed(h.clientRandom, h.serverRandom, context)
        return prf(this.settings.crypto, (h.suite as CipherSuite).hash, h.master, label, seed, length)
    }

    snapshot(): Snapshot {
        return {
            state: this.state,
            expecting: this.handshake.expecting(),
            readEpoch: this.record.readEpoch,
            writeEpoch: this.record.write.epoch,
            nextSequence: this.record.write.nextSequence,
            window: this.record.windowState(),
            nextSeq: this.inbox.nextSeq,
            timer: this.timer.at,
            inboxBytes: this.inbox.bytesKept(),
            outboxBytes: this.outbox.bytesKept(),
            earlyBytes: this.record.bytesKept() + this.heldBytes,
            heldMessages: this.held.length,
            outputs: this.outputs.length,
        }
    }
}
