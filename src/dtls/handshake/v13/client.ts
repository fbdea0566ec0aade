/*
 * With a pre-shared key:
 *  Client                                Server
 *  ClientHello, PSK and binder  ------->
 *                               <-------  ServerHello, {EncryptedExtensions}, {Finished}
 *  {Finished}                   ------->
 *
 * With certificates:
 *  ClientHello                  ------->
 *                               <-------  ServerHello, {EncryptedExtensions}, [{CertificateRequest}],
 *                                         {Certificate}, {CertificateVerify}, {Finished}
 *  [{Certificate}, [{CertificateVerify}]],
 *  {Finished}                   ------->
 */
import { blit, EMPTY } from "../../bytes/bytes.js"
import { Reader } from "../../bytes/reader.js"
import { type Secret } from "../../crypto/v13/provider.js"
import { type CipherSuite } from "../cipher-suite.js"
import { bodyOf, type HandshakeMessage } from "../../flight/inbox.js"
import { type RecordLayer } from "../../record/record-layer.js"
import { AlertDescription, DTLS_1_2, ExtensionType, HandshakeType } from "../../wire/code-points.js"
import { type ClientHello, writeClientHello } from "../../wire/client-hello.js"
import { type Extension, findExtension, readExtensions } from "../../wire/extensions.js"
import { HANDSHAKE_HEADER_LENGTH, wholeMessage } from "../../wire/handshake-header.js"
import { readServerHello, type ServerHello } from "../../wire/server-hello.js"
import {
    COOKIE,
    DTLS_1_3,
    ENCRYPTED_EXTENSIONS,
    HANDSHAKE_EPOCH,
    KEY_SHARE,
    PRE_SHARED_KEY,
    PSK_DHE_KE,
    PSK_KE,
    SUPPORTED_VERSIONS,
} from "../../wire/v13/code-points.js"
import { offeredModes, offeredPsks, offeredVersions } from "../../wire/v13/extensions.js"
import { cookieExtension, isRetryRandom, readCookie } from "../../wire/v13/hello-retry-request.js"
import { FailureReason } from "../failure.js"
import { findHelloExtension } from "../hello-extension.js"
import { passes, usableSuites } from "../negotiation.js"
import { isUsablePsk, type PskAnswer, QuestionKind } from "../question.js"
import { type AssociationSettings } from "../settings.js"
import { type Step, step } from "../step.js"
import { type Handshake } from "../handshake.js"
import { type AuthenticationExtension, type ServerProof } from "./authentication.js"
import { HandshakeV13, isOfRecords } from "./handshake.js"
import { suiteOfKeys } from "./hash-choice.js"
import { type KeyShareExtension, type SharedSecret } from "./key-share-extension.js"
import { type ClientResumptionV13 } from "./resumption.js"

interface PendingHello {
    hello: ServerHello
    suite: CipherSuite
    message: HandshakeMessage
}

/** For a role: the client's side of DTLS 1.3. */
export function newClientHandshake(settings: AssociationSettings, record: RecordLayer, firstSeq: number): Handshake {
    return new ClientHandshakeV13(settings, record, firstSeq)
}

/** @devsWhenUsed */
export class ClientHandshakeV13 extends HandshakeV13 {
    /** the step for ServerHello, and for a HelloRetryRequest before it, which has the same message type */
    private helloStep: Step<never>
    /** suite of the HelloRetryRequest; undefined: there was none */
    protected retrySuite: CipherSuite | undefined
    /** cookie of the HelloRetryRequest; empty: there was none */
    private cookie = EMPTY
    /** the ServerHello whose share is being processed */
    private pending: PendingHello | undefined
    /** how many pre-shared keys the hello offers */
    pskCount = 0
    /** there is an external key, even if it is no longer offered */
    private hasKey = false
    /**
     * how the server authenticates itself with a certificate, or did so before; undefined: with the pre-shared key, or
     * not known yet
     */
    certified: ServerProof | undefined
    /** hash of the transcript through the server's Finished */
    private transcriptHash = EMPTY

    constructor(settings: AssociationSettings, record: RecordLayer, firstSeq: number) {
        super(settings, true, record, firstSeq)
        this.helloStep = step(HandshakeType.serverHello, 0, false, onServerHello)
        this.expect([
            this.helloStep,
            step(ENCRYPTED_EXTENSIONS, HANDSHAKE_EPOCH, true, onEncryptedExtensions),
            step(HandshakeType.finished, HANDSHAKE_EPOCH, false, onFinished),
        ])
    }

    /** A hello is bound to the pre-shared key, so the key is asked for first. */
    start(): void {
        this.ask({ kind: QuestionKind.clientPsk, identity: EMPTY, hint: undefined }, onAnswer)
    }

    /** @param psk undefined: there is none, only certificates */
    begin(psk: PskAnswer | undefined): void {
        const suites = usableSuites(this.settings, false)
        const shares = this.keyShares()
        if (psk === undefined && (this.authentication() === undefined || shares === undefined))
            return this.fail(FailureReason.noCredentials, AlertDescription.handshakeFailure)
        if (suites.length === 0) return this.fail(FailureReason.nothingInCommon, AlertDescription.none)
        this.useHash(suiteOfKeys(suites).hash)
        this.hasKey = psk !== undefined
        this.pskCount = this.hasKey ? 1 : 0
        this.enterEarlyStage(psk === undefined ? EMPTY : psk.key)
        this.parameters.identity = psk === undefined ? EMPTY : psk.identity
        const importer = this.importer()
        if (importer !== undefined && psk !== undefined) this.pskCount = importer.begin(this, psk)
        this.parameters.clientRandom = this.settings.crypto.random(32)
        if (shares === undefined) this.sendHello()
        else this.drawShare(shares, shares.firstGroup())
    }

    /** Generates a key pair for the hello, then sends the hello. */
    private drawShare(shares: KeyShareExtension, group: number): void {
        const perform = async (): Promise<object | undefined> => await shares.draw(group)
        this.ask({ kind: QuestionKind.operation, perform }, onShareDrawn)
    }

    shareDrawn(drawn: object | undefined): void {
        if (drawn === undefined) this.fail(FailureReason.internalError, AlertDescription.internalError)
        else this.sendHello()
    }

    /** Sends the first hello, or the second, which differs only in what a HelloRetryRequest asked for. */
    private sendHello(): void {
        const hello = this.newHello()
        const sessions = this.sessions() as ClientResumptionV13 | undefined
        const body = sessions === undefined ? this.bind(hello) : sessions.bind(this, hello)
        this.beginFlight()
        this.send(HandshakeType.clientHello, body)
        this.endFlight(true)
    }

    /** The body of the hello, ending in the external key and its binder if there is one. */
    bind(hello: ClientHello): Buffer {
        // A second hello must not omit the modes (RFC 8446 §4.1.2), even if no key is left.
        if (this.hasKey) hello.extensions.push(offeredModes(modesOf(this.keyShares())))
        const importer = this.importer()
        if (importer !== undefined && this.pskCount > 0) return importer.bind(this, hello)
        if (this.pskCount > 0) {
            const { length } = this.hash()
            const psk = offeredPsks([{ identity: this.parameters.identity, age: 0 }], length)
            hello.extensions.push(psk)
            const binder = this.binder(this.secret as Secret, "ext binder", unbound(hello), 3 + length)
            blit(psk.data, psk.data.length - length, binder, 0, length)
        }
        return writeClientHello(hello)
    }

    /** A hello that offers every version of this client. */
    protected newHello(): ClientHello {
        return this.helloOf([DTLS_1_3], [], [])
    }

    /**
     * @param versions preferred first
     * @param olderSuites of older versions
     * @param olderExtensions of older versions; those that this version offers too are skipped
     */
    protected helloOf(versions: number[], olderSuites: number[], olderExtensions: Extension[]): ClientHello {
        const suites = usableSuites(this.settings, false).map((suite) => suite.id)
        return {
            version: DTLS_1_2,
            random: this.parameters.clientRandom,
            sessionId: EMPTY,
            cookie: EMPTY,
            cipherSuites: [...suites, ...olderSuites],
            compressionMethods: Buffer.from([0]),
            extensions: this.extensions(versions, olderExtensions),
        }
    }

    private extensions(versions: number[], older: Extension[]): Extension[] {
        const shares = this.keyShares()
        const extensions = [offeredVersions(versions)]
        // Near the beginning, so that on a path with a small MTU the hello's first fragment contains the whole cookie.
        if (this.cookie.length > 0) extensions.push(cookieExtension(this.cookie))
        const authentication = this.authentication()
        if (authentication !== undefined) {
            for (const extension of authentication.offers()) extensions.push(extension)
        }
        if (shares !== undefined) {
            for (const extension of shares.offers()) extensions.push(extension)
        }
        for (const extension of this.helloExtensions()) {
            const data = extension.offer()
            if (data !== undefined) extensions.push({ type: extension.type, data })
        }
        for (const extension of older) {
            if (findExtension(extensions, extension.type) === undefined) extensions.push(extension)
        }
        return extensions
    }

    takeServerHello(message: HandshakeMessage): void {
        const hello = readServerHello(bodyOf(message))
        if (hello === undefined) return this.fail(FailureReason.decodeError, AlertDescription.decodeError)
        const version = findExtension(hello.extensions, SUPPORTED_VERSIONS)
        if (version === undefined && this.retrySuite === undefined)
            return this.fail(FailureReason.nothingInCommon, AlertDescription.protocolVersion)
        // Older versions are not announced there, nor allowed after a HelloRetryRequest (RFC 8446 §4.2.1, §4.1.4).
        if (version === undefined || version.length !== 2 || version[0] * 256 + version[1] !== DTLS_1_3)
            return this.refuse()
        const suite = usableSuites(this.settings, false).find((candidate) => candidate.id === hello.cipherSuite)
        const isWellFormed = hello.version === DTLS_1_2 && hello.compressionMethod === 0 && hello.sessionId.length === 0
        if (suite === undefined || !isWellFormed) return this.refuse()
        this.helloStep.repeats = isRetryRandom(hello.random)
        if (this.helloStep.repeats) return this.takeRetry(hello, suite, message)
        const psk = findExtension(hello.extensions, PRE_SHARED_KEY)
        const share = findExtension(hello.extensions, KEY_SHARE)
        const known = (this.retrySuite ?? suite).id === suite.id
        if (!known || !this.areOffered(hello.extensions) || !this.isAcceptable(psk, suite)) return this.refuse()
        this.pending = { hello, suite, message }
        const shares = this.keyShares()
        const needsShare = psk === undefined || (shares !== undefined && shares.required)
        if (share === undefined && !needsShare) this.acceptHello(EMPTY)
        else if (share === undefined || shares === undefined) this.refuse()
        else this.finishAgreement(shares, share, message)
    }

    /** @param psk pre_shared_key of a ServerHello. Without it the server must have a certificate. */
    private isAcceptable(psk: Buffer | undefined, suite: CipherSuite): boolean {
        if (psk === undefined) return this.authentication() !== undefined
        return psk.length === 2 && psk[0] === 0 && psk[1] < this.pskCount && this.goesWith(psk[1], suite)
    }

    /** Whether the hello's key with that index can be used with the suite (RFC 8446 §4.2.11). */
    private goesWith(index: number, suite: CipherSuite): boolean {
        const importer = this.importer()
        const accepts = importer === undefined ? undefined : importer.accepts(this, index, suite)
        return accepts ?? suite.hash.algorithm === this.hash().algorithm
    }

    /** Whether a ServerHello has only extensions that answer the hello's. */
    private areOffered(extensions: Extension[]): boolean {
        const list = this.helloExtensions()
        for (const extension of extensions) {
            const { type } = extension
            const isKnown = type === SUPPORTED_VERSIONS || type === PRE_SHARED_KEY || type === KEY_SHARE
            if (!isKnown && (!isOfRecords(type) || findHelloExtension(list, type) === undefined)) return false
        }
        return true
    }

    /** Anyone can forge a ServerHello until its keys are used, so whether it is accepted depends on its key share. */
    private finishAgreement(shares: KeyShareExtension, share: Buffer, message: HandshakeMessage): void {
        const perform = async (): Promise<SharedSecret | undefined> => await shares.finish(share)
        this.undecided = message
        this.ask({ kind: QuestionKind.operation, perform }, onAgreed)
    }

    agreed(shared: SharedSecret | undefined): void {
        if (shared === undefined) this.refuse()
        else this.acceptHello(shared.secret)
    }

    /** @param shared result of the key agreement; empty: there was none */
    private acceptHello(shared: Buffer): void {
        const { hello, suite, message } = this.pending as PendingHello
        this.pending = undefined
        if (!this.acceptExtensions(hello.extensions, true)) return
        if (this.retrySuite === undefined) this.chooseSuite(suite)
        this.parameters.serverRandom = hello.random
        this.transcript.add(message.bytes)
        const psk = findExtension(hello.extensions, PRE_SHARED_KEY)
        const sessions = this.sessions() as ClientResumptionV13 | undefined
        const importer = this.importer()
        if (psk === undefined) this.goOnWithoutPsk()
        else {
            if (importer !== undefined) importer.enter(this, psk[1])
            if (sessions !== undefined) sessions.enter(this, psk[1])
        }
        this.enterHandshakeStage(shared)
        // From now on ACKs and alerts are protected.
        this.activateWrite(HANDSHAKE_EPOCH)
        this.activateRead(HANDSHAKE_EPOCH)
    }

    private goOnWithoutPsk(): void {
        const authentication = this.authentication() as AuthenticationExtension
        this.parameters.identity = EMPTY
        this.enterEarlyStage(EMPTY)
        authentication.expectServer(this)
        this.certified = authentication
    }

    /** Takes a HelloRetryRequest: only one is allowed, and it must change the hello (RFC 8446 §4.1.4). */
    private takeRetry(hello: ServerHello, suite: CipherSuite, request: HandshakeMessage): void {
        if (this.retrySuite !== undefined)
            return this.fail(FailureReason.unexpectedMessage, AlertDescription.unexpectedMessage)
        const data = findExtension(hello.extensions, COOKIE)
        const asked = findExtension(hello.extensions, KEY_SHARE)
        const cookie = data === undefined ? EMPTY : readCookie(data)
        const shares = this.keyShares()
        const group = asked === undefined || shares === undefined ? 0 : shares.retryGroup(asked)
        const count = 1 + (data === undefined ? 0 : 1) + (group === 0 ? 0 : 1)
        if (cookie === undefined || count === 1 || count !== hello.extensions.length) return this.refuse()
        // Keys that do not match the suite are not offered again (RFC 8446 §4.1.4). A hello without keys asks for
        // certificates (§9.2).
        let left = 0
        for (let i = 0; i < this.pskCount; i++) if (this.goesWith(i, suite)) left++
        if (left === 0 && this.authentication() === undefined) return this.refuse()
        this.pskCount = left
        this.retrySuite = suite
        this.chooseSuite(suite)
        this.cookie = cookie
        this.restartTranscript(this.transcript.digest(), request.bytes)
        if (group === 0 || shares === undefined) this.sendHello()
        else this.drawShare(shares, group)
    }

    protected refuse(): void {
        this.fail(FailureReason.illegalParameter, AlertDescription.illegalParameter)
    }

    takeEncryptedExtensions(message: HandshakeMessage): void {
        const { bytes } = message
        const list = readExtensions(new Reader(bytes, HANDSHAKE_HEADER_LENGTH, bytes.length))
        if (list === undefined) return this.fail(FailureReason.decodeError, AlertDescription.decodeError)
        for (const extension of list) {
            const { type } = extension
            // A server may state its preferred groups for a later hello (RFC 8446 §4.2.7).
            const isPreference = type === ExtensionType.supportedGroups && this.keyShares() !== undefined
            const isOffered = findHelloExtension(this.helloExtensions(), type) !== undefined && !isOfRecords(type)
            const isCertificateType = this.certified !== undefined && this.certified.isAnswerable(type)
            if (!isPreference && !isOffered && !isCertificateType)
                return this.fail(FailureReason.illegalParameter, AlertDescription.unsupportedExtension)
        }
        if (this.certified !== undefined && !passes(this, this.certified.acceptAnswers(list))) return
        if (this.acceptExtensions(list, false)) this.limitRecords()
    }

    /** @param ofRecords those of ServerHello. @returns false: the server's answer is wrong */
    private acceptExtensions(answers: Extension[], ofRecords: boolean): boolean {
        for (const extension of this.helloExtensions()) {
            const answer = findExtension(answers, extension.type)
            if (isOfRecords(extension.type) === ofRecords && answer !== undefined) {
                if (!passes(this, extension.accept(answer, answers))) return false
            }
        }
        return true
    }

    takeFinished(message: HandshakeMessage): void {
        if (!this.checkFinished(message)) return
        this.transcript.add(message.bytes)
        this.transcriptHash = this.transcript.digest()
        this.enterMainStage(this.transcriptHash)
        this.beginFlight()
        if (this.certified === undefined) this.onPresented()
        else this.certified.presentClient(this)
    }

    onPresented(): void {
        this.sendFinished()
        // Acknowledged by the server with an ACK.
        this.endFlight(true)
        this.activateApplicationKeys(false, this.transcriptHash)
        this.activateApplicationKeys(true, this.transcriptHash)
        this.leaveMainStage()
        this.cookie = EMPTY
        this.transcriptHash = EMPTY
        this.finish()
    }

    /** Only servers: a client chooses its credentials when the server requests them. */
    onCredentials(): void {}
}

function onAnswer(h: ClientHandshakeV13, answer: PskAnswer | undefined): void {
    h.begin(answer !== undefined && isUsablePsk(answer) ? answer : undefined)
}

function onShareDrawn(h: ClientHandshakeV13, drawn: object | undefined): void {
    h.shareDrawn(drawn)
}

function onAgreed(h: ClientHandshakeV13, shared: SharedSecret | undefined): void {
    h.agreed(shared)
}

/** The message that binders are computed over. */
export function unbound(hello: ClientHello): Buffer {
    return wholeMessage(HandshakeType.clientHello, 0, writeClientHello(hello))
}

/** The mode with forward secrecy first. */
function modesOf(shares: KeyShareExtension | undefined): number[] {
    if (shares === undefined) return [PSK_KE]
    return shares.required ? [PSK_DHE_KE] : [PSK_DHE_KE, PSK_KE]
}

function onServerHello(h: ClientHandshakeV13, message: HandshakeMessage): void {
    h.takeServerHello(message)
}

function onEncryptedExtensions(h: ClientHandshakeV13, message: HandshakeMessage): void {
    h.takeEncryptedExtensions(message)
}

function onFinished(h: ClientHandshakeV13, message: HandshakeMessage): void {
    h.takeFinished(message)
}
