import { FailureReason } from "../handshake/failure.js"
import { AlertDescription } from "../wire/code-points.js"
import { type Diagnostic, type OutputQueue } from "./output.js"

/** Suspicions that are told until a better message comes: whoever forges messages does not fill a log with them. */
const MOST_TOLD = 4

/**
 * What a handshake fails with if it has to give up: a mere timeout, until something that anyone may have sent (an
 * unprotected alert, a message that is wrong or does not fit) hints at a cause. A better message takes it back.
 * @devsWhenUsed
 */
export class ProvisionalFailure {
    reason = FailureReason.timeout
    /** the peer's when the reason is peerAlert, else the one to send */
    alert = AlertDescription.none
    /** the next timer gives up; otherwise only the last one and the deadline do */
    decides = false
    private told = 0

    constructor(private outputs: OutputQueue) {}

    /** Remembers it, and tells it unless it is the one remembered or there were too many. */
    suspect(diagnostic: Diagnostic, reason: FailureReason, alert: AlertDescription): void {
        if (this.reason === reason && this.alert === alert) return
        this.reason = reason
        this.alert = alert
        if (++this.told <= MOST_TOLD)
            this.outputs.diagnose(diagnostic, reason === FailureReason.peerAlert ? alert : reason)
    }
}
