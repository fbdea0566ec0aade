import { EMPTY, wipe } from "../../bytes/bytes.js"
import { extendedMasterSecret, keyBlock, masterSecret, verifyData } from "../../crypto/v12/key-schedule.js"
import { type Hmac, type RecordProtection, type WriteKeys } from "../../crypto/provider.js"
import { type CipherSuite } from "../cipher-suite.js"
import { type HandshakeMessage, hasBody } from "../../flight/inbox.js"
import { WholeOutbox } from "../../flight/v12/outbox.js"
import { type KeyExchange, type KeyExchangeContext } from "../key-exchange.js"
import { type RecordLayer } from "../../record/record-layer.js"
import { AlertDescription, ExtensionType, HandshakeType } from "../../wire/code-points.js"
import { HANDSHAKE_HEADER_LENGTH } from "../../wire/handshake-header.js"
import { FailureReason } from "../failure.js"
import { Handshake } from "../handshake.js"
import { findHelloExtension, type LimitExtension, type RecordExtension } from "../hello-extension.js"
import { type Resumption } from "../resumption.js"
import { type AssociationSettings } from "../settings.js"
import { step } from "../step.js"
import { SecurityParametersV12 } from "./security-parameters.js"

/** The epoch that begins with ChangeCipherSpec; the last one, because there is no renegotiation (RFC 7925 §17). */
const PROTECTED_EPOCH = 1

/**
 * What both sides of a DTLS 1.2 handshake share: keys, ChangeCipherSpec and Finished.
 * @devsWhenUsed
 */
export abstract class HandshakeV12 extends Handshake<SecurityParametersV12> implements KeyExchangeContext {
    kept: object | undefined
    private pendingRead: RecordProtection | undefined = undefined
    private pendingWrite: RecordProtection | undefined = undefined

    constructor(settings: AssociationSettings, isClient: boolean, record: RecordLayer, firstSeq: number) {
        const parameters = new SecurityParametersV12()
        const resumption = findHelloExtension(settings.extensions, ExtensionType.sessionTicket)
        parameters.resumption = resumption as Resumption | undefined
        super(settings, isClient, parameters, record, new WholeOutbox(firstSeq), HANDSHAKE_HEADER_LENGTH)
        record.nextReadEpoch = PROTECTED_EPOCH
    }

    /** The key exchange of the negotiated suite; there must be one. */
    protected keyExchange(): KeyExchange {
        return (this.parameters.suite as CipherSuite).keyExchange as KeyExchange
    }

    deriveKeys(premaster: Buffer): void {
        const { parameters } = this
        const { crypto } = this.settings
        const { clientRandom, serverRandom, resumption } = parameters
        const suite = parameters.suite as CipherSuite
        const hash = suite.hash.algorithm
        let secret = premaster
        if (!parameters.resumed) {
            const hmac = crypto.newHmac(hash, premaster)
            secret = parameters.extendedMasterSecret
                ? extendedMasterSecret(hmac, this.transcript.digest())
                : masterSecret(hmac, clientRandom, serverRandom)
            hmac.close()
            if (resumption !== undefined) resumption.keepSecret(secret)
        }
        const master = crypto.newHmac(hash, secret)
        parameters.master = master
        const keys = keyBlock(master, suite.aead, clientRandom, serverRandom)
        this.pendingRead = this.protection(this.isClient ? keys.server : keys.client, true)
        this.pendingWrite = this.protection(this.isClient ? keys.client : keys.server, false)
        const keyLog = this.settings.keyLog
        if (keyLog !== undefined) keyLog("CLIENT_RANDOM " + clientRandom.toString("hex") + " " + secret.toString("hex"))
        wipe(secret)
    }

    private protection(keys: WriteKeys, reading: boolean): RecordProtection {
        const { algorithm } = (this.parameters.suite as CipherSuite).aead
        const { crypto } = this.settings
        const aead = crypto.newAead(algorithm, keys.key)
        wipe(keys.key)
        return crypto.newProtection(aead, PROTECTED_EPOCH, keys.iv, this.recordId(reading))
    }

    private recordExtension(): RecordExtension | undefined {
        const { extensions } = this.settings
        return findHelloExtension(extensions, ExtensionType.connectionId) as RecordExtension | undefined
    }

    private recordId(reading: boolean): Buffer {
        const ids = this.recordExtension()
        return ids === undefined ? EMPTY : ids.recordId(reading)
    }

    /**
     * The hellos were exchanged: the record form is known now, so records that come before their keys can be
     * recognized.
     */
    protected extensionsAgreed(): void {
        const ids = this.recordExtension()
        if (ids !== undefined) this.record.form = ids.readForm()
        // If the server answered record_size_limit, max_fragment_length is not in use (RFC 8449 §5).
        const { extensions } = this.settings
        this.limitRecords(findHelloExtension(extensions, ExtensionType.maxFragmentLength) as LimitExtension | undefined)
        this.limitRecords(findHelloExtension(extensions, ExtensionType.recordSizeLimit) as LimitExtension | undefined)
    }

    private limitRecords(limits: LimitExtension | undefined): void {
        if (limits === undefined) return
        this.record.readLimit = Math.min(this.record.readLimit, limits.readLimit)
        this.record.writeLimit = Math.min(this.record.writeLimit, limits.writeLimit)
    }

    /** Adds the last steps of both sides. */
    expectFinished(): void {
        this.expect([
            step(HandshakeType.changeCipherSpec, 0, false, onChangeCipherSpec),
            step(HandshakeType.finished, PROTECTED_EPOCH, false, onFinished),
        ])
    }

    /**
     * The peer's Finished was verified. In a full handshake the server sends the last flight, in an abbreviated one the
     * client.
     */
    finishedTaken(): void {
        const { resumption, resumed } = this.parameters
        this.beginFlight()
        if (resumption !== undefined) resumption.completed(this)
        if (this.isClient === resumed) {
            this.sendFinished()
            this.endFlight(false)
        }
        this.finish()
    }

    /** Sends this side's ChangeCipherSpec and Finished. */
    sendFinished(): void {
        this.sendChangeCipherSpec()
        const { aead } = this.parameters.suite as CipherSuite
        const protection = this.pendingWrite as RecordProtection
        this.pendingWrite = undefined
        this.record.activateWrite(PROTECTED_EPOCH, protection, aead.confidentialityLimit)
        const data = this.expectedFinished(this.isClient)
        this.keepFirst(data)
        this.send(HandshakeType.finished, data)
    }

    private keepFirst(data: Buffer): void {
        if (this.parameters.firstFinished.length === 0) this.parameters.firstFinished = data
    }

    /** verify_data for the transcript so far. */
    private expectedFinished(fromClient: boolean): Buffer {
        return verifyData(this.parameters.master as Hmac, fromClient, this.transcript.digest())
    }

    /** Compares the peer's verify_data; its Finished must not be in the transcript yet. */
    checkFinished(message: HandshakeMessage): boolean {
        const expected = this.expectedFinished(!this.isClient)
        if (!hasBody(message, expected)) {
            this.fail(FailureReason.badFinished, AlertDescription.decryptError)
            return false
        }
        this.keepFirst(expected)
        this.transcript.add(message.bytes)
        return true
    }

    /** Begins the peer's next epoch. */
    activateRead(): void {
        const protection = this.pendingRead as RecordProtection
        this.pendingRead = undefined
        this.readKeys = { epoch: PROTECTED_EPOCH, protection, nextEpoch: -1 }
    }

    protected closeKeys(): void {
        if (this.pendingRead !== undefined) this.pendingRead.close()
        if (this.pendingWrite !== undefined) this.pendingWrite.close()
        this.pendingRead = undefined
        this.pendingWrite = undefined
    }
}

function onChangeCipherSpec(handshake: HandshakeV12): void {
    handshake.activateRead()
}

function onFinished(handshake: HandshakeV12, message: HandshakeMessage): void {
    if (handshake.checkFinished(message)) handshake.finishedTaken()
}
