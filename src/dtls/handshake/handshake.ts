import { EMPTY, equal, wipe } from "../bytes/bytes.js"
import { FailureReason } from "./failure.js"
import { extendedMasterSecret, keyBlock, masterSecret, pskPremasterSecret, verifyData } from "../crypto/key-schedule.js"
import { type Hmac, type RecordProtection, type WriteKeys } from "../crypto/provider.js"
import { type CipherSuite, confidentialityLimit, recordOverhead } from "../crypto/suites.js"
import { bodyOf, type HandshakeMessage } from "../flight/inbox.js"
import { type Outbox } from "../flight/outbox.js"
import { type RecordLayer } from "../record/record-layer.js"
import { AlertDescription, HandshakeType } from "../wire/code-points.js"
import { type ClientHello } from "../wire/client-hello.js"
import { type Question } from "./question.js"
import { type SecurityParameters } from "./security-parameters.js"
import { type AssociationSettings } from "./settings.js"
import { type Role, type Step } from "./step.js"
import { Transcript } from "./transcript.js"

/**
 * One handshake: where it stands in its grammar, and what has been agreed so far.
 * @devsWhenUsed
 */
export class Handshake {
    /** client: the hello as sent, to repeat it with a cookie */
    hello: ClientHello | undefined
    /** server: the key of identities that nobody knows */
    decoyKey = EMPTY
    /** the server's psk_identity_hint */
    hint: Buffer | undefined
    /** set while a question waits for its answer: no message is processed meanwhile */
    question: Question | undefined
    /** ChangeCipherSpec records have no message_seq: one that comes early is remembered until its step (RFC 6347 §4.2.5) */
    changeCipherSpecSeen = false
    /** a flight was completed and waits to be sent */
    flightReady = false
    /** the flight expects an answer, so its timer runs */
    flightExpectsAnswer = true
    /** client: HelloVerifyRequests answered since the last timeout */
    cookiesFollowed = 0
    failure = 0
    alert = AlertDescription.none
    transcript: Transcript
    private at = 0
    private pendingRead: RecordProtection | undefined
    private pendingWrite: RecordProtection | undefined

    constructor(
        public settings: AssociationSettings,
        private role: Role,
        public parameters: SecurityParameters,
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

    /** Index of the step that takes a message of this type now. Without one it sets `failure`, and gives -1. */
    stepOf(type: number, epoch: number): number {
        for (let i = this.at; i < this.role.steps.length; i++) {
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
     * Walks the grammar by one message.
     * @returns false when the message is wrong: `failure` says why, and nothing else has changed
     */
    walk(message: HandshakeMessage): boolean {
        const i = this.stepOf(message.type, message.epoch)
        if (i < 0) return false
        const step = this.stepAt(i)
        step.run(this, message)
        if (this.failure !== 0) return false
        this.at = step.repeats ? i : i + 1
        if (step.inTranscript) this.transcript.add(message.bytes)
        return true
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
        const { parameters, record } = this
        const crypto = this.settings.crypto
        const { clientRandom, serverRandom } = parameters
        const suite = parameters.suite as CipherSuite
        const hmac = crypto.newHmac(suite.hash, premaster)
        const secret = parameters.extendedMasterSecret
            ? extendedMasterSecret(hmac, this.transcript.digest())
            : masterSecret(hmac, clientRandom, serverRandom)
        hmac.close()
        const master = crypto.newHmac(suite.hash, secret)
        parameters.master = master
        record.protectionOverhead = recordOverhead(suite)
        const keys = keyBlock(master, suite, clientRandom, serverRandom)
        const client = this.isClient()
        this.pendingRead = this.protection(client ? keys.server : keys.client)
        this.pendingWrite = this.protection(client ? keys.client : keys.server)
        const keyLog = this.settings.keyLog
        if (keyLog !== undefined) keyLog("CLIENT_RANDOM " + clientRandom.toString("hex") + " " + secret.toString("hex"))
        wipe(secret)
    }

    /** Of epoch 1: there is no renegotiation. */
    private protection(keys: WriteKeys): RecordProtection {
        return this.settings.crypto.newProtection(this.parameters.suite as CipherSuite, 1, keys)
    }

    /** ChangeCipherSpec and Finished of this side. */
    sendFinished(): void {
        this.outbox.addChangeCipherSpec(this.record.write.epoch)
        const suite = this.parameters.suite as CipherSuite
        const protection = this.pendingWrite as RecordProtection
        this.record.activateWrite(protection, confidentialityLimit(suite))
        this.pendingWrite = undefined
        const data = this.expectedFinished(this.isClient())
        this.keepFirst(data)
        this.send(HandshakeType.finished, data)
    }

    private keepFirst(data: Buffer): void {
        if (this.parameters.firstFinished.length === 0) this.parameters.firstFinished = data
    }

    /** verify_data over the transcript so far. */
    expectedFinished(fromClient: boolean): Buffer {
        return verifyData(this.parameters.master as Hmac, fromClient, this.transcript.digest())
    }

    /** Compares the peer's verify_data; its Finished is not yet in the transcript. */
    checkFinished(message: HandshakeMessage): boolean {
        const expected = this.expectedFinished(!this.isClient())
        if (!equal(expected, bodyOf(message))) {
            this.fail(FailureReason.badFinished, AlertDescription.decryptError)
            return false
        }
        this.keepFirst(expected)
        this.transcript.add(message.bytes)
        return true
    }

    /** The keys for the peer's next epoch, once: its ChangeCipherSpec has come. */
    takeReadKeys(): RecordProtection {
        const keys = this.pendingRead as RecordProtection
        this.pendingRead = undefined
        return keys
    }

    /** The handshake is over. */
    finish(): void {
        this.parameters.complete = true
        // The grammar is half a kilobyte on a device; a server keeps its last flight for a while.
        this.role.steps = []
        this.transcript.clear()
    }

    /** Erases what is not in use. */
    close(): void {
        if (this.pendingRead !== undefined) this.pendingRead.close()
        if (this.pendingWrite !== undefined) this.pendingWrite.close()
        this.pendingRead = undefined
        this.pendingWrite = undefined
        this.hello = undefined
        this.question = undefined
        this.transcript.clear()
    }
}
