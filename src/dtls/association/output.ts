import { type Question } from "../handshake/question.js"
import { type Failure } from "../handshake/failure.js"

/** What an association has for its owner. */
export enum OutputKind {
    /** `data` goes to the peer as one datagram */
    datagram,
    /** `data` is one application message */
    message,
    /** the handshake is done */
    connected,
    /** somebody must answer `question` with `association.answer` */
    question,
    /** the peer sent close_notify: no more messages come */
    closed,
    /** `diagnostic` tells what a person should know; nothing changed */
    diagnostic,
    /** the association is over: see `failure` */
    failed,
    /** DTLS 1.3, client: the server has acknowledged the end of the handshake; the association can be saved */
    settled,
}

/** What people should know although the association goes on. */
export enum Diagnostic {
    /** a record under the handshake keys does not verify, or the server repeats its flight instead of answering our Finished: different keys? */
    keyMismatch = 1,
    /** the peer asked for renegotiation and was refused */
    renegotiationRefused = 2,
    /** nothing came back; the flight is sent again */
    retransmitting = 3,
    /** the peer repeated its last flight, so ours is sent again */
    peerRepeats = 4,
    /** repeated loss: datagrams are made smaller */
    smallerDatagrams = 5,
    /** a fatal alert came unprotected: the handshake fails with it unless a better message follows (its description is in `detail`) */
    unprotectedAlert = 6,
    /** a warning alert came (its description is in `detail`) */
    warningAlert = 7,
    /** an unprotected handshake message was refused: the handshake fails over it unless a better one follows (the FailureReason is in `detail`) */
    refusedMessage = 8,
    /** records beyond the numbers reserved have come: they wait until the association is exported again */
    saveWanted = 9,
}

/** One thing the engine has to say; which fields are set depends on `kind`. A plain object, since there is one for each record and a constructor costs a call. */
export interface Output {
    kind: OutputKind
    data: Buffer | undefined
    question?: Question
    diagnostic?: Diagnostic
    detail?: number
    failure?: Failure
    /** the queue's: what comes after */
    next: Output | undefined
}

/**
 * What the engine has to say, in order, until somebody drains it.
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

    /** The oldest; undefined when there is none. */
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
