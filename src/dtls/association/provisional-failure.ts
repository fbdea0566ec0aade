import { FailureReason } from "../handshake/failure.js"
import { AlertDescription } from "../wire/code-points.js"
import { type Diagnostic, type OutputQueue } from "./output.js"

/** Limit on suspicions reported between two accepted messages, so that forged messages cannot flood a log. */
const MOST_TOLD = 4

/**
 * The failure that a handshake reports if it has to give up: a timeout, until something that anyone may have sent (an
 * unprotected alert, an invalid or misplaced message) suggests a cause.
 * @devsWhenUsed
 */
export class ProvisionalFailure {
    reason = FailureReason.timeout
    /** the peer's alert if the reason is peerAlert, otherwise the one to send */
    alert = AlertDescription.none
    /** the next timeout is final; otherwise only the last timeout or the deadline is */
    decides = false
    private told = 0

    constructor(private outputs: OutputQueue) {}

    /** Discards every suspicion: a message was accepted. */
    clear(): void {
        this.reason = FailureReason.timeout
        this.alert = AlertDescription.none
        this.decides = false
        this.told = 0
    }

    /** Remembers a suspicion, and reports it unless it is the one already remembered or there were too many. */
    suspect(diagnostic: Diagnostic, reason: FailureReason, alert: AlertDescription): void {
        if (this.reason === reason && this.alert === alert) return
        this.reason = reason
        this.alert = alert
        if (++this.told <= MOST_TOLD)
            this.outputs.diagnose(diagnostic, reason === FailureReason.peerAlert ? alert : reason)
    }
}
