import { type Question } from "../handshake/question.js"
import { type Failure } from "../handshake/failure.js"

/** Kinds of output that an association has for its owner. */
export enum OutputKind {
    /** `data` goes to the peer as one datagram */
    datagram,
    /** `data` is one application message */
    message,
    /** the handshake is done */
    connected,
    /** `question` must be answered by `association.answer` */
    question,
    /** the peer sent close_notify: no more messages come */
    closed,
    /** `diagnostic` is for people to read; the association's state is unchanged */
    diagnostic,
    /** the association is over: see `failure` */
    failed,
    /** DTLS 1.3, client: the server has acknowledged the end of the handshake; the association can be saved now */
    settled,
}

/** Events that people should know about although the association goes on. */
export enum Diagnostic {
    /**
     * probably different keys: a record under the handshake keys does not verify, or the server retransmits its flight
     * instead of answering our Finished
     */
    keyMismatch = 1,
    /** the peer asked for renegotiation and was refused */
    renegotiationRefused = 2,
    /** no answer came; the flight is retransmitted */
    retransmitting = 3,
    /** the peer retransmitted its last flight, so ours is retransmitted too */
    peerRepeats = 4,
    /** repeated loss: datagrams get smaller */
    smallerDatagrams = 5,
    /**
     * an unprotected fatal alert was received: the handshake fails with it unless a genuine message follows (its
     * description is in `detail`)
     */
    unprotectedAlert = 6,
    /** a warning alert was received (its description is in `detail`) */
    warningAlert = 7,
    /**
     * an unprotected handshake message was refused: the handshake fails because of it unless a genuine one follows (the
     * FailureReason is in `detail`)
     */
    refusedMessage = 8,
    /** records beyond the reserved numbers were received: they are held until the association is exported again */
    saveWanted = 9,
}

/**
 * One output of the engine; which fields are set depends on `kind`. A plain object, because there is one for every
 * record and a constructor costs a call.
 */
export interface Output {
    kind: OutputKind
    data: Buffer | undefined
    question?: Question
    diagnostic?: Diagnostic
    detail?: number
    failure?: Failure
    /** the queue's link to the next output */
    next: Output | undefined
}

/**
 * Outputs of the engine in order, until they are drained.
 * @devsWhenUsed
 */
export class OutputQueue {
    private first: Output | undefined = undefined
    private last: Output | undefined = undefined

    enqueue(kind: OutputKind, data: Buffer | undefined): Output {
        const output: Output = { kind, data, next: undefined }
        if (this.last === undefined) this.first = output
        else this.last.next = output
        this.last = output
        return output
    }

    diagnose(diagnostic: Diagnostic, detail: number): void {
        const output = this.enqueue(OutputKind.diagnostic, undefined)
        output.diagnostic = diagnostic
        output.detail = detail
    }

    /** The oldest output; undefined when there is none. */
    dequeue(): Output | undefined {
        const output = this.first
        if (output === undefined) return undefined
        this.first = output.next
        if (this.first === undefined) this.last = undefined
        return output
    }

    count(): number {
        let count = 0
        for (let output = this.first; output !== undefined; output = output.next) count++
        return count
    }
}
