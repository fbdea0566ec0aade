import { blit, EMPTY } from "../../bytes/bytes.js"
import { type CipherSuite } from "../cipher-suite.js"
import { bodyOf, type HandshakeMessage } from "../../flight/inbox.js"
import { type RecordLayer } from "../../record/record-layer.js"
import {
    AlertDescription,
    DTLS_1_2,
    EMPTY_RENEGOTIATION_INFO_SCSV,
    ExtensionType,
    HandshakeType,
} from "../../wire/code-points.js"
import { type ClientHello, readClientHello } from "../../wire/client-hello.js"
import { type Extension, findExtension } from "../../wire/extensions.js"
import { writeServerHello } from "../../wire/server-hello.js"
import { FailureReason } from "../failure.js"
import { type Handshake } from "../handshake.js"
import { offeredData } from "../hello-extension.js"
import { type KeyExchange, type ServerExchangeContext } from "../key-exchange.js"
import { passes, usableSuites } from "../negotiation.js"
import { type ServerResumption } from "../resumption.js"
import { type AssociationSettings } from "../settings.js"
import { step } from "../step.js"
import { HandshakeV12 } from "./handshake.js"
import {
    checkExtendedMasterSecret,
    checkRenegotiationInfo,
    emptyRenegotiationInfo,
    extendedMasterSecretExtension,
    requireExtendedMasterSecret,
} from "./negotiation.js"

/**
 * For a role: the server's side of DTLS 1.2.
 * @param randomEnd last bytes of the ServerHello's random, if a newer version prescribes them; empty: all are random
 */
export function newServerHandshakeV12(
    settings: AssociationSettings,
    record: RecordLayer,
    firstSeq: number,
    randomEnd: Buffer,
): Handshake {
    return new ServerHandshakeV12(settings, record, firstSeq, randomEnd)
}

/**
 * A server's handshake: the hello, then the key exchange's steps.
 * @devsWhenUsed
 */
class ServerHandshakeV12 extends HandshakeV12 implements ServerExchangeContext {
    /** extensions of the ServerHello */
    answers: Extension[] = []
    /** kept until the ServerHello is sent */
    private hello: ClientHello | undefined = undefined
    /** suites that both sides support and whose key exchanges have not declined, in this side's order */
    candidates: CipherSuite[] = []

    constructor(
        settings: AssociationSettings,
        record: RecordLayer,
        firstSeq: number,
        private randomEnd: Buffer,
    ) {
        super(settings, false, record, firstSeq)
        this.expect([step(HandshakeType.clientHello, 0, false, onClientHello)])
    }

    /** A server waits for the client. */
    start(): void {}

    drawRandom(): void {
        const { randomEnd } = this
        const random = this.settings.crypto.random(32)
        blit(random, random.length - randomEnd.length, randomEnd, 0, randomEnd.length)
        this.parameters.serverRandom = random
    }

    sendServerHello(extensions: Extension[]): void {
        for (const extension of extensions) this.answers.push(extension)
        this.beginFlight()
        const { resumption } = this.parameters
        const suite = this.parameters.suite as CipherSuite
        this.transcript.choose(suite.hash, this.keyExchange().signsMessages)
        this.hello = undefined
        const body = writeServerHello({
            version: DTLS_1_2,
            random: this.parameters.serverRandom,
            // No session_id if the session is not kept (RFC 5246 §7.4.1.3).
            sessionId: resumption === undefined ? EMPTY : resumption.sessionId,
            cipherSuite: suite.id,
            compressionMethod: 0,
            extensions: this.answers,
        })
        this.answers = []
        this.send(HandshakeType.serverHello, body)
    }

    endServerFlight(): void {
        this.send(HandshakeType.serverHelloDone, EMPTY)
        this.endFlight(true)
    }

    keepKey(key: Buffer): void {
        const resumption = this.parameters.resumption as ServerResumption | undefined
        if (resumption !== undefined) resumption.keepKey(key)
    }

    /** The hello is acceptable. */
    agreed(answers: Extension[], hello: ClientHello): void {
        this.answers = answers
        this.hello = hello
        this.extensionsAgreed()
        const resumption = this.parameters.resumption as ServerResumption | undefined
        if (resumption === undefined) this.exchangeKeys()
        else resumption.resume(this, hello)
    }

    exchangeKeys(): void {
        this.keyExchange().beginServer(this, (this.hello as ClientHello).extensions)
    }

    decline(reason: FailureReason, alert: AlertDescription): void {
        const declined = this.keyExchange()
        this.candidates = this.candidates.filter((suite) => suite.keyExchange !== declined)
        if (this.candidates.length === 0) return this.fail(reason, alert)
        this.parameters.suite = this.candidates[0]
        this.exchangeKeys()
    }
}

function onClientHello(h: ServerHandshakeV12, message: HandshakeMessage): void {
    const hello = readClientHello(bodyOf(message))
    if (hello === undefined) return h.fail(FailureReason.decodeError, AlertDescription.decodeError)
    // DTLS version numbers count down: 0xfefd is 1.2, higher ones are older, lower ones newer (RFC 6347 §4.1).
    if (hello.version > DTLS_1_2) return h.fail(FailureReason.nothingInCommon, AlertDescription.protocolVersion)
    if (!offersNullCompression(hello)) return h.fail(FailureReason.illegalParameter, AlertDescription.illegalParameter)
    const suite = selectSuite(h, hello)
    if (suite === undefined) return h.fail(FailureReason.nothingInCommon, AlertDescription.handshakeFailure)
    h.parameters.suite = suite
    h.transcript.add(message.bytes)
    h.parameters.clientRandom = hello.random
    h.drawRandom()
    const extensions = answerExtensions(h, hello)
    if (extensions !== undefined && requireExtendedMasterSecret(h, h.parameters.extendedMasterSecret))
        h.agreed(extensions, hello)
}

function offersNullCompression(hello: ClientHello): boolean {
    for (let i = 0; i < hello.compressionMethods.length; i++) {
        if (hello.compressionMethods[i] === 0) return true
    }
    return false
}

/** The suite of the session to be resumed; otherwise the first, in the server's order, that both sides support. */
function selectSuite(h: ServerHandshakeV12, hello: ClientHello): CipherSuite | undefined {
    h.candidates = usableSuites(h.settings, true).filter(
        (suite) =>
            hello.cipherSuites.indexOf(suite.id) >= 0 && (suite.keyExchange as KeyExchange).isUsable(hello.extensions),
    )
    const resumption = h.parameters.resumption as ServerResumption | undefined
    const resumed = resumption === undefined ? undefined : resumption.suiteOf(h, hello, h.candidates)
    return resumed ?? h.candidates[0]
}

/**
 * Undefined if the handshake has failed because of an extension. Unknown extensions are ignored (RFC 5246 §7.4.1.4).
 */
function answerExtensions(h: ServerHandshakeV12, hello: ClientHello): Extension[] | undefined {
    const answers: Extension[] = []
    const renegotiation = findExtension(hello.extensions, ExtensionType.renegotiationInfo)
    if (renegotiation !== undefined && !checkRenegotiationInfo(h, renegotiation)) return undefined
    if (renegotiation !== undefined || hello.cipherSuites.indexOf(EMPTY_RENEGOTIATION_INFO_SCSV) >= 0)
        answers.push(emptyRenegotiationInfo())
    const extended = findExtension(hello.extensions, ExtensionType.extendedMasterSecret)
    if (extended !== undefined) {
        if (!checkExtendedMasterSecret(h, extended)) return undefined
        h.parameters.extendedMasterSecret = true
        answers.push(extendedMasterSecretExtension())
    }
    for (const extension of h.settings.extensions) {
        const offered = offeredData(extension, h.settings.extensions, hello.extensions)
        if (offered !== undefined) {
            if (!passes(h, extension.select(offered))) return undefined
            const data = extension.answer()
            if (data !== undefined) answers.push({ type: extension.type, data })
        }
    }
    return answers
}
