import { RetransmissionTimer, smallerBudget } from "../../flight/retransmission.js"
import { type AcknowledgedOutbox } from "../../flight/v13/outbox.js"
import { FailureReason } from "../../handshake/failure.js"
import { AlertDescription } from "../../wire/code-points.js"
import { type RecordNumber } from "../../wire/v13/acknowledgement.js"
import { type DriverOwner } from "../driver.js"
import { Diagnostic, OutputKind } from "../output.js"

/**
 * A flight that the peer has to acknowledge after the handshake: a client's last flight, or a single message. It exists
 * only while it is under way.
 * @devsWhenUsed
 */
export class LaterFlight {
    /** it is a KeyUpdate */
    updating = false
    /** it is a KeyUpdate without which this side will soon be unable to send */
    isNeeded = false
    /** all retransmissions were used up; it waits until the peer is heard from */
    rests = false
    /** message_seq of the message that it answers: if that is repeated, this flight was lost */
    answeredSeq = -1
    /** when it was sent last, ms */
    sentAt = 0
    /** part of it was acknowledged; the rest is retransmitted selectively */
    private progressed = false
    /** how often it was retransmitted because the peer retransmitted its own */
    private resends = 0

    /** @param budget bytes of a datagram */
    constructor(
        private owner: DriverOwner,
        public outbox: AcknowledgedOutbox,
        public timer: RetransmissionTimer,
        private budget: number,
    ) {}

    /** Sends a message for the first time. */
    begin(now: number): void {
        this.transmit(now)
        this.timer.start(now, this.jitterByte())
    }

    private transmit(now: number): void {
        const { record, outputs } = this.owner
        if (record.isHeld()) return
        if (this.outbox.hasNew()) this.progressed = false
        const datagrams = this.outbox.datagrams(record, this.budget)
        if (datagrams === undefined) return this.owner.fail(FailureReason.keysUsedUp, AlertDescription.none)
        for (const datagram of datagrams) outputs.enqueue(OutputKind.datagram, datagram)
        this.sentAt = now
    }

    /** Retransmits for a reason other than the timer. */
    private transmitAgain(now: number): void {
        this.transmit(now)
        this.timer.restart(now, this.jitterByte())
    }

    /**
     * Takes an ACK, and retransmits what it leaves unacknowledged.
     * @param newest latest epoch that the ACK may refer to
     * @returns whether the whole flight is acknowledged now
     */
    acknowledge(numbers: RecordNumber[], newest: number, now: number): boolean {
        if (!this.outbox.acknowledge(numbers, newest)) return false
        this.progressed = true
        if (this.outbox.isEmpty()) return true
        this.transmitAgain(now)
        return false
    }

    /** The server retransmitted its flight, so our last one was lost; answered at most once per half timeout (F20). */
    onRepeated(messageSeq: number, now: number): void {
        const { outputs, settings } = this.owner
        const { attempts, initial } = settings.retransmission
        if (messageSeq !== this.answeredSeq || this.progressed) return
        if (this.resends >= attempts || now - this.sentAt < initial / 2) return
        this.resends++
        outputs.diagnose(Diagnostic.peerRepeats, 0)
        this.transmitAgain(now)
    }

    /** Retransmits when the timer is due. */
    retransmit(now: number): void {
        const { outputs, settings } = this.owner
        const { timer } = this
        if (!timer.expire(now, this.jitterByte())) return this.giveUp()
        outputs.diagnose(Diagnostic.retransmitting, timer.timeouts)
        const budget = smallerBudget(settings.pathBudget, timer.timeouts, settings.retransmission.shrinkAfter)
        if (budget < this.budget) {
            this.budget = budget
            outputs.diagnose(Diagnostic.smallerDatagrams, budget)
        }
        this.transmit(now)
    }

    /**
     * A client that sleeps, or whose radio is off, acknowledges nothing. The message is sent again when the client is
     * heard from, and the association does not end over it, unless it needs new keys.
     */
    private giveUp(): void {
        if (!this.owner.isClient && !this.isNeeded) this.rests = true
        else this.owner.fail(FailureReason.timeout, AlertDescription.none)
    }

    /** The client was heard from: sends again what rests. */
    wake(): void {
        if (!this.rests) return
        this.rests = false
        // Due immediately.
        this.timer.start(0, 0)
    }

    /** Jitter only has to differ between devices, as during the handshake. */
    private jitterByte(): number {
        const { isClient, parameters } = this.owner
        return (isClient ? parameters.clientRandom : parameters.serverRandom)[this.timer.timeouts & 31]
    }
}

/** Makes the flight of one message. @param outbox contains it already */
export function newFlight(owner: DriverOwner, outbox: AcknowledgedOutbox): LaterFlight {
    const { retransmission, pathBudget } = owner.settings
    return new LaterFlight(owner, outbox, new RetransmissionTimer(retransmission), pathBudget)
}
