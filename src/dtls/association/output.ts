import { type Question } from "../handshake/question.js"
import { type Failure } from "../handshake/failure.js"

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
}

export enum Diagnostic {
    /** a record under the handshake keys does not decrypt, or the peer repeats its flight instead of answering ours: different keys? */
    keyMismatch = 1,
    /** the peer asked for renegotiation and was refused */
    renegotiationRefused = 2,
    /** nothing came back; the flight is sent again */
    retransmitting = 3,
    /** the peer repeated its last flight, so ours is sent again */
    peerRepeats = 4,
    /** repeated loss: datagrams are made smaller */
    smallerDatagrams = 5,
    /** a fatal alert came unprotected; it is believed if nothing better follows (its description is in `detail`) */
    unprotectedAlert = 6,
    /** a warning alert came (its description is in `detail`) */
    warningAlert = 7,
}

/**
 * One thing the engine has to say; which fields are set depends on `kind`.
 * @devsWhenUsed
 */
export class Output {
    question: Question | undefined
    diagnostic: Diagnostic | undefined
    detail = 0
    failure: Failure | undefined

    constructor(
        public kind: OutputKind,
        public data: Buffer | undefined,
    ) {}
}

/**
 * What the engine has to say, in order, until somebody drains it.
 * @devsWhenUsed
 */
export class OutputQueue {
    private list: Output[] = []

    push(kind: OutputKind, data: Buffer | undefined): Output {
        const output = new Output(kind, data)
        this.list.push(output)
        return output
    }

    diagnose(diagnostic: Diagnostic, detail: number): void {
        const output = this.push(OutputKind.diagnostic, undefined)
        output.diagnostic = diagnostic
        output.detail = detail
    }

    /** The oldest; undefined when there is none. */
    poll(): Output | undefined {
        return this.list.shift()
    }

    count(): number {
        return this.list.length
    }
}
