/* The flights are drawn in client.ts; the HelloVerifyRequest of flight 2 is sent by endpoint/hello-gate.ts, before there is an association. */
import { FailureReason } from "./failure.js"
import { copyOf, EMPTY, wipe } from "../bytes/bytes.js"
import { type CipherSuite } from "../crypto/suites.js"
import { bodyOf, type HandshakeMessage } from "../flight/inbox.js"
import {
    AlertDescription,
    DTLS_1_2,
    EMPTY_RENEGOTIATION_INFO_SCSV,
    ExtensionType,
    HandshakeType,
} from "../wire/code-points.js"
import { type ClientHello, readClientHello } from "../wire/client-hello.js"
import { type Extension, findExtension } from "../wire/extensions.js"
import { readPskIdentity, writePskIdentity } from "../wire/psk-key-exchange.js"
import { writeServerHello } from "../wire/server-hello.js"
import { type Handshake } from "./handshake.js"
import {
    checkExtendedMasterSecret,
    checkRenegotiationInfo,
    emptyRenegotiationInfo,
    extendedMasterSecretExtension,
    passes,
    requireExtendedMasterSecret,
    usableSuites,
} from "./negotiation.js"
import { isUsablePsk, type PskAnswer, QuestionKind } from "./question.js"
import { type Role, step } from "./step.js"

/**
 * The server's side of DTLS 1.2. Certificates add, in their places: Certificate before ClientKeyExchange
 * and CertificateVerify after it.
 */
export function serverRole(): Role {
    return {
        isClient: false,
        steps: [
            step(HandshakeType.clientHello, 0, false, onClientHello),
            step(HandshakeType.clientKeyExchange, 0, true, onClientKeyExchange),
            step(HandshakeType.changeCipherSpec, 0, false, onNothing),
            step(HandshakeType.finished, 1, false, onFinished),
        ],
        start: onNothing,
        answer: onPskAnswer,
    }
}

function onNothing(): void {}

function onClientHello(h: Handshake, message: HandshakeMessage): void {
    const hello = readClientHello(bodyOf(message))
    if (hello === undefined) return h.fail(FailureReason.decodeError, AlertDescription.decodeError)
    // DTLS versions count down: 0xfefd is 1.2, what is above is older, what is below newer (RFC 6347 §4.1).
    if (hello.version > DTLS_1_2) return h.fail(FailureReason.nothingInCommon, AlertDescription.protocolVersion)
    if (!offersNullCompression(hello)) return h.fail(FailureReason.illegalParameter, AlertDescription.illegalParameter)
    const suite = selectSuite(h, hello)
    if (suite === undefined) return h.fail(FailureReason.nothingInCommon, AlertDescription.handshakeFailure)
    h.parameters.suite = suite
    h.transcript.choose(suite)
    h.transcript.add(message.bytes)
    h.parameters.clientRandom = hello.random
    const random = h.settings.crypto.random(48)
    h.parameters.serverRandom = copyOf(random, 0, 32)
    h.decoyKey = copyOf(random, 32, 48)
    const extensions = answerExtensions(h, hello)
    if (extensions !== undefined && requireExtendedMasterSecret(h, h.parameters.extendedMasterSecret))
        sendServerFlight(h, suite, extensions)
}

function offersNullCompression(hello: ClientHello): boolean {
    for (let i = 0; i < hello.compressionMethods.length; i++) {
        if (hello.compressionMethods[i] === 0) return true
    }
    return false
}

/** The server's order decides. */
function selectSuite(h: Handshake, hello: ClientHello): CipherSuite | undefined {
    for (const suite of usableSuites(h.settings.suites, h.settings.crypto)) {
        if (hello.cipherSuites.indexOf(suite.id) >= 0) return suite
    }
    return undefined
}

/** Undefined when the handshake has failed over an extension. Unknown ones are ignored (RFC 5246 §7.4.1.4). */
function answerExtensions(h: Handshake, hello: ClientHello): Extension[] | undefined {
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
        const offered = findExtension(hello.extensions, extension.type)
        if (offered !== undefined) {
            if (!passes(h, extension.select(offered))) return undefined
            const data = extension.answer()
            if (data !== undefined) answers.push({ type: extension.type, data })
        }
    }
    return answers
}

function sendServerFlight(h: Handshake, suite: CipherSuite, extensions: Extension[]): void {
    h.beginFlight()
    const body = writeServerHello({
        version: DTLS_1_2,
        random: h.parameters.serverRandom,
        // No session is kept, so none is named (RFC 5246 §7.4.1.3).
        sessionId: EMPTY,
        cipherSuite: suite.id,
        compressionMethod: 0,
        extensions,
    })
    h.send(HandshakeType.serverHello, body)
    h.hint = h.settings.pskIdentityHint
    if (h.hint !== undefined) h.send(HandshakeType.serverKeyExchange, writePskIdentity(h.hint))
    h.send(HandshakeType.serverHelloDone, EMPTY)
    h.endFlight(true)
}

function onClientKeyExchange(h: Handshake, message: HandshakeMessage): void {
    const identity = readPskIdentity(bodyOf(message))
    if (identity === undefined) return h.fail(FailureReason.decodeError, AlertDescription.decodeError)
    h.parameters.identity = identity
    h.ask({ kind: QuestionKind.psk, identity, hint: h.hint })
}

/**
 * An unknown identity gets a random key: the same silence as a wrong key (RFC 4279 §2, RFC 7925 §4.2), and the same work,
 * since that key is drawn for every handshake.
 */
function onPskAnswer(h: Handshake, value: unknown): void {
    const answer = value as PskAnswer | undefined
    h.derivePskKeys(answer === undefined || !isUsablePsk(answer) ? h.decoyKey : answer.key)
    wipe(h.decoyKey)
}

function onFinished(h: Handshake, message: HandshakeMessage): void {
    if (!h.checkFinished(message)) return
    h.beginFlight()
    h.sendFinished()
    h.endFlight(false)
    h.finish()
}
