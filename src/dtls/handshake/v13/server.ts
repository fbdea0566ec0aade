import { EMPTY, equal, wipe } from "../../bytes/bytes.js"
import { Writer } from "../../bytes/writer.js"
import { type Secret } from "../../crypto/v13/provider.js"
import { type CipherSuite } from "../cipher-suite.js"
import { bodyOf, type HandshakeMessage } from "../../flight/inbox.js"
import { type RecordLayer } from "../../record/record-layer.js"
import { AlertDescription, DTLS_1_2, ExtensionType, HandshakeType } from "../../wire/code-points.js"
import { type ClientHello, readClientHello } from "../../wire/client-hello.js"
import { type Extension, findExtension, writeExtensions } from "../../wire/extensions.js"
import { wholeMessage } from "../../wire/handshake-header.js"
import { writeServerHello } from "../../wire/server-hello.js"
import {
    COOKIE,
    ENCRYPTED_EXTENSIONS,
    HANDSHAKE_EPOCH,
    KEY_SHARE,
    PRE_SHARED_KEY,
    PSK_DHE_KE,
    PSK_KE,
    PSK_KEY_EXCHANGE_MODES,
    SUPPORTED_VERSIONS,
} from "../../wire/v13/code-points.js"
import {
    type OfferedPsk,
    offersMode,
    offersVersion,
    readOfferedPsks,
    selectedPsk,
    selectedVersion,
} from "../../wire/v13/extensions.js"
import { readCookie, writeHelloRetryRequest } from "../../wire/v13/hello-retry-request.js"
import { FailureReason } from "../failure.js"
import { passes, usableSuites } from "../negotiation.js"
import { isUsablePsk, type PskAnswer, QuestionKind } from "../question.js"
import { type AssociationSettings } from "../settings.js"
import { step } from "../step.js"
import { type Handshake } from "../handshake.js"
import { type AuthenticationExtension } from "./authentication.js"
import { type CookieState, readCookieState } from "./cookies.js"
import { HandshakeV13, isOfRecords } from "./handshake.js"
import { suiteForClient, suiteOfKeys } from "./hash-choice.js"
import { type KeyShareExtension, type SharedSecret } from "./key-share-extension.js"
import { type ServerResumptionV13 } from "./resumption.js"

/** Length of the decoy key for unknown identities, bytes. */
const DECOY_KEY_LENGTH = 16

/** For a role: the server's side of DTLS 1.3. */
export function newServerHandshake(settings: AssociationSettings, record: RecordLayer, firstSeq: number): Handshake {
    return new ServerHandshakeV13(settings, record, firstSeq)
}

/** @devsWhenUsed */
class ServerHandshakeV13 extends HandshakeV13 {
    private helloBytes = EMPTY
    /** the keys that the client offers, until one is selected */
    private psks: OfferedPsk[] = []
    /** index of the one being tried, or selected */
    private pskIndex = -1
    /** extensions of EncryptedExtensions */
    private answers: Extension[] = []
    /** extensions of ServerHello */
    private recordAnswers: Extension[] = []
    /** there is a key agreement: with certificates, or in the mode psk_dhe_ke */
    agrees = false
    /** extensions of the ClientHello, until it is decided how to authenticate */
    private offered: Extension[] = []
    /** how this side authenticates itself with a certificate; undefined: with the pre-shared key */
    private certified: AuthenticationExtension | undefined
    /** hash of the transcript through the server's Finished */
    private transcriptHash = EMPTY

    constructor(settings: AssociationSettings, record: RecordLayer, firstSeq: number) {
        super(settings, false, record, firstSeq)
        this.expect([
            step(HandshakeType.clientHello, 0, false, onClientHello),
            step(HandshakeType.finished, HANDSHAKE_EPOCH, false, onFinished),
        ])
    }

    /** A server waits for the client. */
    start(): void {}

    takeHello(message: HandshakeMessage): void {
        const hello = readClientHello(bodyOf(message))
        if (hello === undefined) return this.fail(FailureReason.decodeError, AlertDescription.decodeError)
        const versions = findExtension(hello.extensions, SUPPORTED_VERSIONS)
        if (versions === undefined || !offersVersion(versions))
            return this.fail(FailureReason.nothingInCommon, AlertDescription.protocolVersion)
        const offered = findExtension(hello.extensions, PRE_SHARED_KEY)
        const readable = offered === undefined ? undefined : readOfferedPsks(offered)
        if (offered !== undefined && readable === undefined)
            return this.fail(FailureReason.decodeError, AlertDescription.decodeError)
        const authentication = this.authentication()
        const isReplaced =
            authentication !== undefined && authentication.replacesKeys(hello.extensions, this.keyShares())
        const psks = isReplaced ? undefined : readable
        const state = cookieStateOf(hello)
        const suite = suiteForClient(this.settings, hello, psks, state === undefined ? 0 : state.cipherSuite)
        if (suite === undefined) return this.fail(FailureReason.nothingInCommon, AlertDescription.handshakeFailure)
        // pre_shared_key must come last, because binders cover everything before them (RFC 8446 §4.2.11).
        if (readable !== undefined && hello.extensions[hello.extensions.length - 1].type !== PRE_SHARED_KEY)
            return this.fail(FailureReason.illegalParameter, AlertDescription.illegalParameter)
        if (psks === undefined && authentication === undefined)
            return this.fail(FailureReason.nothingInCommon, AlertDescription.handshakeFailure)
        if (psks === undefined && !isComplete(hello))
            return this.fail(FailureReason.nothingInCommon, AlertDescription.missingExtension)
        const asked = state === undefined ? 0 : state.group
        if (!passes(this, psks === undefined ? this.takeShare(hello.extensions, asked) : this.selectMode(hello, asked)))
            return
        if (!this.selectExtensions(hello)) return
        this.begin(message, hello, psks, suite)
    }

    /** @param asked see `KeyShareExtension.take` */
    private takeShare(extensions: Extension[], asked: number): AlertDescription {
        const shares = this.keyShares()
        if (shares === undefined) return AlertDescription.handshakeFailure
        const alert = shares.take(extensions, asked)
        this.agrees = alert === AlertDescription.none
        return alert
    }

    /** psk_dhe_ke if both sides support it. @param asked group requested by the HelloRetryRequest; 0: none */
    private selectMode(hello: ClientHello, asked: number): AlertDescription {
        const modes = findExtension(hello.extensions, PSK_KEY_EXCHANGE_MODES)
        const shares = this.keyShares()
        const alert = offersMode(modes, PSK_DHE_KE)
            ? this.takeShare(hello.extensions, asked)
            : AlertDescription.handshakeFailure
        const mayDoWithout = alert === AlertDescription.handshakeFailure && (shares === undefined || !shares.required)
        return mayDoWithout && offersMode(modes, PSK_KE) ? AlertDescription.none : alert
    }

    private selectExtensions(hello: ClientHello): boolean {
        for (const extension of this.helloExtensions()) {
            const offered = findExtension(hello.extensions, extension.type)
            if (offered !== undefined) {
                if (!passes(this, extension.select(offered))) return false
                const data = extension.answer()
                const list = isOfRecords(extension.type) ? this.recordAnswers : this.answers
                if (data !== undefined) list.push({ type: extension.type, data })
            }
        }
        this.limitRecords()
        return true
    }

    private begin(
        message: HandshakeMessage,
        hello: ClientHello,
        psks: OfferedPsk[] | undefined,
        suite: CipherSuite,
    ): void {
        this.chooseSuite(suite)
        this.continueRetry(cookieOf(hello), message.messageSeq)
        this.transcript.add(message.bytes)
        this.parameters.clientRandom = hello.random
        this.parameters.serverRandom = this.settings.crypto.random(32)
        this.offered = hello.extensions
        const sessions = this.resumption()
        if (sessions !== undefined) sessions.begin(hello.extensions)
        if (psks === undefined) return this.goOnWithoutPsk()
        this.helloBytes = message.bytes
        this.psks = psks
        this.lookFurther()
    }

    private resumption(): ServerResumptionV13 | undefined {
        return this.sessions() as ServerResumptionV13 | undefined
    }

    /** Tries the client's next identity, in its order of preference. */
    lookFurther(): void {
        if (this.pskIndex === this.psks.length - 1) return this.takeKey(undefined)
        this.pskIndex++
        const psk = this.psks[this.pskIndex]
        const sessions = this.resumption()
        if (sessions !== undefined && sessions.open(this, psk)) return
        const identity = this.externalIdentity(psk)
        if (identity === undefined) return this.goOnWithoutKeys()
        this.parameters.identity = identity
        this.ask({ kind: QuestionKind.psk, identity, hint: undefined }, onAnswer)
    }

    /**
     * The identity known to the key source; undefined: it cannot be used with the suite, or its key would not be ours.
     */
    private externalIdentity(psk: OfferedPsk): Buffer | undefined {
        const { identity } = psk
        const importer = this.importer()
        if (importer !== undefined) return importer.externalOf(identity, this.hash())
        return this.hasHashOfKeys() ? identity : undefined
    }

    /** Whether external keys can be used with the suite. */
    private hasHashOfKeys(): boolean {
        const { hash } = suiteOfKeys(usableSuites(this.settings, false))
        return hash.algorithm === this.hash().algorithm
    }

    private goOnWithoutKeys(): void {
        if (!this.goOnOtherwise()) this.fail(FailureReason.nothingInCommon, AlertDescription.handshakeFailure)
    }

    /** The current identity cannot be used: tries the next way to authenticate. @returns false: there is none left */
    private goOnOtherwise(): boolean {
        if (this.pskIndex < this.psks.length - 1) this.lookFurther()
        else if (this.mayGoOnWithoutPsk()) this.goOnWithoutPsk()
        else return false
        return true
    }

    private goOnWithoutPsk(): void {
        const authentication = this.authentication() as AuthenticationExtension
        this.certified = authentication
        this.parameters.identity = EMPTY
        this.enterEarlyStage(EMPTY)
        authentication.choose(this, this.offered)
    }

    /** This side's credentials are chosen. */
    onCredentials(): void {
        this.offered = []
        this.agree(this.keyShares() as KeyShareExtension)
    }

    /** For a hello with our cookie, verified before: reconstructs our HelloRetryRequest for the transcript. */
    private continueRetry(cookie: Buffer | undefined, messageSeq: number): void {
        const state = cookie === undefined ? undefined : readCookieState(cookie)
        if (cookie === undefined || state === undefined) return
        const request = writeHelloRetryRequest(state.cipherSuite, cookie, state.group)
        this.restartTranscript(state.helloHash, wholeMessage(HandshakeType.serverHello, messageSeq - 1, request))
    }

    /**
     * An unknown identity fails like a wrong key, at its binder; if both sides support certificates, the handshake
     * continues with these instead (RFC 8446 §4.2.11).
     */
    takeKey(answer: PskAnswer | undefined): void {
        if (answer === undefined && this.goOnOtherwise()) return
        const decoy = this.settings.crypto.random(DECOY_KEY_LENGTH)
        this.useExternal(answer === undefined || !isUsablePsk(answer) ? decoy : answer.key)
        wipe(decoy)
    }

    private useExternal(key: Buffer): void {
        const sessions = this.resumption()
        if (sessions !== undefined) sessions.keepKey(key)
        const importer = this.importer()
        if (importer === undefined) {
            this.usePsk(key, "ext binder")
            return
        }
        const imported = importer.importKey(key, this.psks[this.pskIndex].identity, this.hash())
        this.usePsk(imported, importer.bindingLabel())
        wipe(imported)
    }

    resume(psk: Buffer): boolean {
        return this.usePsk(psk, "res binder")
    }

    /** @param label see `binder`. @returns false: the client has a different key */
    private usePsk(psk: Buffer, label: string): boolean {
        const { binder, bindersLength } = this.psks[this.pskIndex]
        this.offered = []
        this.psks = []
        this.enterEarlyStage(psk)
        const isBound = equal(this.binder(this.secret as Secret, label, this.helloBytes, bindersLength), binder)
        this.helloBytes = EMPTY
        if (!isBound) this.fail(FailureReason.keyMismatch, AlertDescription.decryptError)
        else if (this.agrees) this.agree(this.keyShares() as KeyShareExtension)
        else this.sendFlight(EMPTY, [])
        return isBound
    }

    private mayGoOnWithoutPsk(): boolean {
        const isOffered = findExtension(this.offered, ExtensionType.signatureAlgorithms) !== undefined
        if (!isOffered || this.authentication() === undefined) return false
        // In mode psk_ke the client's share has not been taken yet.
        return this.agrees || this.takeShare(this.offered, 0) === AlertDescription.none
    }

    private agree(shares: KeyShareExtension): void {
        const perform = async (): Promise<SharedSecret | undefined> => await shares.agree()
        this.ask({ kind: QuestionKind.operation, perform }, onAgreed)
    }

    agreed(shared: SharedSecret | undefined): void {
        const shares = this.keyShares() as KeyShareExtension
        if (shared === undefined) this.fail(FailureReason.illegalParameter, AlertDescription.illegalParameter)
        else this.sendFlight(shared.secret, [shares.serverShare()])
    }

    /** @param shared result of the key agreement; empty: there was none */
    private sendFlight(shared: Buffer, extensions: Extension[]): void {
        const { suite, serverRandom } = this.parameters
        const { certified } = this
        const psk = certified === undefined ? [selectedPsk(this.pskIndex)] : []
        this.beginFlight()
        const body = writeServerHello({
            version: DTLS_1_2,
            random: serverRandom,
            sessionId: EMPTY,
            cipherSuite: (suite as CipherSuite).id,
            compressionMethod: 0,
            extensions: [selectedVersion(), ...extensions, ...this.recordAnswers, ...psk],
        })
        this.send(HandshakeType.serverHello, body)
        this.enterHandshakeStage(shared)
        this.activateWrite(HANDSHAKE_EPOCH)
        this.activateRead(HANDSHAKE_EPOCH)
        const answers = certified === undefined ? this.answers : [...this.answers, ...certified.answers()]
        this.send(ENCRYPTED_EXTENSIONS, extensionBlock(answers))
        if (certified === undefined) this.onPresented()
        else certified.presentServer(this)
    }

    /** Everything after our Finished uses the application keys: at first alerts and ACKs (RFC 8446 appendix A.2). */
    onPresented(): void {
        this.sendFinished()
        const hash = this.transcript.digest()
        this.transcriptHash = hash
        this.endFlight(true)
        this.enterMainStage(hash)
        this.activateApplicationKeys(false, hash)
    }

    takeFinished(message: HandshakeMessage): void {
        if (!this.checkFinished(message)) return
        this.transcript.add(message.bytes)
        this.activateApplicationKeys(true, this.transcriptHash)
        this.leaveMainStage()
        this.transcriptHash = EMPTY
        this.beginFlight()
        this.finish()
    }
}

/** Whether a hello without a pre-shared key has the mandatory extensions (RFC 8446 §9.2). */
function isComplete(hello: ClientHello): boolean {
    for (const type of [ExtensionType.signatureAlgorithms, ExtensionType.supportedGroups, KEY_SHARE]) {
        if (findExtension(hello.extensions, type) === undefined) return false
    }
    return true
}

function cookieOf(hello: ClientHello): Buffer | undefined {
    const data = findExtension(hello.extensions, COOKIE)
    return data === undefined ? undefined : readCookie(data)
}

function cookieStateOf(hello: ClientHello): CookieState | undefined {
    const cookie = cookieOf(hello)
    return cookie === undefined ? undefined : readCookieState(cookie)
}

/** The list of EncryptedExtensions is always present, even if empty (RFC 8446 §4.3.1). */
function extensionBlock(list: Extension[]): Buffer {
    const writer = new Writer(32)
    if (list.length === 0) writer.uint(0, 2)
    else writeExtensions(writer, list)
    return writer.finish()
}

function onClientHello(h: ServerHandshakeV13, message: HandshakeMessage): void {
    h.takeHello(message)
}

function onAnswer(h: ServerHandshakeV13, answer: PskAnswer | undefined): void {
    h.takeKey(answer)
}

function onAgreed(h: ServerHandshakeV13, shared: SharedSecret | undefined): void {
    h.agreed(shared)
}

function onFinished(h: ServerHandshakeV13, message: HandshakeMessage): void {
    h.takeFinished(message)
}
