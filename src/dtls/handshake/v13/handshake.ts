import { concat, copyOf, EMPTY, equal, wipe } from "../../bytes/bytes.js"
import { type HashParameters } from "../../crypto/algorithms.js"
import { digestOf } from "../../crypto/v13/key-schedule.js"
import { type CryptoV13, type ProtectionWithId, type Secret } from "../../crypto/v13/provider.js"
import { TrafficSecrets } from "../../crypto/v13/traffic-secrets.js"
import { type CipherSuite } from "../cipher-suite.js"
import { bodyOf, type HandshakeMessage } from "../../flight/inbox.js"
import { AcknowledgedOutbox } from "../../flight/v13/outbox.js"
import { type RecordLayer } from "../../record/record-layer.js"
import { UnifiedForm } from "../../record/v13/unified-header.js"
import { AlertDescription, ExtensionType, HandshakeType } from "../../wire/code-points.js"
import { wholeMessage } from "../../wire/handshake-header.js"
import { MAX_PLAINTEXT } from "../../wire/record-header.js"
import {
    APPLICATION_EPOCH,
    HANDSHAKE_EPOCH,
    KEY_SHARE,
    MESSAGE_HASH,
    PRE_SHARED_KEY,
} from "../../wire/v13/code-points.js"
import { FailureReason } from "../failure.js"
import { Handshake } from "../handshake.js"
import { findHelloExtension, type HelloExtension, type LimitExtension } from "../hello-extension.js"
import { type AssociationSettings } from "../settings.js"
import { shortened } from "../transcript.js"
import { type AuthenticatedHandshake, type AuthenticationExtension } from "./authentication.js"
import { type KeyShareExtension } from "./key-share-extension.js"
import { idsOf, protectionBy, sessionsOf } from "./lasting-extensions.js"
import { type KeyImporter, type ResumptionV13 } from "./resumption.js"
import { SecurityParametersV13 } from "./security-parameters.js"
import { type UpdatableIds } from "./updatable-ids.js"

/** Only msg_type and length are part of the transcript (RFC 9147 §5.2). */
export const TRANSCRIPT_HEADER = 4

/**
 * What both sides of a DTLS 1.3 handshake share (RFC 9147, RFC 8446): the key schedule, epochs 2 and 3, Finished.
 * @devsWhenUsed
 */
export abstract class HandshakeV13 extends Handshake<SecurityParametersV13> implements AuthenticatedHandshake {
    /** the transcript before this hello: empty, or the first hello's hash and the HelloRetryRequest */
    private before = EMPTY
    private hashing: HashParameters | undefined
    /** secret of the key schedule's current stage: early, handshake, then main */
    secret: Secret | undefined
    private clientSecret: Secret | undefined
    private serverSecret: Secret | undefined

    constructor(settings: AssociationSettings, isClient: boolean, record: RecordLayer, firstSeq: number) {
        super(
            settings,
            isClient,
            new SecurityParametersV13(),
            record,
            new AcknowledgedOutbox(firstSeq),
            TRANSCRIPT_HEADER,
        )
        record.nextReadEpoch = HANDSHAKE_EPOCH
        const ids = this.ids()
        record.form = new UnifiedForm(ids === undefined ? 0 : ids.idLength())
    }

    /**
     * The extensions for hellos of this version. session_ticket and max_fragment_length belong to DTLS 1.2 only, and so
     * do connection ids that cannot be replaced, and return routability with them.
     */
    protected helloExtensions(): HelloExtension[] {
        const hasIds = this.ids() !== undefined
        return this.settings.extensions.filter(
            (extension) =>
                extension.type !== KEY_SHARE &&
                (hasIds || !isOfRecords(extension.type)) &&
                extension.type !== ExtensionType.sessionTicket &&
                extension.type !== ExtensionType.maxFragmentLength,
        )
    }

    /** Undefined: the program does not use connection ids in this version. */
    ids(): UpdatableIds | undefined {
        return idsOf(this.settings)
    }

    /**
     * EncryptedExtensions was processed: protected records obey record_size_limit if both sides have it (RFC 8449 §4).
     */
    protected limitRecords(): void {
        const type = ExtensionType.recordSizeLimit
        const limits = findHelloExtension(this.settings.extensions, type) as LimitExtension | undefined
        if (limits === undefined) return
        this.record.readLimit = contentLimit(limits.readLimit)
        this.record.writeLimit = contentLimit(limits.writeLimit)
    }

    /** Undefined: the program does not use session resumption in this version. */
    protected sessions(): ResumptionV13 | undefined {
        return sessionsOf(this.settings)
    }

    /** Undefined: the program does not use psk_dhe_ke. */
    keyShares(): KeyShareExtension | undefined {
        return findHelloExtension(this.settings.extensions, KEY_SHARE) as KeyShareExtension | undefined
    }

    /** Undefined: the program does not use certificates in this version. */
    protected authentication(): AuthenticationExtension | undefined {
        const type = ExtensionType.signatureAlgorithms
        return findHelloExtension(this.settings.extensions, type) as AuthenticationExtension | undefined
    }

    /** Server, with certificates: ServerHello is next. */
    abstract onCredentials(): void

    /** Finished is next. */
    abstract onPresented(): void

    /** Imports external keys; undefined: they are used as they are. */
    importer(): KeyImporter | undefined {
        return findHelloExtension(this.settings.extensions, PRE_SHARED_KEY) as KeyImporter | undefined
    }

    /** Sets the hash for deriving keys; until the suite is known, that of the pre-shared keys. */
    useHash(hash: HashParameters): void {
        this.hashing = hash
    }

    /** Sets the suite. */
    protected chooseSuite(suite: CipherSuite): void {
        this.parameters.suite = suite
        this.useHash(suite.hash)
        this.transcript.choose(suite.hash, false)
    }

    /**
     * Restarts the transcript with the message that replaces the first hello (RFC 8446 §4.4.1).
     * @param request the HelloRetryRequest, header included
     */
    protected restartTranscript(helloHash: Buffer, request: Buffer): void {
        const { transcript } = this
        const hash = wholeMessage(MESSAGE_HASH, 0, helloHash)
        transcript.restart()
        transcript.choose((this.parameters.suite as CipherSuite).hash, false)
        transcript.add(hash)
        transcript.add(request)
        this.before = concat(shortened(hash, TRANSCRIPT_HEADER), shortened(request, TRANSCRIPT_HEADER))
    }

    /** The hash for deriving keys. */
    hash(): HashParameters {
        return this.hashing as HashParameters
    }

    crypto(): CryptoV13 {
        return this.settings.crypto as unknown as CryptoV13
    }

    /** Stage 1 of the key schedule (RFC 8446 §7.1). @param psk empty: there is none */
    enterEarlyStage(psk: Buffer): void {
        this.enterStage(this.crypto().newSecret(this.hash(), psk))
    }

    private enterStage(secret: Secret): void {
        erase(this.secret)
        this.secret = secret
    }

    /**
     * A binder of the hello in `message`, header included (RFC 8446 §4.2.11.2).
     * @param secret of the early stage
     * @param label for external keys, or for tickets
     * @param bindersLength see `OfferedPsk`
     */
    binder(secret: Secret, label: string, message: Buffer, bindersLength: number): Buffer {
        const transcript = concat(this.before, shortened(message, TRANSCRIPT_HEADER))
        const covered = copyOf(transcript, 0, transcript.length - bindersLength)
        return secret.verifyData(label, digestOf(this.settings.crypto, this.hash(), covered))
    }

    /**
     * Stage 2; the transcript must contain everything through ServerHello.
     * @param shared result of the key agreement, which is wiped; empty: there was none
     */
    protected enterHandshakeStage(shared: Buffer): void {
        const secret = (this.secret as Secret).nextSecret(shared)
        this.enterStage(secret)
        wipe(shared)
        this.forgetShares()
        const hash = this.transcript.digest()
        this.clientSecret = secret.deriveSecret("c hs traffic", hash)
        this.serverSecret = secret.deriveSecret("s hs traffic", hash)
    }

    /** Stage 3. @param transcriptHash hash through the server's Finished */
    protected enterMainStage(transcriptHash: Buffer): void {
        const secret = (this.secret as Secret).nextSecret(EMPTY)
        this.enterStage(secret)
        this.parameters.keepExporter(this.settings.crypto, secret.deriveSecret("exp master", transcriptHash))
    }

    /**
     * Activates one side's application keys, after `enterMainStage` and after that side's Finished was made or
     * verified.
     */
    protected activateApplicationKeys(ofClient: boolean, transcriptHash: Buffer): void {
        const label = ofClient ? "c ap traffic" : "s ap traffic"
        erase(this.secretOf(ofClient))
        this.keepSecret(ofClient, (this.secret as Secret).deriveSecret(label, transcriptHash))
        if (ofClient === this.isClient) this.activateWrite(APPLICATION_EPOCH)
        else this.activateRead(APPLICATION_EPOCH)
    }

    /** Ends the last stage; both sides' Finished are in the transcript. */
    protected leaveMainStage(): void {
        const sessions = this.sessions()
        if (sessions !== undefined) sessions.keep(this, this.secret as Secret)
        erase(this.secret)
        this.secret = undefined
        this.before = EMPTY
    }

    private keepSecret(ofClient: boolean, secret: Secret): void {
        if (ofClient) this.clientSecret = secret
        else this.serverSecret = secret
    }

    private secretOf(ofClient: boolean): Secret {
        return (ofClient ? this.clientSecret : this.serverSecret) as Secret
    }

    /**
     * Hands the secrets of both directions to the driver that follows the handshake; nothing else is needed any more.
     */
    handOver(): TrafficSecrets {
        const secrets = new TrafficSecrets(this.secretOf(!this.isClient), this.secretOf(this.isClient))
        this.clientSecret = undefined
        this.serverSecret = undefined
        const importer = this.importer()
        if (importer !== undefined) importer.close()
        return secrets
    }

    /** Uses the current secret. */
    private protection(epoch: number, reading: boolean): ProtectionWithId {
        const secret = this.secretOf(reading !== this.isClient)
        return protectionBy(secret, this.settings, this.parameters.suite as CipherSuite, epoch, reading)
    }

    protected activateWrite(epoch: number): void {
        const { aead } = this.parameters.suite as CipherSuite
        this.record.activateWrite(epoch, this.protection(epoch, false), aead.confidentialityLimit)
    }

    protected activateRead(epoch: number): void {
        const protection = this.protection(epoch, true)
        this.readKeys = { epoch, protection, nextEpoch: epoch < APPLICATION_EPOCH ? epoch + 1 : -1 }
    }

    protected sendFinished(): void {
        const hash = this.transcript.digest()
        this.send(HandshakeType.finished, this.secretOf(this.isClient).verifyData("", hash))
    }

    /** Compares the peer's verify_data; its Finished must not be in the transcript yet. */
    protected checkFinished(message: HandshakeMessage): boolean {
        const expected = this.secretOf(!this.isClient).verifyData("", this.transcript.digest())
        if (equal(expected, bodyOf(message))) return true
        this.fail(FailureReason.badFinished, AlertDescription.decryptError)
        return false
    }

    private forgetShares(): void {
        const shares = this.keyShares()
        if (shares !== undefined) shares.close()
    }

    protected closeKeys(): void {
        this.forgetShares()
        const sessions = this.sessions()
        if (sessions !== undefined) sessions.close()
        const importer = this.importer()
        if (importer !== undefined) importer.close()
        erase(this.secret)
        erase(this.clientSecret)
        erase(this.serverSecret)
    }
}

function erase(secret: Secret | undefined): void {
    if (secret !== undefined) secret.close()
}

/**
 * Whether the extension affects the form of records. Such extensions are answered in ServerHello, not in
 * EncryptedExtensions, whose records may carry an id already (RFC 9146 §3, RFC 9853 §3).
 */
export function isOfRecords(type: number): boolean {
    return type === ExtensionType.connectionId || type === ExtensionType.returnRoutabilityCheck
}

/** In DTLS 1.3 the limit includes the content type. No limit stays no limit. */
function contentLimit(limit: number): number {
    return limit === MAX_PLAINTEXT ? limit : limit - 1
}
