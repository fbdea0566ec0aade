import { EMPTY } from "../bytes/bytes.js"
import { type RecordProtection } from "../crypto/provider.js"
import { type HandshakeMessage } from "../flight/inbox.js"
import { type Outbox } from "../flight/outbox.js"
import { type RecordLayer } from "../record/record-layer.js"
import { AlertDescription, HandshakeType } from "../wire/code-points.js"
import { FailureReason } from "./failure.js"
import { type Answer, type AnswerTo, type Question } from "./question.js"
import { type SecurityParameters } from "./security-parameters.js"
import { type AssociationSettings } from "./settings.js"
import { type Step } from "./step.js"
import { Transcript } from "./transcript.js"

/** Keys for receiving, and the epoch that they begin. */
export interface ReadKeys {
    epoch: number
    protection: RecordProtection
    /** the epoch whose early records are stored; -1: none follows */
    nextEpoch: number
}

/**
 * One handshake: its position in the step table, and what is to be done next. Subclasses and the key exchange define
 * messages, keys and questions.
 * @devsWhenUsed
 */
export abstract class Handshake<P extends SecurityParameters = SecurityParameters> {
    /** set while a question waits for its answer: no message is processed meanwhile */
    question: Question | undefined = undefined
    /** ChangeCipherSpec records have no message_seq: an early one is remembered until its step (RFC 6347 §4.2.5) */
    changeCipherSpecSeen = false
    /** new keys for receiving, which the driver has to activate */
    readKeys: ReadKeys | undefined = undefined
    /** a complete flight is ready to be sent */
    flightReady = false
    /** the flight expects an answer, so it needs the retransmission timer */
    flightExpectsAnswer = true
    failure = 0
    alert = AlertDescription.none
    transcript: Transcript
    /** Expected steps, in protocol order. Each is written for its own class of handshake. */
    private steps: Step<never>[] = []
    private at = 0
    /** Takes answers to the open question, of whose type it is. */
    private onAnswer: ((handshake: never, answer: Answer | undefined) => void) | undefined = undefined
    /** the message that the open question is about: the answer decides whether it is accepted */
    undecided: HandshakeMessage | undefined = undefined

    /** @param transcriptHeader bytes of each message's header that are part of this version's transcript */
    constructor(
        public settings: AssociationSettings,
        public isClient: boolean,
        public parameters: P,
        public record: RecordLayer,
        public outbox: Outbox,
        transcriptHeader: number,
    ) {
        this.transcript = new Transcript(settings.crypto, transcriptHeader)
    }

    /** Client: sends the first flight. */
    abstract start(): void

    /** The timer has expired, and the flight will be retransmitted. */
    onTimeout(): void {}

    answer(answer: Answer | undefined): void {
        const { onAnswer, undecided } = this
        this.question = undefined
        this.onAnswer = undefined
        this.undecided = undefined
        if (onAnswer !== undefined) onAnswer(this as never, answer)
        if (undecided !== undefined && this.failure === 0) this.pass(this.stepAt(this.at), this.at, undecided)
    }

    /** Asks a question; `onAnswer` continues the handshake, with undefined if there is no answer. */
    ask<Q extends Question>(question: Q, onAnswer: (handshake: never, answer: AnswerTo<Q> | undefined) => void): void {
        this.question = question
        this.onAnswer = onAnswer as (handshake: never, answer: Answer | undefined) => void
    }

    /** Adds steps after those already expected. */
    expect(steps: Step<never>[]): void {
        for (const step of steps) this.steps.push(step)
    }

    /** Inserts a step `fromEnd` steps before the end of those expected. */
    expectBefore(fromEnd: number, step: Step<never>): void {
        const index = this.steps.length - fromEnd
        const last = this.steps.slice(index)
        this.steps = this.steps.slice(0, index)
        this.steps.push(step)
        this.expect(last)
    }

    /** HandshakeType of the next mandatory step; -1 when done. */
    expecting(): number {
        let i = this.at
        while (i < this.steps.length && this.stepAt(i).optional) i++
        return i < this.steps.length ? this.stepAt(i).message : -1
    }

    private stepAt(index: number): Step<never> {
        return this.steps[index] as Step<never>
    }

    /** Index of the step that accepts a message of this type now. If there is none, sets `failure` and returns -1. */
    stepOf(type: number, epoch: number): number {
        for (let i = this.at; i < this.steps.length; i++) {
            const step = this.stepAt(i)
            if (step.message === type && step.epoch === epoch) return i
            if (!step.optional) break
        }
        const certificates = type === HandshakeType.certificate || type === HandshakeType.certificateRequest
        const reason = certificates ? FailureReason.certificateUnsupported : FailureReason.unexpectedMessage
        this.fail(reason, AlertDescription.unexpectedMessage)
        return -1
    }

    /**
     * Processes one message. If that sets `undecided`, the answer to the open question decides about it.
     * @returns false if the message is wrong: `failure` says why, and nothing else has changed
     */
    walk(message: HandshakeMessage): boolean {
        const i = this.stepOf(message.type, message.epoch)
        if (i < 0) return false
        const step = this.stepAt(i)
        step.run(this as never, message)
        if (this.failure !== 0) return false
        if (this.undecided !== undefined) this.at = i
        else this.pass(step, i, message)
        return true
    }

    private pass(step: Step<never>, index: number, message: HandshakeMessage): void {
        this.at = step.repeats ? index : index + 1
        if (step.inTranscript) this.transcript.add(message.bytes)
    }

    /** Runs the ChangeCipherSpec step when it is next and its record has come. */
    walkChangeCipherSpec(): boolean {
        const type = HandshakeType.changeCipherSpec
        if (!this.changeCipherSpecSeen || this.expecting() !== type) return false
        this.changeCipherSpecSeen = false
        return this.walk({ type, messageSeq: -1, bytes: EMPTY, epoch: 0 })
    }

    fail(reason: FailureReason, alert: AlertDescription): void {
        if (this.failure !== 0) return
        this.failure = reason
        this.alert = alert
    }

    /** Starts a new flight: the previous one was answered completely. */
    beginFlight(): void {
        this.outbox.begin()
    }

    /** Adds a message to the flight and to the transcript. */
    send(type: number, body: Buffer): void {
        this.transcript.add(this.outbox.addMessage(type, this.record.write.epoch, body))
    }

    protected sendChangeCipherSpec(): void {
        this.outbox.addChangeCipherSpec(this.record.write.epoch)
    }

    /** @param expectsAnswer whether the flight is retransmitted by timer until the peer answers */
    endFlight(expectsAnswer: boolean): void {
        this.flightReady = true
        this.flightExpectsAnswer = expectsAnswer
    }

    /** The handshake is over. */
    finish(): void {
        this.parameters.complete = true
        // Frees the steps, half a kilobyte on a device: a server keeps its last flight, and this object, for a while.
        this.steps = []
        this.transcript.clear()
    }

    /** Erases secrets and state that are no longer in use. */
    close(): void {
        if (this.readKeys !== undefined) this.readKeys.protection.close()
        this.readKeys = undefined
        this.question = undefined
        this.onAnswer = undefined
        this.undecided = undefined
        this.transcript.clear()
        this.closeKeys()
    }

    /** Erases keys that have not been activated. */
    protected abstract closeKeys(): void
}
