import { EMPTY, equal, wipe } from "../../bytes/bytes.js"
import { Writer } from "../../bytes/writer.js"
import { type CipherSuite } from "../cipher-suite.js"
import { bodyOf, type HandshakeMessage } from "../../flight/inbox.js"
import { type RecordLayer } from "../../record/record-layer.js"
import { AlertDescription, DTLS_1_2, HandshakeType } from "../../wire/code-points.js"
import { type ClientHello, readClientHello } from "../../wire/client-hello.js"
import { type Extension, findExtension, writeExtensions } from "../../wire/extensions.js"
import { wholeMessage } from "../../wire/handshake-header.js"
import { writeServerHello } from "../../wire/server-hello.js"
import {
    COOKIE,
    ENCRYPTED_EXTENSIONS,
    HANDSHAKE_EPOCH,
    PRE_SHARED_KEY,
    PSK_KEY_EXCHANGE_MODES,
    SUPPORTED_VERSIONS,
} from "../../wire/v13/code-points.js"
import {
    type OfferedPsk,
    offersPskKe,
    offersVersion,
    readOfferedPsk,
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
import { readCookieState } from "./cookies.js"
import { HandshakeV13 } from "./handshake.js"

/** Bytes of the key that stands in for an unknown identity's. */
const DECOY_KEY_LENGTH = 16

/** For a role: the server's side of DTLS 1.3. */
export function newServerHandshake(settings: AssociationSettings, record: RecordLayer, firstSeq: number): Handshake {
    return new ServerHandshakeV13(settings, record, firstSeq)
}

/** @devsWhenUsed */
class ServerHandshakeV13 extends HandshakeV13 {
    private helloBytes = EMPTY
    private binderOffered = EMPTY
    private answers: Extension[] = []
    /** through the server's Finished */
    private transcriptHash = EMPTY

    constructor(settings: AssociationSettings, record: RecordLayer, firstSeq: number) {
        super(settings, false, record, firstSeq)
        this.expect([
            step(HandshakeType.clientHello, 0, false, onClientHello),
            step(HandshakeType.finished, HANDSHAKE_EPOCH, false, onFinished),
        ])
    }

    /** A server waits. */
    start(): void {}

    takeHello(message: HandshakeMessage): void {
        const hello = readClientHello(bodyOf(message))
        if (hello === undefined) return this.fail(FailureReason.decodeError, AlertDescription.decodeError)
        const versions = findExtension(hello.extensions, SUPPORTED_VERSIONS)
        if (versions === undefined || !offersVersion(versions))
            return this.fail(FailureReason.nothingInCommon, AlertDescription.protocolVersion)
        const psk = offeredPskOf(hello)
        const suite = usableSuites(this.settings, false).find(
            (candidate) => hello.cipherSuites.indexOf(candidate.id) >= 0,
        )
        if (psk === undefined || suite === undefined)
            return this.fail(FailureReason.nothingInCommon, AlertDescription.handshakeFailure)
        if (!this.selectExtensions(hello)) return
        this.begin(message, hello, psk, suite)
    }

    private selectExtensions(hello: ClientHello): boolean {
        for (const extension of this.helloExtensions()) {
            const offered = findExtension(hello.extensions, extension.type)
            if (offered !== undefined) {
                if (!passes(this, extension.select(offered))) return false
                const data = extension.answer()
                if (data !== undefined) this.answers.push({ type: extension.type, data })
            }
        }
        return true
    }

    private begin(message: HandshakeMessage, hello: ClientHello, psk: OfferedPsk, suite: CipherSuite): void {
        this.chooseSuite(suite)
        this.continueRetry(hello, message.messageSeq)
        this.transcript.add(message.bytes)
        this.helloBytes = message.bytes
        this.binderOffered = psk.binder
        this.parameters.clientRandom = hello.random
        this.parameters.serverRandom = this.settings.crypto.random(32)
        this.parameters.identity = psk.identity
        this.ask({ kind: QuestionKind.psk, identity: psk.identity, hint: undefined }, onAnswer)
    }

    /** A hello with a cookie of ours, which was checked before it came here: our request is made of it again. */
    private continueRetry(hello: ClientHello, messageSeq: number): void {
        const data = findExtension(hello.extensions, COOKIE)
        const cookie = data === undefined ? undefined : readCookie(data)
        const state = cookie === undefined ? undefined : readCookieState(cookie)
        if (cookie === undefined || state === undefined) return
        const request = writeHelloRetryRequest(state.cipherSuite, cookie)
        this.restartTranscript(state.helloHash, wholeMessage(HandshakeType.serverHello, messageSeq - 1, request))
    }

    /** An unknown identity fails as a wrong key does, by its binder. */
    takeKey(answer: PskAnswer | undefined): void {
        const decoy = this.settings.crypto.random(DECOY_KEY_LENGTH)
        this.enterEarlyStage(answer === undefined || !isUsablePsk(answer) ? decoy : answer.key)
        wipe(decoy)
        const isBound = equal(this.binder(this.helloBytes), this.binderOffered)
        this.helloBytes = EMPTY
        if (isBound) this.sendFlight()
        else this.fail(FailureReason.keyMismatch, AlertDescription.decryptError)
    }

    private sendFlight(): void {
        const { suite, serverRandom } = this.parameters
        this.beginFlight()
        const body = writeServerHello({
            version: DTLS_1_2,
            random: serverRandom,
            sessionId: EMPTY,
            cipherSuite: (suite as CipherSuite).id,
            compressionMethod: 0,
            extensions: [selectedVersion(), selectedPsk()],
        })
        this.send(HandshakeType.serverHello, body)
        this.enterHandshakeStage()
        this.activateWrite(HANDSHAKE_EPOCH)
        this.activateRead(HANDSHAKE_EPOCH)
        this.send(ENCRYPTED_EXTENSIONS, extensionBlock(this.answers))
        this.sendFinished()
        this.transcriptHash = this.transcript.digest()
        this.endFlight(true)
    }

    takeFinished(message: HandshakeMessage): void {
        if (!this.checkFinished(message)) return
        this.enterMainStage(this.transcriptHash)
        this.activateApplicationKeys(this.transcriptHash)
        this.beginFlight()
        this.finish()
    }
}

function offeredPskOf(hello: ClientHello): OfferedPsk | undefined {
    const modes = findExtension(hello.extensions, PSK_KEY_EXCHANGE_MODES)
    const last = hello.extensions[hello.extensions.length - 1]
    if (modes === undefined || !offersPskKe(modes) || last.type !== PRE_SHARED_KEY) return undefined
    return readOfferedPsk(last.data)
}

/** EncryptedExtensions always has the list, if empty (RFC 8446 §4.3.1). */
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

function onFinished(h: ServerHandshakeV13, message: HandshakeMessage): void {
    h.takeFinished(message)
}
