import { FailureReason } from "../handshake/failure.js"
import { AlertDescription } from "../wire/code-points.js"
import { type Diagnostic, type OutputQueue } from "./output.js"

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

    constructor(private outputs: OutputQueue) {}

    /** Says it, once, and remembers it. */
    suspect(diagnostic: Diagnostic, reason: FailureReason, alert: AlertDescription): void {
        if (this.reason === reason && this.alert === alert) return
        this.reason = reason
        this.alert = alert
        this.outputs.diagnose(diagnostic, reason === FailureReason.peerAlert ? alert : reason)
    }
}
