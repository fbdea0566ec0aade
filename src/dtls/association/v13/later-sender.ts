import { type ProtectionWithId } from "../../crypto/v13/provider.js"
import { type TrafficSecrets } from "../../crypto/v13/traffic-secrets.js"
import { NEVER } from "../../flight/retransmission.js"
import { AcknowledgedOutbox } from "../../flight/v13/outbox.js"
import { type ReceivedRecords } from "../../flight/v13/received-records.js"
import { type CipherSuite } from "../../handshake/cipher-suite.js"
import { FailureReason } from "../../handshake/failure.js"
import { idsOf, protectionBy, sessionsOf } from "../../handshake/v13/lasting-extensions.js"
import { type ServerResumptionV13 } from "../../handshake/v13/resumption.js"
import { type Speaker } from "../../handshake/v13/updatable-ids.js"
import { type RecordLayer, type WriteEpoch } from "../../record/record-layer.js"
import { AlertDescription } from "../../wire/code-points.js"
import { APPLICATION_EPOCH, KEY_UPDATE, UPDATE_NOT_REQUESTED, UPDATE_REQUESTED } from "../../wire/v13/code-points.js"
import { type DriverOwner } from "../driver.js"
import { Diagnostic, OutputKind } from "../output.js"
import { acknowledge } from "./acknowledge.js"
import { type LaterFlight, newFlight } from "./later-flight.js"

const MAX_MESSAGE_SEQ = 0xffff

/** Why a KeyUpdate is to be sent; values above 0 call for one. */
export enum UpdateReason {
    /** none: the peer was asked for new keys of its own and has not answered yet */
    waiting = -1,
    none = 0,
    /** the peer asked for it */
    asked = 1,
    /** to ask the peer for new keys: too many records have failed under the current ones */
    forgeries = 2,
}

/**
 * Keys are updated this many records before their limit, at most: room for what is sent until the peer has acknowledged
 * the KeyUpdate.
 */
const UPDATE_MARGIN = 4096

/**
 * When a pending ACK is due: at any time, but above 0, which is reserved for work that needs no clock, and before every
 * other time.
 */
const ACK_DUE = 1

/**
 * Sends what this side has to send after a handshake of DTLS 1.3: its last flight again, then messages, each after the
 * previous one was acknowledged, and ACKs.
 * @devsWhenUsed
 */
export abstract class LaterSender {
    /** the flight that waits for the peer's acknowledgement: one at a time (RFC 9147 §8, §9) */
    protected flight: LaterFlight | undefined = undefined
    /** records to acknowledge at the next tick */
    protected received: ReceivedRecords | undefined = undefined
    /** this side has closed for writing and begins no more messages */
    private silent = false
    /** why a KeyUpdate of ours is wanted */
    updateReason = UpdateReason.none
    /** Fast path, see Driver. Code that makes something to be sent sets it to 0. */
    quietBelow = 0
    /** see Driver; a client: until its last flight is acknowledged */
    handshakeUntil = NEVER

    protected record: RecordLayer
    /** objects that may have messages for the peer, the most urgent first */
    private speakers: Speaker[] = []

    constructor(
        protected owner: DriverOwner,
        public secrets: TrafficSecrets,
        protected nextSent: number,
    ) {
        const { isClient, record, settings } = owner
        this.record = record
        const ids = idsOf(settings)
        if (ids !== undefined) {
            ids.listener = this
            this.speakers.push(ids)
        }
        // Only a server sends tickets.
        const sessions = isClient ? undefined : (sessionsOf(settings) as ServerResumptionV13 | undefined)
        if (sessions !== undefined) this.speakers.push(sessions)
    }

    /** Continues with a client's last flight, which is retransmitted until the server acknowledges it. */
    goOnWith(lastFlight: LaterFlight): void {
        this.flight = lastFlight
    }

    /** A client can retransmit its last flight only under the handshake keys, which are not saved. */
    isSettled(): boolean {
        return !this.owner.isClient || this.record.write.previous === undefined
    }

    wantsTickAt(): number {
        const { handshakeUntil, record, flight, received } = this
        const wants = this.wantsToSend(flight, record.write)
        if (!wants && flight === undefined && received === undefined) {
            this.quietBelow = Math.max(record.write.maxRecords - UPDATE_MARGIN, 0)
            return handshakeUntil
        }
        if (record.isHeld()) return handshakeUntil
        if (wants) return 0
        if (received !== undefined) return ACK_DUE
        return flight === undefined ? handshakeUntil : Math.min(flight.timer.at, handshakeUntil)
    }

    /** Asks for a KeyUpdate for this reason. */
    wantUpdate(reason: UpdateReason): void {
        this.updateReason = reason
        this.quietBelow = 0
    }

    tick(now: number): void {
        if (now >= this.handshakeUntil) this.forgetHandshake()
        if (this.record.isHeld()) return
        this.sendAcknowledgement()
        if (this.wantsToSend(this.flight, this.record.write)) this.sendNext(now)
        if (this.flight !== undefined && now >= this.flight.timer.at) this.flight.retransmit(now)
    }

    private sendAcknowledgement(): void {
        const { received, owner } = this
        if (received === undefined) return
        this.received = undefined
        acknowledge(received.list(), owner)
    }

    // Messages

    /** Whether a message is ready to be sent, and none of ours waits for its acknowledgement. */
    private wantsToSend(flight: LaterFlight | undefined, write: WriteEpoch): boolean {
        if (this.silent) return false
        if (flight !== undefined) return flight.outbox.hasNew()
        return this.wantsUpdate(write) || (this.speakers.length > 0 && this.speaking() !== undefined)
    }

    /**
     * Whether a KeyUpdate is due: the peer asked for it, or has to be asked for new keys of its own, or our keys have
     * sealed nearly as many records as they may (RFC 9147 §4.5.3).
     */
    private wantsUpdate(write: WriteEpoch): boolean {
        const { maxRecords, nextSequence } = write
        const isNear = nextSequence >= maxRecords - UPDATE_MARGIN && nextSequence >= maxRecords / 2
        return isNear || this.updateReason > UpdateReason.none
    }

    private speaking(): Speaker | undefined {
        for (const speaker of this.speakers) {
            if (speaker.hasMessage()) return speaker
        }
        return undefined
    }

    /** Sends the next message, which is retransmitted until it is acknowledged. */
    private sendNext(now: number): void {
        // Another message would reuse a message_seq (RFC 9147 §5.2).
        if (this.flight === undefined && this.nextSent > MAX_MESSAGE_SEQ)
            return this.owner.fail(FailureReason.keysUsedUp, AlertDescription.internalError)
        const flight = this.flight ?? this.nextFlight()
        if (this.record.holds) this.owner.outputs.diagnose(Diagnostic.saveWanted, 0)
        flight.begin(now)
    }

    private nextFlight(): LaterFlight {
        const flight = this.wantsUpdate(this.record.write) ? this.nextUpdate() : this.nextOfSpeakers()
        // A copy of this association must not use its message_seq for another message.
        this.record.outdate()
        return flight
    }

    private nextOfSpeakers(): LaterFlight {
        const { type, body } = (this.speaking() as Speaker).message()
        return this.flightOf(type, body)
    }

    private nextUpdate(): LaterFlight {
        const { updateReason } = this
        const asks = updateReason === UpdateReason.forgeries
        if (asks) this.updateReason = UpdateReason.waiting
        else if (updateReason === UpdateReason.asked) this.updateReason = UpdateReason.none
        const flight = this.flightOf(KEY_UPDATE, Buffer.from([asks ? UPDATE_REQUESTED : UPDATE_NOT_REQUESTED]))
        flight.isNeeded = updateReason <= UpdateReason.none
        return flight
    }

    protected flightOf(type: number, body: Buffer): LaterFlight {
        const outbox = new AcknowledgedOutbox(this.nextSent)
        outbox.addMessage(type, this.record.write.epoch, body)
        const flight = newFlight(this.owner, outbox)
        flight.updating = type === KEY_UPDATE
        this.flight = flight
        this.quietBelow = 0
        return flight
    }

    /** The peer has acknowledged the whole flight. */
    protected onAcknowledged(flight: LaterFlight): void {
        this.nextSent = flight.outbox.nextSeq
        this.flight = undefined
        if (!this.isSettled()) {
            this.forgetHandshake()
            this.owner.outputs.enqueue(OutputKind.settled, undefined)
        }
        if (!flight.updating) return
        this.activateNextWrite()
        this.record.outdate()
    }

    /** Drops the handshake's keys: nothing of it is retransmitted any more. */
    private forgetHandshake(): void {
        const { record } = this
        this.handshakeUntil = NEVER
        record.endOldWrites()
        // If the peer has updated its keys meanwhile, the older epoch is one in which it may still send.
        if (record.readEpoch() === APPLICATION_EPOCH) record.endOldReads()
    }

    /** The client uses its keys, so it is awake. */
    forgetLastFlight(): void {
        if (this.flight !== undefined) this.flight.wake()
    }

    /** The peer ignores messages after our close_notify, but may still need the end of the handshake. */
    onWriteClosed(): void {
        this.silent = true
        if (this.isSettled()) this.flight = undefined
    }

    // Records

    /** The peer has acknowledged our KeyUpdate: records are sealed with the next keys, and the old ones are erased. */
    private activateNextWrite(): void {
        const { record } = this
        this.secrets.updateWrite()
        const { aead } = this.owner.parameters.suite as CipherSuite
        const epoch = record.write.epoch + 1
        record.activateWrite(epoch, this.protection(epoch, false), aead.confidentialityLimit)
        record.endOldWrites()
    }

    protected protection(epoch: number, reading: boolean): ProtectionWithId {
        const { secrets } = this
        const { settings, parameters } = this.owner
        const secret = reading ? secrets.read : secrets.write
        return protectionBy(secret, settings, parameters.suite as CipherSuite, epoch, reading)
    }

    /**
     * On a new path records carry an id that was not seen on the old one, if the peer has given a spare one (RFC 9147
     * §9).
     */
    onNewPath(): boolean {
        const ids = idsOf(this.owner.settings)
        if (ids === undefined || !ids.useSpare()) return false
        // Another spare id may have to be asked for.
        this.quietBelow = 0
        this.sendWithId(ids.recordId(false))
        this.record.outdate()
        return true
    }

    /** Records sealed from now on carry this id of the peer's. */
    protected sendWithId(id: Buffer): void {
        const { protection } = this.record.write
        if (protection !== undefined) (protection as ProtectionWithId).setId(id)
    }
}
