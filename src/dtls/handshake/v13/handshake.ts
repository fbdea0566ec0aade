import { copyOf, EMPTY, equal, join, wipe } from "../../bytes/bytes.js"
import { type HashParameters } from "../../crypto/algorithms.js"
import { type CryptoProvider, type RecordNumberCiphers, type RecordProtection } from "../../crypto/provider.js"
import { type CipherSuite } from "../cipher-suite.js"
import { KeyScheduleV13 } from "../../crypto/v13/key-schedule.js"
import { bodyOf, type HandshakeMessage } from "../../flight/inbox.js"
import { AcknowledgedOutbox } from "../../flight/v13/outbox.js"
import { type RecordLayer } from "../../record/record-layer.js"
import { ProtectionV13 } from "../../record/v13/protection.js"
import { UnifiedForm } from "../../record/v13/unified-header.js"
import { AlertDescription, ExtensionType, HandshakeType } from "../../wire/code-points.js"
import { wholeMessage } from "../../wire/handshake-header.js"
import { MAX_PLAINTEXT } from "../../wire/record-header.js"
import {
    APPLICATION_EPOCH,
    HANDSHAKE_EPOCH,
    KEY_SHARE,
    KEY_UPDATE,
    MESSAGE_HASH,
    NEW_CONNECTION_ID,
    NEW_SESSION_TICKET,
    PRE_SHARED_KEY,
    PSK_KEY_EXCHANGE_MODES,
    REQUEST_CONNECTION_ID,
    UPDATE_REQUESTED,
} from "../../wire/v13/code-points.js"
import { FailureReason } from "../failure.js"
import { Handshake } from "../handshake.js"
import { findHelloExtension, type HelloExtension, type LimitExtension } from "../hello-extension.js"
import { passes } from "../negotiation.js"
import { type AssociationSettings } from "../settings.js"
import { shortened } from "../transcript.js"
import { type AuthenticatedHandshake, type AuthenticationExtension } from "./authentication.js"
import { type KeyImporter } from "./key-importer.js"
import { type KeyShareExtension } from "./key-share-extension.js"
import { type ClientResumptionV13, type ResumptionV13 } from "./resumption.js"
import { SecurityParametersV13 } from "./security-parameters.js"
import { type Speaker, type UpdatableIds } from "./updatable-ids.js"

/** msg_type and length alone enter the transcript (RFC 9147 §5.2). */
export const TRANSCRIPT_HEADER = 4

/**
 * What both sides of a DTLS 1.3 handshake do (RFC 9147, RFC 8446): the key schedule, epochs 2 and 3, Finished.
 * @devsWhenUsed
 */
export abstract class HandshakeV13 extends Handshake<SecurityParametersV13> implements AuthenticatedHandshake {
    /** what stands before this hello in the transcript: nothing, or the first hello's hash and the HelloRetryRequest */
    private before = EMPTY
    /** of the current stage of the key schedule: early, handshake, then main */
    secret = EMPTY
    private clientSecret = EMPTY
    private serverSecret = EMPTY
    /** of the peer, before its last KeyUpdate: whoever goes on elsewhere needs it until the peer uses the new keys */
    private formerSecret = EMPTY
    /** the peer asked for a KeyUpdate of ours */
    updateRequested = false

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
     * Extensions that go into hellos of this version: session_ticket and max_fragment_length are those of DTLS 1.2 only, and so are
     * connection ids that cannot be replaced, and what checks addresses by ids.
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

    /** Undefined: the program does not name connection ids of this version. */
    ids(): UpdatableIds | undefined {
        const ids = findHelloExtension(this.settings.extensions, ExtensionType.connectionId) as UpdatableIds | undefined
        return ids !== undefined && ids.hasUpdates ? ids : undefined
    }

    /** EncryptedExtensions is agreed on: protected records keep to record_size_limit, where both sides have it (RFC 8449 §4). */
    protected limitRecords(): void {
        const type = ExtensionType.recordSizeLimit
        const limits = findHelloExtension(this.settings.extensions, type) as LimitExtension | undefined
        if (limits === undefined) return
        this.record.readLimit = contentLimit(limits.readLimit)
        this.record.writeLimit = contentLimit(limits.writeLimit)
    }

    /** Undefined: the program does not name the resumption of this version. */
    protected sessions(): ResumptionV13 | undefined {
        return findHelloExtension(this.settings.extensions, PSK_KEY_EXCHANGE_MODES) as ResumptionV13 | undefined
    }

    private recordId(reading: boolean): Buffer {
        const ids = this.ids()
        return ids === undefined ? EMPTY : ids.recordId(reading)
    }

    /** Undefined: the program does not name psk_dhe_ke. */
    keyShares(): KeyShareExtension | undefined {
        return findHelloExtension(this.settings.extensions, KEY_SHARE) as KeyShareExtension | undefined
    }

    /** Undefined: the program does not name certificates of this version. */
    protected authentication(): AuthenticationExtension | undefined {
        const type = ExtensionType.signatureAlgorithms
        return findHelloExtension(this.settings.extensions, type) as AuthenticationExtension | undefined
    }

    /** Server, with certificates: ServerHello is next. */
    abstract onCredentials(): void

    /** Finished is next. */
    abstract onPresented(): void

    /** What imports external keys; undefined: they are used as they are. */
    importer(): KeyImporter | undefined {
        return findHelloExtension(this.settings.extensions, PRE_SHARED_KEY) as KeyImporter | undefined
    }

    /** Keys are derived with this hash: those of pre-shared keys before the suite is known. */
    useHash(hash: HashParameters): void {
        this.parameters.schedule = new KeyScheduleV13(this.settings.crypto, hash)
    }

    /** The suite is known. */
    protected chooseSuite(suite: CipherSuite): void {
        this.parameters.suite = suite
        this.useHash(suite.hash)
        this.transcript.choose(suite.hash, false)
    }

    /**
     * The transcript begins anew with what stands for the first hello (RFC 8446 §4.4.1).
     * @param request the HelloRetryRequest, header included
     */
    protected restartTranscript(helloHash: Buffer, request: Buffer): void {
        const { transcript } = this
        const hash = wholeMessage(MESSAGE_HASH, 0, helloHash)
        transcript.restart()
        transcript.choose((this.parameters.suite as CipherSuite).hash, false)
        transcript.add(hash)
        transcript.add(request)
        this.before = join([shortened(hash, TRANSCRIPT_HEADER), shortened(request, TRANSCRIPT_HEADER)])
    }

    schedule(): KeyScheduleV13 {
        return this.parameters.schedule as KeyScheduleV13
    }

    private zeros(): Buffer {
        return Buffer.alloc(this.schedule().hash.length)
    }

    /** Stage 1 (RFC 8446 §7.1). @param psk empty: there is none */
    enterEarlyStage(psk: Buffer): void {
        wipe(this.secret)
        this.secret = this.schedule().extract(this.zeros(), psk.length === 0 ? this.zeros() : psk)
    }

    /**
     * A binder of the hello that stands in `message`, header included (RFC 8446 §4.2.11.2).
     * @param secret of the early stage
     * @param label of external keys, or of tickets
     * @param bindersLength see `OfferedPsk`
     */
    binder(secret: Buffer, label: string, message: Buffer, bindersLength: number): Buffer {
        const schedule = this.schedule()
        const binderKey = schedule.deriveSecret(secret, label, schedule.digest(EMPTY))
        const transcript = join([this.before, shortened(message, TRANSCRIPT_HEADER)])
        const covered = copyOf(transcript, 0, transcript.length - bindersLength)
        const binder = schedule.verifyData(binderKey, schedule.digest(covered))
        wipe(binderKey)
        return binder
    }

    /**
     * Stage 2; everything through ServerHello is in the transcript.
     * @param shared the result of the key agreement, which is wiped; empty: there was none
     */
    protected enterHandshakeStage(shared: Buffer): void {
        const schedule = this.schedule()
        this.secret = schedule.nextSecret(this.secret, shared.length === 0 ? this.zeros() : shared)
        wipe(shared)
        this.forgetShares()
        const hash = this.transcript.digest()
        this.clientSecret = schedule.deriveSecret(this.secret, "c hs traffic", hash)
        this.serverSecret = schedule.deriveSecret(this.secret, "s hs traffic", hash)
    }

    /** Stage 3. @param transcriptHash through the server's Finished */
    protected enterMainStage(transcriptHash: Buffer): void {
        const schedule = this.schedule()
        this.secret = schedule.nextSecret(this.secret, this.zeros())
        const exporter = schedule.deriveSecret(this.secret, "exp master", transcriptHash)
        this.parameters.exporter = this.settings.crypto.newHmac(schedule.hash.algorithm, exporter)
        wipe(exporter)
    }

    /** One side's, of the application data's epoch; `enterMainStage` was before, and that side's Finished has been made. */
    protected activateApplicationKeys(ofClient: boolean, transcriptHash: Buffer): void {
        const label = ofClient ? "c ap traffic" : "s ap traffic"
        this.replaceSecret(ofClient, this.secret, label, transcriptHash)
        if (ofClient === this.isClient) this.activateWrite(APPLICATION_EPOCH)
        else this.activateRead(APPLICATION_EPOCH)
    }

    /** The last stage is over; Finished of both sides is in the transcript. */
    protected leaveMainStage(): void {
        const sessions = this.sessions()
        if (sessions !== undefined) sessions.keep(this, this.secret)
        wipe(this.secret)
    }

    // After the handshake

    /** Takes a message that comes after the handshake (RFC 8446 §4.6). */
    takeLater(message: HandshakeMessage): void {
        const ids = this.ids()
        const sessions = this.sessions()
        if (message.type === KEY_UPDATE) this.takeKeyUpdate(bodyOf(message))
        else if (ids !== undefined && isAboutIds(message.type)) this.takeIds(ids, message)
        else if (message.type !== NEW_SESSION_TICKET || !this.isClient)
            this.fail(FailureReason.unexpectedMessage, AlertDescription.unexpectedMessage)
        else if (sessions !== undefined) (sessions as ClientResumptionV13).take(this, message)
    }

    /** What may have something to tell the peer now. */
    speaker(): Speaker | undefined {
        return this.ids()
    }

    private takeIds(ids: UpdatableIds, message: HandshakeMessage): void {
        if (passes(this, ids.take(message.type, bodyOf(message)))) this.sendWithId(ids.recordId(false))
    }

    /** Records that are sealed from now on carry this id of the peer's. */
    private sendWithId(id: Buffer): void {
        const { protection } = this.record.write
        if (protection !== undefined) (protection as ProtectionV13).setId(id)
    }

    /** Records carry an id that was not seen on the old path, where the peer has given one (RFC 9147 §9). */
    takeNewPath(): boolean {
        const ids = this.ids()
        if (ids === undefined || !ids.useSpare()) return false
        this.sendWithId(ids.recordId(false))
        return true
    }

    /** The peer's records have new keys from now on (RFC 8446 §4.6.3, RFC 9147 §8). */
    private takeKeyUpdate(body: Buffer): void {
        if (body.length !== 1) return this.fail(FailureReason.decodeError, AlertDescription.decodeError)
        if (body[0] > UPDATE_REQUESTED)
            return this.fail(FailureReason.illegalParameter, AlertDescription.illegalParameter)
        if (body[0] === UPDATE_REQUESTED) this.updateRequested = true
        this.nextRead()
        this.activateRead(this.record.readEpoch() + 1)
    }

    /** The peer has acknowledged our KeyUpdate: records are sealed with the next keys, and the old ones are erased. */
    activateNextWrite(): void {
        const { write } = this.record
        this.nextTraffic(this.isClient)
        this.activateWrite(write.epoch + 1)
        if (write.protection !== undefined) write.protection.close()
        this.record.write.previous = undefined
    }

    /** The peer has begun its next epoch. */
    nextRead(): void {
        const secret = this.secretOf(!this.isClient)
        wipe(this.formerSecret)
        this.formerSecret = copyOf(secret, 0, secret.length)
        this.nextTraffic(!this.isClient)
    }

    /** application_traffic_secret_N+1 of one side (RFC 8446 §7.2). */
    private nextTraffic(ofClient: boolean): void {
        this.replaceSecret(ofClient, this.secretOf(ofClient), "traffic upd", EMPTY)
    }

    private replaceSecret(ofClient: boolean, from: Buffer, label: string, hash: Buffer): void {
        const secret = this.schedule().deriveSecret(from, label, hash)
        wipe(this.secretOf(ofClient))
        if (ofClient) this.clientSecret = secret
        else this.serverSecret = secret
    }

    private secretOf(ofClient: boolean): Buffer {
        return ofClient ? this.clientSecret : this.serverSecret
    }

    // Going on elsewhere

    /**
     * A copy of the secrets of both directions, from which all keys follow: the peer's, then this side's.
     * @param former the peer's before its last KeyUpdate
     */
    savedSecrets(former: boolean): Buffer {
        return join([former ? this.formerSecret : this.secretOf(!this.isClient), this.secretOf(this.isClient)])
    }

    /** In place of a handshake. @param secrets what `savedSecrets` gave */
    goOnWith(suite: CipherSuite, secrets: Buffer): void {
        const { length } = suite.hash
        this.chooseSuite(suite)
        const reading = copyOf(secrets, 0, length)
        const writing = copyOf(secrets, length, length + length)
        this.clientSecret = this.isClient ? writing : reading
        this.serverSecret = this.isClient ? reading : writing
        this.finish()
    }

    /** Of the secret in use. */
    savedProtection(epoch: number, reading: boolean): RecordProtection {
        return this.protection(epoch, this.secretOf(reading !== this.isClient), reading)
    }

    private protection(epoch: number, secret: Buffer, reading: boolean): RecordProtection {
        const { aead } = this.parameters.suite as CipherSuite
        const crypto = this.settings.crypto as CryptoProvider & RecordNumberCiphers
        const keys = this.schedule().trafficKeys(secret, aead.keyLength)
        return new ProtectionV13(crypto, aead, epoch, keys, this.recordId(reading), reading, this.ids())
    }

    protected activateWrite(epoch: number): void {
        const { aead } = this.parameters.suite as CipherSuite
        const protection = this.protection(epoch, this.secretOf(this.isClient), false)
        this.record.activateWrite(epoch, protection, aead.confidentialityLimit)
    }

    protected activateRead(epoch: number): void {
        const protection = this.protection(epoch, this.secretOf(!this.isClient), true)
        this.readKeys = { epoch, protection, nextEpoch: epoch < APPLICATION_EPOCH ? epoch + 1 : -1 }
    }

    protected sendFinished(): void {
        const hash = this.transcript.digest()
        this.send(HandshakeType.finished, this.schedule().verifyData(this.secretOf(this.isClient), hash))
    }

    /** Compares the peer's verify_data; its Finished is not yet in the transcript. */
    protected checkFinished(message: HandshakeMessage): boolean {
        const expected = this.schedule().verifyData(this.secretOf(!this.isClient), this.transcript.digest())
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
        wipe(this.secret)
        wipe(this.clientSecret)
        wipe(this.serverSecret)
        wipe(this.formerSecret)
    }
}

/**
 * Extensions on which the form of records depends. ServerHello answers them, not EncryptedExtensions, which may carry an id
 * already (RFC 9146 §3, RFC 9853 §3).
 */
export function isOfRecords(type: number): boolean {
    return type === ExtensionType.connectionId || type === ExtensionType.returnRoutabilityCheck
}

/** In this version a limit counts the content type, too. What is not limited stays so. */
function contentLimit(limit: number): number {
    return limit === MAX_PLAINTEXT ? limit : limit - 1
}

function isAboutIds(type: number): boolean {
    return type === NEW_CONNECTION_ID || type === REQUEST_CONNECTION_ID
}
