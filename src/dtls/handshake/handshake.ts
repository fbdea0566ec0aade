import { EMPTY, equal, wipe } from "../bytes/bytes.js"
import { FailureReason } from "./failure.js"
import { extendedMasterSecret, keyBlock, masterSecret, pskPremasterSecret, verifyData } from "../crypto/key-schedule.js"
import { type RecordProtection, type WriteKeys } from "../crypto/provider.js"
import { type CipherSuite, recordOverhead } from "../crypto/suites.js"
import { type HandshakeMessage } from "../flight/inbox.js"
import { type Outbox } from "../flight/outbox.js"
import { type RecordLayer } from "../record/record-layer.js"
import { AlertDescription, HandshakeType } from "../wire/code-points.js"
import { wholeMessage } from "../wire/handshake-header.js"
import { type ClientHello } from "../wire/client-hello.js"
import { type Question } from "./question.js"
import { type AssociationSettings } from "./settings.js"
import { type Role, type Step } from "./step.js"
import { Transcript } from "./transcript.js"

/** What became of a message handed to the grammar. */
export enum Walked {
    /** its step ran */
    taken,
    /** the grammar has no place for it here */
    unexpected,
}

/**
 * One handshake: where it stands in its grammar, and what has been agreed so far.
 * @devsWhenUsed
 */
export class Handshake {
    suite: CipherSuite | undefined = undefined
    /** client: the hello as sent, to repeat it with a cookie */
    hello: ClientHello | undefined = undefined
    clientRandom = EMPTY
    serverRandom = EMPTY
    extendedMasterSecret = false
    /** the client's psk_identity and the server's psk_identity_hint */
    identity = EMPTY
    hint: Buffer | undefined = undefined
    master: Buffer | undefined = undefined
    /** verify_data of the first Finished: the tls-unique binding (RFC 5929 §3.1) */
    firstFinished = EMPTY
    /** set while a question waits for its answer: no message is processed meanwhile */
    question: Question | undefined = undefined
    /** ChangeCipherSpec records have no message_seq: one that comes early is remembered until its step (RFC 6347 §4.2.5) */
    changeCipherSpecSeen = false
    /** a flight was completed and waits to be sent */
    flightReady = false
    /** the flight expects an answer, so its timer runs */
    flightExpectsAnswer = true
    complete = false
    /** client: HelloVerifyRequests answered so far */
    cookiesFollowed = 0
    failure = 0
    alert = AlertDescription.none
    transcript: Transcript
    private at = 0
    private pendingRead: RecordProtection | undefined = undefined
    private pendingWrite: RecordProtection | undefined = undefined

    constructor(
        public settings: AssociationSettings,
        private role: Role,
        public record: RecordLayer,
        private outbox: Outbox,
    ) {
        this.transcript = new Transcript(settings.crypto)
    }

    isClient(): boolean {
        return this.role.isClient
    }

    start(): void {
        this.role.start(this)
    }

    answer(value: unknown): void {
        this.question = undefined
        this.role.answer(this, value)
    }

    /** HandshakeType of the next step that must come; -1 when done. */
    expecting(): number {
        let i = this.at
        while (i < this.role.steps.length && this.stepAt(i).optional) i++
        return i < this.role.steps.length ? this.stepAt(i).message : -1
    }

    private stepAt(index: number): Step {
        return this.role.steps[index] as Step
    }

    /** Walks the grammar by one message; a step that fails sets `failure`. */
    walk(message: HandshakeMessage): Walked {
        for (let i = this.at; i < this.role.steps.length; i++) {
            const step = this.stepAt(i)
            if (step.message === message.type && step.epoch === message.epoch) {
                this.at = step.repeats ? i : i + 1
                if (step.inTranscript) this.transcript.add(wholeMessage(message.type, message.messageSeq, message.body))
                step.run(this, message)
                return Walked.taken
            }
            if (!step.optional) return Walked.unexpected
        }
        return Walked.unexpected
    }

    /** Runs the ChangeCipherSpec step when it is next and its record has come. */
    walkChangeCipherSpec(): boolean {
        if (!this.changeCipherSpecSeen || this.expecting() !== HandshakeType.changeCipherSpec) return false
        this.changeCipherSpecSeen = false
        this.at++
        return true
    }

    fail(reason: FailureReason, alert: AlertDescription): void {
        if (this.failure !== 0) return
        this.failure = reason
        this.alert = alert
    }

    /** Starts a new flight: the peer's answer to the last one is complete. */
    beginFlight(): void {
        this.outbox.begin()
    }

    send(type: number, body: Buffer): void {
        this.transcript.add(this.outbox.addMessage(type, this.record.write.epoch, body))
    }

    /** A message that stays out of the transcript: the hello before a cookie. @returns its bytes */
    sendOutside(type: number, body: Buffer): Buffer {
        return this.outbox.addMessage(type, this.record.write.epoch, body)
    }

    /** @param expectsAnswer whether the flight is repeated on a timer until the peer answers */
    endFlight(expectsAnswer: boolean): void {
        this.flightReady = true
        this.flightExpectsAnswer = expectsAnswer
    }

    ask(question: Question): void {
        this.question = question
    }

    /** Keys from the PSK (RFC 4279 §2). Everything through ClientKeyExchange is in the transcript (RFC 7627 §3). */
    derivePskKeys(key: Buffer): void {
        const premaster = pskPremasterSecret(key)
        this.deriveKeys(premaster)
        wipe(premaster)
    }

    private deriveKeys(premaster: Buffer): void {
        const crypto = this.settings.crypto
        const suite = this.suite as CipherSuite
        const master = this.extendedMasterSecret
            ? extendedMasterSecret(crypto, suite, premaster, this.transcript.digest())
            : masterSecret(crypto, suite, premaster, this.clientRandom, this.serverRandom)
        this.master = master
        const keys = keyBlock(crypto, suite, master, this.clientRandom, this.serverRandom)
        const client = this.isClient()
        this.pendingRead = this.protection(client ? keys.server : keys.client)
        this.pendingWrite = this.protection(client ? keys.client : keys.server)
        const keyLog = this.settings.keyLog
        if (keyLog !== undefined)
            keyLog("CLIENT_RANDOM " + this.clientRandom.toString("hex") + " " + master.toString("hex"))
    }

    /** Of epoch 1: there is no renegotiation. */
    private protection(keys: WriteKeys): RecordProtection {
        return this.settings.crypto.newProtection(this.suite as CipherSuite, 1, keys)
    }

    /** ChangeCipherSpec and Finished of this side. */
    sendFinished(): void {
        this.outbox.addChangeCipherSpec(this.record.write.epoch)
        this.record.activateWrite(this.pendingWrite as RecordProtection, recordOverhead(this.suite as CipherSuite))
        this.pendingWrite = undefined
        const data = this.expectedFinished(this.isClient())
        if (this.firstFinished.length === 0) this.firstFinished = data
        this.send(HandshakeType.finished, data)
    }

    /** verify_data over the transcript so far. */
    expectedFinished(fromClient: boolean): Buffer {
        const suite = this.suite as CipherSuite
        const master = this.master as Buffer
        return verifyData(this.settings.crypto, suite, master, fromClient, this.transcript.digest())
    }

    /** Compares the peer's verify_data; its Finished is not yet in the transcript. */
    checkFinished(message: HandshakeMessage): boolean {
        const expected = this.expectedFinished(!this.isClient())
        if (!equal(expected, message.body)) {
            this.fail(FailureReason.badFinished, AlertDescription.decryptError)
            return false
        }
        if (this.firstFinished.length === 0) this.firstFinished = expected
        this.transcript.add(wholeMessage(message.type, message.messageSeq, message.body))
        return true
    }

    /** The keys for the peer's next epoch, once: its ChangeCipherSpec has come. */
    takeReadKeys(): RecordProtection {
        const keys = this.pendingRead as RecordProtection
        this.pendingRead = undefined
        return keys
    }

    /** The handshake is over: what only it needed is dropped. */
    finish(): void {
        this.complete = true
        this.hello = undefined
        // The grammar is half a kilobyte on a device.
        this.role.steps = []
        this.transcript.clear()
    }

    /** Erases every secret. */
    close(): void {
        wipe(this.master)
        this.master = undefined
        if (this.pendingRead !== undefined) this.pendingRead.close()
        if (this.pendingWrite !== undefined) this.pendingWrite.close()
        this.pendingRead = undefined
        this.pendingWrite = undefined
        this.hello = undefined
        this.question = undefined
        this.transcript.clear()
    }
}
