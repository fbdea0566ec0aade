import { Reader } from "../bytes/reader.js"
import { type RecordProtection } from "../crypto/provider.js"
import { NEVER } from "../flight/retransmission.js"
import { FailureReason } from "../handshake/failure.js"
import { type Answer } from "../handshake/question.js"
import { type CipherSuite } from "../handshake/cipher-suite.js"
import { findHelloExtension, type HelloExtension, type PathCheck } from "../handshake/hello-extension.js"
import { type SecurityParameters } from "../handshake/security-parameters.js"
import { type AssociationSettings } from "../handshake/settings.js"
import { Discard } from "../record/discard.js"
import { type OpenedRecord, Verified } from "../record/record-layer.js"
import {
    AlertDescription,
    AlertLevel,
    ContentType,
    DTLS_1_2,
    ExtensionType,
    HandshakeType,
} from "../wire/code-points.js"
import { type HandshakeHeader, readHandshakeHeader } from "../wire/handshake-header.js"
import { AssociationEnds } from "./association-ends.js"
import { AssociationPhase, type AssociationState, type LastingState } from "./association-state.js"
import { type Driver, type DriverOwner } from "./driver.js"
import { type DriverRole } from "./handshake-driver.js"
import { lastingStateOf, restoreState, type StateOwner } from "./lasting-state.js"
import { Diagnostic, type Output, OutputKind } from "./output.js"

/** Limit on records read from one datagram in one call; profile `mcu` reads fewer (limits.ts). */
const MAX_RECORDS_PER_DATAGRAM = 8

/** Limit on fragments read from one record. A whole flight has far fewer; the limit bounds the work per datagram. */
const MAX_FRAGMENTS = 32

/**
 * One peer: record layer, flights and handshake behind a few calls (Seam 1). Nothing here reads a clock, generates
 * randomness or does I/O: time is passed in as `now` (ms), and everything to be done is returned by `poll`. Peer input
 * never throws.
 * @devsWhenUsed
 */
export class Association extends AssociationEnds implements DriverOwner, StateOwner {
    parameters: SecurityParameters
    isClient: boolean
    private refusedRenegotiation = false
    /** when the last authentic record came, ms */
    private lastHeard = 0

    /**
     * @param firstSeq server: message_seq of the ClientHello that begins this association; client: 0
     * @param firstSequence server: record sequence number of that hello, from which ours continue after the
     * HelloVerifyRequest
     */
    constructor(settings: AssociationSettings, role: DriverRole, firstSeq: number, firstSequence: number) {
        super(settings)
        this.isClient = role.isClient
        this.record.write.nextSequence = firstSequence
        const driver = role.newDriver(this, firstSeq)
        this.parameters = driver.handshake.parameters
        this.driver = driver
    }

    /** The next output, oldest first; undefined when there is none. Call it until then after every other call. */
    poll(): Output | undefined {
        return this.outputs.dequeue()
    }

    /** When `tick` has to be called next, ms; NEVER if there is no need. */
    deadline(): number {
        const { driver } = this
        const idleAt = this.idleAt()
        if (driver === undefined) return idleAt
        const isQuiet = this.record.write.nextSequence < driver.quietBelow
        const at = isQuiet ? (driver.handshakeUntil as number) : driver.wantsTickAt()
        return at < idleAt ? at : idleAt
    }

    /** Connected, and if `deadline` has changed since the last call of it, then to a later time. */
    isQuiet(): boolean {
        const { driver } = this
        if (this.phase !== AssociationPhase.connected) return false
        return driver === undefined || this.record.write.nextSequence < driver.quietBelow
    }

    /** When a server drops this peer for being idle. */
    private idleAt(): number {
        if (this.isClient || this.phase !== AssociationPhase.connected) return NEVER
        const { idleTimeout } = this.settings.limits
        return idleTimeout > 0 ? this.lastHeard + idleTimeout : NEVER
    }

    /** Client: sends the first flight. Server: starts the handshake deadline. Does nothing if already begun. */
    begin(now: number): void {
        if (this.phase !== AssociationPhase.idle || this.writeClosed || this.driver === undefined) return
        this.phase = AssociationPhase.handshaking
        this.driver.begin(now)
    }

    /**
     * Takes bytes [0, length) of `datagram`; the Buffer may be reused afterwards.
     * @returns whether any of its records was protected and verified, and whether one was the newest so far
     */
    receive(datagram: Buffer, length: number, now: number): Verified {
        let verified = Verified.none
        try {
            verified = this.records(datagram, length, now)
        } catch (error) {
            this.abort((error as Error).message)
        }
        return verified
    }

    private records(datagram: Buffer, length: number, now: number): Verified {
        const layer = this.record
        const { failedRecords } = layer
        let verified = Verified.none
        let count = 0
        let at = 0
        while (at < length && !this.isOver()) {
            const plaintext = layer.takeRecord(datagram, at, length)
            at = layer.behind
            if (plaintext !== undefined && at === length && count === 0 && this.isNextMessage(plaintext)) {
                // Fast path: most datagrams are a single message.
                this.lastHeard = now
                this.outputs.enqueue(OutputKind.message, plaintext)
                return Verified.newest
            }
            const one = this.takeOpened(plaintext, now)
            if (one > verified) verified = one
            if (at < length) {
                count++
                if (count === this.settings.limits.recordsPerDatagram) {
                    this.counters.add(Discard.tooManyRecords)
                    break
                }
            }
        }
        if (this.savingWanted()) this.outputs.diagnose(Diagnostic.saveWanted, 0)
        if (layer.failedRecords > failedRecords) {
            // A datagram counts as one forgery however many of its records failed, because one datagram is the sender's
            // cost.
            layer.failedRecords = failedRecords + 1
            this.watchForMismatch()
        }
        return verified
    }

    /** Whether the record layer has just taken the newest record, and it is a message that can be delivered at once. */
    private isNextMessage(plaintext: Buffer): boolean {
        const { driver, record } = this
        if (record.type !== ContentType.applicationData || record.verified !== Verified.newest) return false
        if (this.phase !== AssociationPhase.connected || this.peerClosed || this.readClosed || record.holds)
            return false
        // With a last flight to keep, it has to be asked.
        return plaintext.length <= record.readLimit && (driver === undefined || driver.quietBelow > 0)
    }

    /** @param plaintext of the record that the record layer has taken; undefined: it was discarded or stored */
    private takeOpened(plaintext: Buffer | undefined, now: number): Verified {
        if (plaintext === undefined) return Verified.none
        const layer = this.record
        const { type, epoch, verified } = layer
        if (epoch > 0) this.lastHeard = now
        if (this.peerClosed && this.isPastClose(layer.opened(plaintext))) this.counters.add(Discard.unexpected)
        else if (epoch > 0 && plaintext.length > layer.readLimit)
            this.fail(FailureReason.recordOverflow, AlertDescription.recordOverflow)
        else if (type === ContentType.applicationData) this.takeApplicationData(epoch, plaintext)
        else this.takeOther(layer.opened(plaintext), now)
        // Path challenges and responses do not change the address, or two sides could exchange them for ever.
        if (type === ContentType.returnRoutabilityCheck && verified === Verified.newest) return Verified.older
        return verified
    }

    private takeOther(record: OpenedRecord, now: number): void {
        const { type } = record
        if (type === ContentType.handshake) this.takeHandshake(record, now)
        else if (type === ContentType.changeCipherSpec) this.takeChangeCipherSpec(record, now)
        else if (type === ContentType.alert) this.takeAlert(record, now)
        else if (this.driver === undefined || !this.driver.takeOther(record, now)) this.takeRoutability(record)
    }

    /** Data after the peer's close_notify is ignored (RFC 5246 §7.2.1, RFC 9147 §5.10). */
    private isPastClose(record: OpenedRecord): boolean {
        const { driver } = this
        return driver === undefined || driver.isPastClose(record)
    }

    /** Verified records, or messages to be sent, are held until the association is saved again. */
    savingWanted(): boolean {
        return this.record.holds
    }

    /** Takes the records that are held, once the saved state would survive a loss of power. */
    takeHeld(now: number): void {
        this.onEarlyRecords(this.record.takeHeld(), now)
    }

    // Return routability

    pathCheck(): PathCheck | undefined {
        return this.extension(ExtensionType.returnRoutabilityCheck) as PathCheck | undefined
    }

    extension(type: number): HelloExtension | undefined {
        return findHelloExtension(this.settings.extensions, type)
    }

    /** Takes a record of any other type. It was verified but its type was encrypted, so it may be anything. */
    private takeRoutability(record: OpenedRecord): void {
        const check = this.pathCheck()
        const isOne = record.type === ContentType.returnRoutabilityCheck && this.canSend()
        if (check === undefined || !isOne) return this.counters.add(Discard.unexpected)
        const answer = check.take(record.plaintext)
        if (answer !== undefined) this.sendRecord(ContentType.returnRoutabilityCheck, answer)
    }

    /**
     * Asks the peer to respond from the address where it was heard last (RFC 9853 §5).
     * @param isNew the peer has just appeared there; otherwise the challenge or its response may have been lost
     * @returns false if return routability was not negotiated
     */
    challengePath(isNew: boolean): boolean {
        const check = this.pathCheck()
        if (check === undefined || !check.agreed || !this.canSend()) return false
        const message = isNew ? check.challenge(this.settings.crypto) : check.challengeAgain()
        this.sendRecord(ContentType.returnRoutabilityCheck, message)
        return true
    }

    /**
     * The peer or this side has a new address: from now on records carry another of the peer's connection ids, if it
     * has given spare ones (RFC 9147 §9).
     * @returns false: there is no spare id, and the old one stays in use
     */
    useNewPath(): boolean {
        return this.driver !== undefined && this.driver.onNewPath()
    }

    /** Whether the last challenge was answered. */
    isPathConfirmed(): boolean {
        const check = this.pathCheck()
        return check !== undefined && check.agreed && check.isConfirmed()
    }

    // Handshake messages

    /** A record holds one or more fragments, each with its header (RFC 6347 §4.2.3). */
    private takeHandshake(record: OpenedRecord, now: number): void {
        const reader = new Reader(record.plaintext, 0, record.plaintext.length)
        let count = 0
        // A record without a fragment is invalid and discarded (RFC 9147 §4.5.2), so the first header is always read.
        while ((count === 0 || reader.remaining() > 0) && !this.isOver()) {
            count++
            const header = count > MAX_FRAGMENTS ? undefined : readHandshakeHeader(reader)
            if (header === undefined) return this.counters.add(Discard.badFragment)
            this.takeFragment(header, record, reader.at, now)
            reader.at += header.fragmentLength
        }
    }

    private takeFragment(header: HandshakeHeader, record: OpenedRecord, at: number, now: number): void {
        const asks = this.phase === AssociationPhase.connected && record.epoch > 0 && this.asksForHandshake(header)
        if (asks) this.refuseRenegotiation()
        else if (this.driver !== undefined) this.driver.take(header, record, at, now)
        else this.counters.add(record.epoch > 0 ? Discard.messageSeq : Discard.unprotected)
    }

    onConnected(): void {
        this.phase = AssociationPhase.connected
        this.outputs.enqueue(OutputKind.connected, undefined)
        for (const message of this.held) this.deliver(message)
        this.held = []
        this.heldBytes = 0
    }

    onDriven(): void {
        this.driver = undefined
        this.record.endHandshake()
    }

    onHandedOver(driver: Driver, parameters: SecurityParameters): void {
        this.parameters = parameters
        this.driver = driver
    }

    onEarlyRecords(records: Buffer[], now: number): void {
        for (const record of records) this.records(record, record.length, now)
    }

    /** Answers the open question, as its kind demands; undefined: there is no answer. */
    answer(answer: Answer | undefined, now: number): void {
        if (this.driver === undefined) return
        try {
            this.driver.answer(answer, now)
        } catch (error) {
            this.abort((error as Error).message)
        }
    }

    /** Newer versions have no renegotiation; such a message is simply unexpected there (RFC 8446 §4.1.2). */
    private asksForHandshake(header: HandshakeHeader): boolean {
        if (this.parameters.version !== DTLS_1_2) return false
        return header.type === (this.isClient ? HandshakeType.helloRequest : HandshakeType.clientHello)
    }

    /** Renegotiation is refused with one warning (RFC 5746 §4.5, RFC 7925 §17). */
    private refuseRenegotiation(): void {
        this.counters.add(Discard.unexpected)
        if (this.refusedRenegotiation) return
        this.refusedRenegotiation = true
        this.outputs.diagnose(Diagnostic.renegotiationRefused, 0)
        this.sendAlert(AlertLevel.warning, AlertDescription.noRenegotiation)
    }

    // ChangeCipherSpec, alerts, application data

    private takeChangeCipherSpec(record: OpenedRecord, now: number): void {
        if (this.driver === undefined) this.counters.add(Discard.unexpected)
        else this.driver.takeChangeCipherSpec(record, now)
    }

    private takeAlert(record: OpenedRecord, now: number): void {
        if (record.plaintext.length !== 2) return this.counters.add(Discard.unexpected)
        const level = record.plaintext[0]
        const description = record.plaintext[1] as AlertDescription
        if (record.epoch === 0) this.takeUnprotectedAlert(level, description, now)
        else if (description === AlertDescription.closeNotify) this.takeCloseNotify(record)
        else if (level === AlertLevel.fatal || this.isError(description))
            this.fail(FailureReason.peerAlert, description)
        else this.outputs.diagnose(Diagnostic.warningAlert, description)
    }

    /** Since DTLS 1.3 the level of an alert says nothing (RFC 8446 §6). */
    private isError(description: AlertDescription): boolean {
        return this.parameters.version !== DTLS_1_2 && description !== AlertDescription.userCanceled
    }

    private takeUnprotectedAlert(level: number, description: AlertDescription, now: number): void {
        if (this.driver === undefined) this.counters.add(Discard.unprotected)
        else this.driver.takeUnprotectedAlert(level, description, now)
    }

    private takeCloseNotify(record: OpenedRecord): void {
        if (this.driver !== undefined) this.driver.onPeerClosed(record)
        if (this.peerClosed) return
        this.peerClosed = true
        if (this.phase === AssociationPhase.handshaking)
            return this.fail(FailureReason.peerAlert, AlertDescription.closeNotify)
        this.outputs.enqueue(OutputKind.closed, undefined)
    }

    private takeApplicationData(epoch: number, message: Buffer): void {
        if (epoch === 0) return this.counters.add(Discard.unprotected)
        if (this.phase === AssociationPhase.connected) {
            const { driver } = this
            // With any other value it keeps none.
            if (driver !== undefined && driver.quietBelow === 0) driver.forgetLastFlight()
            return this.deliver(message)
        }
        const { earlyRecordBytes, receiveQueueMessages } = this.settings.limits
        if (this.held.length >= receiveQueueMessages || this.heldBytes + message.length > earlyRecordBytes)
            return this.counters.add(Discard.earlyFull)
        this.held.push(message)
        this.heldBytes += message.length
    }

    private deliver(message: Buffer): void {
        if (this.readClosed) this.counters.add(Discard.unexpected)
        else this.outputs.enqueue(OutputKind.message, message)
    }

    // Wrong keys

    /** Counts a record under the newest keys that did not verify. */
    private watchForMismatch(): void {
        if (this.driver !== undefined) this.driver.suspectMismatch()
        if (this.phase === AssociationPhase.handshaking) {
            if (this.settings.alertOnKeyMismatch) this.fail(FailureReason.keyMismatch, AlertDescription.decryptError)
            return
        }
        const atLimit = this.record.failedRecords >= this.settings.limits.ccm8Failures
        const { suite } = this.parameters
        if (atLimit && suite !== undefined && suite.aead.tagLength === 8)
            this.fail(FailureReason.tooManyForgeries, AlertDescription.badRecordMac)
    }

    // Time

    /** Runs the timers that are due at `now`. */
    tick(now: number): void {
        if (this.isOver()) return
        if (now >= this.idleAt()) this.sayGoodbye(FailureReason.idle)
        else if (this.driver !== undefined) this.tickDriver(this.driver, now)
    }

    private tickDriver(driver: Driver, now: number): void {
        try {
            driver.tick(now)
        } catch (error) {
            this.abort((error as Error).message)
        }
    }

    // Sending

    /** Largest application message, bytes. */
    maxMessage(): number {
        return Math.min(this.settings.pathBudget - this.record.messageOverhead(), this.record.writeLimit)
    }

    /** Whether `send` would accept a message now. */
    canSend(): boolean {
        return this.phase === AssociationPhase.connected && !this.writeClosed
    }

    /**
     * Seals messages of at most `maxMessage` bytes, one record each.
     * @param coalesce several records share a datagram, up to the path budget
     * @returns how many were sent: fewer when the keys or the reserved numbers are used up; 0 when `canSend` is false
     */
    send(messages: Buffer[], coalesce: boolean): number {
        if (!this.canSend()) return 0
        // Fast path: a single message needs no grouping.
        if (messages.length === 1 && this.sendRecords(messages)) return 1
        const overhead = this.record.messageOverhead()
        let group: Buffer[] = []
        let room = 0
        let taken = 0
        for (const message of messages) {
            if (!this.record.hasNumbers(group.length + 1)) break
            room -= message.length + overhead
            if (!coalesce || room < 0 || group.length === MAX_RECORDS_PER_DATAGRAM) {
                if (group.length > 0) this.sendRecords(group)
                group = []
                room = this.settings.pathBudget - message.length - overhead
            }
            group.push(message)
            taken++
        }
        if (group.length > 0) this.sendRecords(group)
        const { nextSequence, maxRecords } = this.record.write
        if (taken < messages.length && nextSequence >= maxRecords) this.sayGoodbye(FailureReason.keysUsedUp)
        return taken
    }

    /** Sends messages in one datagram. @returns false, and sends nothing, if too few numbers are left for them */
    private sendRecords(messages: Buffer[]): boolean {
        const datagram = this.record.sealMessages(messages)
        if (datagram === undefined) return false
        this.outputs.enqueue(OutputKind.datagram, datagram)
        return true
    }

    // State and keying material

    /**
     * Exports keying material (RFC 5705 §4); undefined before the handshake is done and after the association has
     * ended.
     * @param context absent and empty give different results
     */
    exportKeyingMaterial(label: string, context: Buffer | undefined, length: number): Buffer | undefined {
        const { parameters } = this
        return parameters.complete ? parameters.exportKeyingMaterial(label, context, length) : undefined
    }

    /**
     * Resumes from a saved state instead of a handshake. Nothing is sent or received before sequence numbers are
     * reserved for it (saved-association.ts).
     */
    restore(
        state: LastingState,
        suite: CipherSuite,
        read: RecordProtection,
        write: RecordProtection,
        now: number,
    ): void {
        const { record } = this
        restoreState(this, state, suite)
        record.restore(state, read, write, suite.aead.confidentialityLimit)
        this.lastHeard = now
        this.phase = AssociationPhase.connected
        this.outputs.enqueue(OutputKind.connected, undefined)
    }

    /** The state to save, as of now. */
    lastingState(): LastingState {
        return lastingStateOf(this)
    }

    /** All state as of now, in a flat record. */
    snapshot(): AssociationState {
        const { driver, record } = this
        return Object.assign(this.lastingState(), {
            phase: this.phase,
            peerClosed: this.peerClosed,
            writeClosed: this.writeClosed,
            readClosed: this.readClosed,
            expecting: this.expecting(),
            nextSeq: driver === undefined ? -1 : driver.expectedSeq(),
            timer: driver === undefined ? NEVER : driver.timerAt(),
            inboxBytes: driver === undefined ? 0 : driver.bytesReceived(),
            outboxBytes: driver === undefined ? 0 : driver.bytesToRepeat(),
            earlyBytes: record.bytesKept() + this.heldBytes,
            heldMessages: this.held.length,
            outputs: this.outputs.count(),
        })
    }
}
