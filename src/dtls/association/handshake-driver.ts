import { Fragment, type HandshakeMessage, Inbox } from "../flight/inbox.js"
import { NEVER, RetransmissionTimer, smallerBudget } from "../flight/retransmission.js"
import { FailureReason } from "../handshake/failure.js"
import { type Handshake, type ReadKeys } from "../handshake/handshake.js"
import { type Answer, type Question } from "../handshake/question.js"
import { type Role } from "../handshake/role.js"
import { type AssociationSettings } from "../handshake/settings.js"
import { Discard, type DiscardCounters } from "../record/discard.js"
import { type OpenedRecord, type RecordLayer } from "../record/record-layer.js"
import { AlertDescription, AlertLevel, HandshakeType } from "../wire/code-points.js"
import { type HandshakeHeader } from "../wire/handshake-header.js"
import { type Driver, type DriverOwner } from "./driver.js"
import { Diagnostic, OutputKind, type OutputQueue } from "./output.js"
import { ProvisionalFailure } from "./provisional-failure.js"

/** A role, with the driver for its handshakes; each version has its own. */
export interface DriverRole extends Role {
    /** @param firstSeq message_seq at which both sides begin */
    newDriver: (owner: DriverOwner, firstSeq: number) => HandshakeDriver
}

/**
 * How long a retransmitted Finished is answered with the last flight, ms: twice the maximum segment lifetime (RFC 6347
 * §4.2.4).
 */
export const LAST_FLIGHT_KEPT = 240000

/**
 * Drives one handshake: passes reassembled messages to the step table, sends flights and retransmits them, by timer or
 * because the peer retransmits its own. Subclasses decide what their version accepts and when it is done.
 * @devsWhenUsed
 */
export abstract class HandshakeDriver implements Driver {
    handshake: Handshake
    quietBelow = 0
    /** from the first flight until the handshake is done or given up */
    running = false
    protected inbox: Inbox
    protected timer: RetransmissionTimer
    protected handshakeDeadline = NEVER
    protected budget: number
    protected provisional: ProvisionalFailure
    /** the question put to the application last */
    protected asked: Question | undefined = undefined
    protected lastSent = 0
    protected lastFinished: HandshakeMessage | undefined = undefined
    /**
     * message_seq of the last message processed, and of the one our flight answers: if that is repeated, our flight was
     * lost
     */
    private lastTaken = -1
    protected answeredSeq = -1
    /** how often the current flight was retransmitted because the peer retransmitted its own */
    private resends = 0
    /** one unprotected warning was reported; later ones are not, because anyone can send them */
    private warned = false

    protected settings: AssociationSettings
    protected record: RecordLayer
    protected counters: DiscardCounters
    protected outputs: OutputQueue

    /** @param firstSeq message_seq at which both sides begin */
    constructor(
        protected owner: DriverOwner,
        role: Role,
        firstSeq: number,
    ) {
        const { settings, record, outputs } = owner
        this.settings = settings
        this.record = record
        this.counters = owner.counters
        this.outputs = outputs
        this.provisional = new ProvisionalFailure(outputs)
        this.inbox = new Inbox(settings.limits, firstSeq)
        this.handshake = role.newHandshake(settings, record, firstSeq)
        this.timer = new RetransmissionTimer(settings.retransmission)
        this.budget = settings.pathBudget
    }

    begin(now: number): void {
        this.running = true
        this.handshakeDeadline = now + this.settings.retransmission.deadline
        if (this.handshake.isClient) this.handshake.start()
        this.settle(now)
    }

    /** Continues the handshake of `other`, whose first flight counts as this driver's. */
    takeOver(other: HandshakeDriver, now: number): void {
        this.running = true
        this.inbox = other.inbox
        this.timer = other.timer
        this.handshakeDeadline = other.handshakeDeadline
        this.lastSent = other.lastSent
        this.budget = other.budget
        this.process(now)
    }

    abstract wantsTickAt(): number
    abstract tick(now: number): void

    /** Runs the timers that every version has. */
    protected tickHandshake(now: number): void {
        if (!this.running) return
        if (now >= this.handshakeDeadline) this.giveUp()
        else if (now >= this.timer.at) this.retransmit(now)
    }

    abstract take(header: HandshakeHeader, record: OpenedRecord, at: number, now: number): void
    abstract takeOther(record: OpenedRecord, now: number): boolean
    abstract takeChangeCipherSpec(record: OpenedRecord, now: number): void

    /** Adds an acceptable fragment to its message, and processes the message if it is complete. */
    protected keep(header: HandshakeHeader, record: OpenedRecord, at: number, now: number): Fragment {
        const begins = header.messageSeq === this.inbox.nextSeq && header.fragmentOffset === 0
        const kept = this.inbox.add(header, record.epoch, record.plaintext, at)
        if (kept === Fragment.refused) {
            this.counters.add(Discard.badFragment)
            // A message may be too large to be kept (a certificate chain, say), but its first fragment tells whether it
            // belongs here.
            if (begins && this.handshake.stepOf(header.type, record.epoch) < 0) {
                this.refuse(header.type, record.epoch, now)
                this.settle(now)
            }
        } else if (kept === Fragment.past) this.takeRepeated(header, record, at, now)
        else this.process(now)
        return kept
    }

    isSettled(): boolean {
        return true
    }

    onNewPath(): boolean {
        return false
    }

    onPeerClosed(_record: OpenedRecord): void {}

    isPastClose(_record: OpenedRecord): boolean {
        return true
    }

    onWriteClosed(): void {}

    /**
     * Anyone can forge an unprotected alert, so it counts only if no handshake message follows before the next timeout.
     */
    takeUnprotectedAlert(level: number, description: AlertDescription, now: number): void {
        if (this.record.readEpoch() !== 0 || !this.running) return this.counters.add(Discard.unprotected)
        if (level !== AlertLevel.fatal) {
            if (this.warned) return this.counters.add(Discard.unprotected)
            this.warned = true
            return this.outputs.diagnose(Diagnostic.warningAlert, description)
        }
        this.provisional.suspect(Diagnostic.unprotectedAlert, FailureReason.peerAlert, description)
        this.decideSoon(now)
    }

    /** Makes the next timeout final. The timer has to run for that, but not while the peer waits for our answer. */
    private decideSoon(now: number): void {
        this.provisional.decides = true
        if (this.timer.at >= NEVER && this.handshake.question === undefined) this.timer.start(now, this.jitterByte())
    }

    /** Continues the handshake after messages have become complete or a question was answered. */
    protected process(now: number): void {
        this.walk(now)
    }

    /** Runs steps as far as complete messages and answered questions allow. */
    protected walk(now: number): void {
        while (this.running && this.handshake.question === undefined) {
            if (!this.handshake.walkChangeCipherSpec()) {
                const message = this.inbox.peek()
                if (message === undefined) break
                if (!this.handshake.walk(message)) this.reject(message, now)
                else if (this.handshake.undecided === undefined) this.advance(message)
            }
            this.settle(now)
        }
    }

    private reject(message: HandshakeMessage, now: number): void {
        this.inbox.reject()
        this.counters.add(Discard.unexpected)
        this.refuse(message.type, message.epoch, now)
    }

    protected advance(message: HandshakeMessage): void {
        this.inbox.advance()
        this.provisional.clear()
        this.lastTaken = message.messageSeq
        if (message.type === HandshakeType.finished) this.lastFinished = message
    }

    /**
     * Handles a message that the step table or its step refused. It may be forged: the genuine message can still take
     * its place, unless this one is known to be genuine.
     */
    protected refuse(type: number, epoch: number, now: number): void {
        const h = this.handshake
        const misplaced = h.alert === AlertDescription.unexpectedMessage
        // Known to be genuine: the keys prove it, or for a ClientHello the cookie it is bound to. `settle` ends the
        // handshake.
        if (epoch > 0 || (type === HandshakeType.clientHello && !misplaced)) return
        this.provisional.suspect(Diagnostic.refusedMessage, h.failure, h.alert)
        h.failure = 0
        // When a client retransmits is unrelated to a server's timer, so on a server a misplaced message waits for the
        // deadline. Too many cookies end nothing at once either: the hello is sent again, and the genuine server's
        // cookie followed.
        if (h.alert !== AlertDescription.none && (h.isClient || !misplaced)) this.decideSoon(now)
    }

    /** Begins the peer's next epoch and reads records of it that came early. */
    protected activateRead(keys: ReadKeys, now: number): void {
        this.handshake.readKeys = undefined
        // Unprotected messages still waiting can only be forged: the peer's next one is protected (F13).
        this.inbox.clear()
        this.owner.onEarlyRecords(this.record.activateRead(keys.epoch, keys.protection, keys.nextEpoch), now)
    }

    /** Carries out what the last step decided: failure, question, flight, end of the handshake. */
    settle(now: number): void {
        const h = this.handshake
        if (h.failure !== 0) return this.owner.fail(h.failure, h.alert)
        if (h.readKeys !== undefined && !h.parameters.complete) this.activateRead(h.readKeys, now)
        if (h.question !== undefined && h.question !== this.asked) {
            this.asked = h.question
            // The peer's flight is complete: nothing is retransmitted while the answer is prepared (RFC 6347 §4.2.4).
            this.timer.stop()
            this.outputs.enqueue(OutputKind.question, undefined).question = h.question
        }
        if (h.flightReady) {
            h.flightReady = false
            this.answeredSeq = this.lastTaken
            this.resends = 0
            this.transmit(now)
            if (!this.running) return
            if (h.flightExpectsAnswer) this.timer.start(now, this.jitterByte())
            else this.timer.stop()
        }
        if (h.parameters.complete && this.running) this.conclude(now)
        // Only now the application epoch: its records, and close_notify, may have overtaken the message that completed
        // the handshake.
        if (h.readKeys !== undefined && this.running) this.activateRead(h.readKeys, now)
    }

    /** The handshake is done. */
    protected abstract conclude(now: number): void

    answer(answer: Answer | undefined, now: number): void {
        const { question, undecided } = this.handshake
        if (question === undefined || !this.running) return
        this.handshake.answer(answer)
        if (undecided !== undefined) {
            if (this.handshake.failure !== 0) this.reject(undecided, now)
            else this.advance(undecided)
        }
        this.settle(now)
        // Without a flight of ours the peer's is still incomplete: our previous one is retransmitted until it is
        // (RFC 6347 §4.2.4).
        if (this.running && this.timer.at >= NEVER) this.timer.start(now, this.jitterByte())
        this.process(now)
    }

    /** Takes a message that was processed before: the peer retransmits, perhaps because our flight was lost. */
    protected abstract takeRepeated(header: HandshakeHeader, record: OpenedRecord, at: number, now: number): void

    /** Whether the fragment ends the last message of the flight that ours answers. */
    protected endsAnswered(header: HandshakeHeader): boolean {
        const ends = header.fragmentOffset + header.fragmentLength === header.length
        return ends && header.messageSeq === this.answeredSeq && this.handshake.question === undefined
    }

    /** Retransmits at most once per half timeout, or two retransmitting peers would keep driving each other (F20). */
    protected peerRepeats(now: number): void {
        const { attempts, initial } = this.settings.retransmission
        if (this.handshake.outbox.isEmpty() || this.resends >= attempts || now - this.lastSent < initial / 2) return
        this.resends++
        this.outputs.diagnose(Diagnostic.peerRepeats, 0)
        this.transmit(now)
        this.timer.restart(now, this.jitterByte())
    }

    /** A record under the new keys does not verify, or the peer does not accept ours: reported once, and remembered. */
    suspectMismatch(): void {
        const { provisional } = this
        if (this.running && !provisional.decides)
            provisional.suspect(Diagnostic.keyMismatch, FailureReason.keyMismatch, AlertDescription.none)
    }

    abstract forgetLastFlight(): void

    protected retransmit(now: number): void {
        if (this.provisional.decides || !this.timer.expire(now, this.jitterByte())) return this.giveUp()
        this.handshake.onTimeout()
        this.outputs.diagnose(Diagnostic.retransmitting, this.timer.timeouts)
        this.inbox.dropContradicted()
        const budget = smallerBudget(
            this.settings.pathBudget,
            this.timer.timeouts,
            this.settings.retransmission.shrinkAfter,
        )
        if (budget < this.budget) {
            this.budget = budget
            this.outputs.diagnose(Diagnostic.smallerDatagrams, budget)
        }
        this.transmit(now)
    }

    protected giveUp(): void {
        this.owner.fail(this.provisional.reason, this.provisional.alert)
    }

    /**
     * Jitter of the timer, 0 to 255. It only has to differ between devices, so a byte of our hello's random is good
     * enough; before there is one there is no jitter.
     */
    protected jitterByte(): number {
        const { clientRandom, serverRandom } = this.handshake.parameters
        const ours = this.handshake.isClient ? clientRandom : serverRandom
        return ours.length === 0 ? 0 : ours[this.timer.timeouts & 31]
    }

    protected abstract transmit(now: number): void

    protected send(now: number): void {
        const datagrams = this.handshake.outbox.datagrams(this.record, this.budget)
        if (datagrams === undefined) return this.owner.fail(FailureReason.keysUsedUp, AlertDescription.none)
        for (const datagram of datagrams) this.outputs.enqueue(OutputKind.datagram, datagram)
        this.lastSent = now
    }

    close(): void {
        this.running = false
        this.handshake.close()
        this.inbox.clear()
        this.handshake.outbox.begin()
    }

    expecting(): number {
        return this.handshake.expecting()
    }

    // For snapshots

    expectedSeq(): number {
        return this.inbox.nextSeq
    }

    timerAt(): number {
        return this.timer.at
    }

    bytesReceived(): number {
        return this.inbox.bytesKept()
    }

    bytesToRepeat(): number {
        return this.handshake.outbox.bytesKept()
    }
}
