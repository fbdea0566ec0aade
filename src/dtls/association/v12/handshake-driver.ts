import { NEVER } from "../../flight/retransmission.js"
import { Discard } from "../../record/discard.js"
import { HandshakeType } from "../../wire/code-points.js"
import { type HandshakeHeader } from "../../wire/handshake-header.js"
import { HandshakeDriver, LAST_FLIGHT_KEPT } from "../handshake-driver.js"
import { repeatsFinished, repeatsServerHello, wholeOf } from "./repetition.js"
import { type OpenedRecord } from "../../record/record-layer.js"

/**
 * Drives a handshake of DTLS 1.2: flights are retransmitted whole (RFC 6347 §4.2.4), and the side that sends the last
 * one keeps it for a while.
 * @devsWhenUsed
 */
export class HandshakeDriverV12 extends HandshakeDriver {
    /** until when the last flight is kept, ms */
    private lastFlightUntil = NEVER
    /** ServerHellos received again instead of an answer to our Finished */
    private repeatedHellos = 0

    override wantsTickAt(): number {
        return Math.min(Math.min(this.timer.at, this.handshakeDeadline), this.lastFlightUntil)
    }

    override tick(now: number): void {
        if (now >= this.lastFlightUntil) this.forgetLastFlight()
        this.tickHandshake(now)
    }

    override take(header: HandshakeHeader, record: OpenedRecord, at: number, now: number): void {
        const { nextSeq } = this.inbox
        // A HelloRequest is ignored during a handshake (RFC 5246 §7.4.1.1).
        if (this.handshake.isClient && header.type === HandshakeType.helloRequest)
            return this.counters.add(Discard.unexpected)
        // After the handshake no new message is accepted, and once keys are active no unprotected one.
        if (header.messageSeq >= nextSeq && (!this.running || record.epoch !== this.record.readEpoch()))
            return this.counters.add(Discard.unprotected)
        if (header.messageSeq !== nextSeq && this.takeHello(header, record, at, now)) return
        this.keep(header, record, at, now)
    }

    /**
     * A server that is stateless before the cookie cannot number its HelloVerifyRequests: until its ServerHello has
     * come, both kinds of message are accepted whatever their message_seq, and the ServerHello's sets the next one
     * expected.
     * @returns false for any other message
     */
    private takeHello(header: HandshakeHeader, record: OpenedRecord, at: number, now: number): boolean {
        const { type, messageSeq } = header
        const isHello = type === HandshakeType.serverHello
        if (!isHello && type !== HandshakeType.helloVerifyRequest) return false
        if (header.fragmentLength < header.length || this.handshake.expecting() !== HandshakeType.serverHello)
            return false
        const message = { type, messageSeq, epoch: record.epoch, bytes: wholeOf(header, record, at) }
        if (!this.handshake.walk(message)) this.refuse(type, record.epoch, now)
        else if (isHello) {
            this.inbox.nextSeq = messageSeq
            this.advance(message)
        }
        this.settle(now)
        return true
    }

    protected override takeRepeated(header: HandshakeHeader, record: OpenedRecord, at: number, now: number): void {
        this.counters.add(Discard.messageSeq)
        const finishedSent = this.running && this.record.write.epoch > 0
        if (finishedSent && repeatsServerHello(this.handshake.parameters.serverRandom, header, record, at)) {
            this.repeatedHellos++
            // A server that keeps retransmitting its flight does not accept our Finished.
            if (this.repeatedHellos > 1) this.suspectMismatch()
        }
        const isAnswerable = this.running || repeatsFinished(this.lastFinished, header, record, at)
        if (isAnswerable && this.endsAnswered(header)) this.peerRepeats(now)
    }

    override takeOther(_record: OpenedRecord, _now: number): boolean {
        return false
    }

    override takeChangeCipherSpec(record: OpenedRecord, now: number): void {
        const wellFormed = record.plaintext.length === 1 && record.plaintext[0] === 1
        if (!wellFormed || record.epoch !== 0 || !this.running) return this.counters.add(Discard.unexpected)
        this.handshake.changeCipherSpecSeen = true
        this.process(now)
    }

    protected override transmit(now: number): void {
        this.send(now)
    }

    protected override conclude(now: number): void {
        this.running = false
        this.asked = undefined
        this.timer.stop()
        this.handshakeDeadline = NEVER
        this.inbox.clear()
        // The side that sent the last flight cannot know whether it has arrived.
        const { flightExpectsAnswer } = this.handshake
        if (!flightExpectsAnswer) this.lastFlightUntil = now + LAST_FLIGHT_KEPT
        this.owner.onConnected()
        if (flightExpectsAnswer) this.owner.onDriven()
    }

    override forgetLastFlight(): void {
        if (this.lastFlightUntil >= NEVER) return
        this.lastFlightUntil = NEVER
        this.owner.onDriven()
    }
}
