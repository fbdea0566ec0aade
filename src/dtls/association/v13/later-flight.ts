import { RetransmissionTimer, smallerBudget } from "../../flight/retransmission.js"
import { type AcknowledgedOutbox } from "../../flight/v13/outbox.js"
import { FailureReason } from "../../handshake/failure.js"
import { AlertDescription } from "../../wire/code-points.js"
import { type RecordNumber } from "../../wire/v13/acknowledgement.js"
import { type DriverOwner } from "../driver.js"
import { Diagnostic, OutputKind } from "../output.js"

/**
 * What the peer has to acknowledge after a handshake: a client's last flight, or a message that follows. It is there while that
 * is under way.
 * @devsWhenUsed
 */
export class LaterFlight {
    /** it is a KeyUpdate */
    updating = false
    /** a KeyUpdate without which this side can soon send nothing more */
    isNeeded = false
    /** it was sent often enough without an answer */
    rests = false
    /** message_seq of the message that it answers: its repetition means that this flight was lost */
    answeredSeq = -1
    /** when it was sent last, ms */
    sentAt = 0
    /** part of it was acknowledged, so the peer has it and it is not sent again as a whole */
    private progressed = false
    /** how often it was sent again because the peer repeated itself */
    private resends = 0

    /** @param budget bytes of a datagram */
    constructor(
        private owner: DriverOwner,
        public outbox: AcknowledgedOutbox,
        public timer: RetransmissionTimer,
        private budget: number,
    ) {}

    /** A message is sent for the first time. */
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

    /** For another reason than its timer. */
    private transmitAgain(now: number): void {
        this.transmit(now)
        this.timer.restart(now, this.jitterByte())
    }

    /**
     * Takes an ACK; what it leaves is sent again.
     * @param newest epoch that it may speak of
     * @returns whether all of the flight is acknowledged now
     */
    acknowledge(numbers: RecordNumber[], newest: number, now: number): boolean {
        if (!this.outbox.acknowledge(numbers, newest)) return false
        this.progressed = true
        if (this.outbox.isEmpty()) return true
        this.transmitAgain(now)
        return false
    }

    /** The server's flight again means that our last one was lost; answered at most once per half timeout (F20). */
    onRepeated(messageSeq: number, now: number): void {
        const { outputs, settings } = this.owner
        const { attempts, initial } = settings.retransmission
        if (messageSeq !== this.answeredSeq || this.progressed) return
        if (this.resends >= attempts || now - this.sentAt < initial / 2) return
        this.resends++
        outputs.diagnose(Diagnostic.peerRepeats, 0)
        this.transmitAgain(now)
    }

    /** The timer is due. */
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
     * A client that sleeps, or whose radio is off, acknowledges nothing: a message is sent again when the client is heard from, and
     * the association does not end over it, unless it needs new keys.
     */
    private giveUp(): void {
        if (!this.owner.isClient && !this.isNeeded) this.rests = true
        else this.owner.fail(FailureReason.timeout, AlertDescription.none)
    }

    /** The client was heard from. */
    wake(): void {
        if (!this.rests) return
        this.rests = false
        // Due since long ago.
        this.timer.start(0, 0)
    }

    /** It only has to differ from device to device, as during the handshake. */
    private jitterByte(): number {
        const { isClient, parameters } = this.owner
        return (isClient ? parameters.clientRandom : parameters.serverRandom)[this.timer.timeouts & 31]
    }
}

/** Of one message. @param outbox has it already */
export function newFlight(owner: DriverOwner, outbox: AcknowledgedOutbox): LaterFlight {
    const { retransmission, pathBudget } = owner.settings
    return new LaterFlight(owner, outbox, new RetransmissionTimer(retransmission), pathBudget)
}
