import { EMPTY, wipe } from "../bytes/bytes.js"
import { Reader } from "../bytes/reader.js"
import { Writer } from "../bytes/writer.js"
import { type Agreement, type KeyPair } from "../crypto/keys.js"
import { bodyOf, type HandshakeMessage } from "../flight/inbox.js"
import { FailureReason } from "../handshake/failure.js"
import { AuthenticationMode, type ServerExchangeContext } from "../handshake/key-exchange.js"
import { type CertificateAnswer, QuestionKind } from "../handshake/question.js"
import { step, type Step } from "../handshake/step.js"
import {
    readCertificates,
    writeCertificateRequest,
    writeCertificates,
    writeDigitallySigned,
} from "../wire/certificate.js"
import { AlertDescription, ExtensionType, HandshakeType } from "../wire/code-points.js"
import { writeEcdhParameters } from "../wire/ecdhe-key-exchange.js"
import { type Extension, findExtension } from "../wire/extensions.js"
import { hostNameOf } from "../wire/server-name.js"
import {
    askWhether,
    askWhoSigned,
    failedHere,
    illegal,
    isPresentable,
    presented,
    readCertificateVerify,
    signedData,
    unreadable,
} from "./certificate-messages.js"
import { answerType, type CertificateExchange, offeredTypes, schemesOfClient } from "./certificate-types.js"
import { answeredFormats, finishAgreement, firstCommon, readShare, selectGroup } from "./ecdhe.js"

/** ClientCertificateType ecdsa_sign, rsa_sign (RFC 5246 §7.4.4, RFC 8422 §5.5). */
const CLIENT_CERTIFICATE_TYPES = [64, 1]

/** A server's state during the handshake. */
interface Kept {
    exchange: CertificateExchange
    /** extensions of the ClientHello, until the flight is sent */
    extensions: Extension[]
    own: CertificateAnswer | undefined
    /** CertificateType requested from the client; undefined: none is requested */
    clientType: number | undefined
    pair: KeyPair | undefined
    /** the client's SubjectPublicKeyInfo, once it is accepted */
    publicKey: Buffer | undefined
}

/** ServerECDHParams with their signature, and their key pair. */
interface SignedShare {
    pair: KeyPair
    parameters: Buffer
    signature: Buffer
}

export function beginServer(h: ServerExchangeContext, exchange: CertificateExchange, extensions: Extension[]): void {
    const none: Buffer[] = []
    const kept: Kept = {
        exchange,
        extensions,
        own: undefined,
        clientType: undefined,
        pair: undefined,
        publicKey: undefined,
    }
    h.kept = kept
    const types = offeredTypes(extensions, ExtensionType.serverCertificateType)
    const schemes = schemesOfClient(exchange, extensions)
    const serverName = hostNameOf(extensions)
    if (serverName === undefined && findExtension(extensions, ExtensionType.serverName) !== undefined)
        return unreadable(h)
    h.ask({ kind: QuestionKind.certificate as const, types, schemes, serverName, authorities: none }, onOwnCertificate)
}

function keptOf(h: ServerExchangeContext): Kept {
    return h.kept as Kept
}

function onOwnCertificate(h: ServerExchangeContext, answer: CertificateAnswer | undefined): void {
    const kept = keptOf(h)
    const { exchange, extensions } = kept
    const types = offeredTypes(extensions, ExtensionType.serverCertificateType)
    if (answer === undefined || !isPresentable(answer, types))
        return h.decline(FailureReason.noCredentials, AlertDescription.handshakeFailure)
    const scheme = firstCommon(schemesOfClient(exchange, extensions), answer.key.schemes)
    if (scheme === undefined) return h.decline(FailureReason.nothingInCommon, AlertDescription.handshakeFailure)
    if (!chooseClientType(h, kept)) return
    kept.own = answer
    h.parameters.ownCertificate = presented(answer)
    const group = selectGroup(exchange.keys, extensions) as number
    const perform = async (): Promise<SignedShare | undefined> => await signShare(h, answer, group, scheme)
    h.ask({ kind: QuestionKind.operation as const, perform }, (context: ServerExchangeContext, made) =>
        sendFlight(context, scheme, made),
    )
}

/** @returns false if the handshake has failed */
function chooseClientType(h: ServerExchangeContext, kept: Kept): boolean {
    const mode = h.settings.authenticationMode
    if (mode === AuthenticationMode.none) return true
    const { extensions, exchange } = kept
    kept.clientType = firstCommon(
        exchange.options.peerTypes,
        offeredTypes(extensions, ExtensionType.clientCertificateType),
    )
    if (kept.clientType !== undefined || mode === AuthenticationMode.requested) return true
    h.fail(FailureReason.nothingInCommon, AlertDescription.unsupportedCertificate)
    return false
}

async function signShare(
    h: ServerExchangeContext,
    own: CertificateAnswer,
    group: number,
    scheme: number,
): Promise<SignedShare> {
    const pair = await keptOf(h).exchange.keys.newKeyPair(group)
    const writer = new Writer(72)
    writeEcdhParameters(writer, { group, share: pair.publicKey })
    const parameters = writer.finish()
    const signature = await own.key.sign(scheme, signedData(h, parameters))
    return { pair, parameters, signature }
}

function sendFlight(h: ServerExchangeContext, scheme: number, made: SignedShare | undefined): void {
    if (made === undefined) return failedHere(h)
    const kept = keptOf(h)
    const { type, certificates } = kept.own as CertificateAnswer
    kept.pair = made.pair
    h.sendServerHello(answersOf(kept, type))
    h.send(HandshakeType.certificate, writeCertificates(type, certificates))
    const writer = new Writer(made.parameters.length + 4 + made.signature.length)
    writer.bytes(made.parameters)
    writeDigitallySigned(writer, { scheme, signature: made.signature })
    h.send(HandshakeType.serverKeyExchange, writer.finish())
    if (kept.clientType !== undefined) requestCertificate(h, kept.exchange)
    else h.transcript.forgetMessages()
    h.endServerFlight()
    h.expect(stepsOf(kept))
    if (kept.clientType === undefined) h.expectFinished()
    kept.extensions = []
}

function answersOf(kept: Kept, ownType: number): Extension[] {
    const { extensions, clientType } = kept
    const answers = answeredFormats(extensions)
    // The name was used to choose the certificate, so it is confirmed (RFC 6066 §3).
    if (findExtension(extensions, ExtensionType.serverName) !== undefined)
        answers.push({ type: ExtensionType.serverName, data: EMPTY })
    answerType(answers, extensions, ExtensionType.serverCertificateType, ownType)
    if (clientType !== undefined) answerType(answers, extensions, ExtensionType.clientCertificateType, clientType)
    return answers
}

function requestCertificate(h: ServerExchangeContext, exchange: CertificateExchange): void {
    const { keys, options } = exchange
    const { authorities } = options
    const request = { types: CLIENT_CERTIFICATE_TYPES, schemes: keys.schemes, authorities }
    h.send(HandshakeType.certificateRequest, writeCertificateRequest(request))
}

function stepsOf(kept: Kept): Step<ServerExchangeContext>[] {
    const steps: Step<ServerExchangeContext>[] = []
    if (kept.clientType !== undefined) steps.push(step(HandshakeType.certificate, 0, true, onCertificate))
    steps.push(step(HandshakeType.clientKeyExchange, 0, true, onClientKeyExchange))
    return steps
}

function onCertificate(h: ServerExchangeContext, message: HandshakeMessage): void {
    const type = keptOf(h).clientType as number
    const certificates = readCertificates(bodyOf(message), type)
    if (certificates === undefined) return unreadable(h)
    if (certificates.length > 0) return askWhether(h, message, type, certificates, onClientAccepted)
    // A certificate refused before this message was an attacker's.
    h.parameters.peerCertificate = undefined
    if (h.settings.authenticationMode === AuthenticationMode.required)
        h.fail(FailureReason.certificateRequired, AlertDescription.handshakeFailure)
}

function onClientAccepted(h: ServerExchangeContext, publicKey: Buffer): void {
    keptOf(h).publicKey = publicKey
}

function onClientKeyExchange(h: ServerExchangeContext, message: HandshakeMessage): void {
    const body = bodyOf(message)
    const share = readShare(new Reader(body, 0, body.length))
    if (share === undefined) return unreadable(h)
    const kept = keptOf(h)
    const pair = kept.pair as KeyPair
    const perform = async (): Promise<Agreement | undefined> => await finishAgreement(pair, share)
    h.ask({ kind: QuestionKind.operation as const, perform }, onAgreed)
    // Only a client that has presented a certificate or key has to prove possession.
    if (kept.publicKey !== undefined) h.expect([step(HandshakeType.certificateVerify, 0, true, onCertificateVerify)])
    if (kept.clientType !== undefined) h.expectFinished()
}

function onAgreed(h: ServerExchangeContext, agreement: Agreement | undefined): void {
    if (agreement === undefined) return illegal(h)
    h.deriveKeys(agreement.secret)
    wipe(agreement.secret)
    if (keptOf(h).publicKey === undefined) h.transcript.forgetMessages()
}

function onCertificateVerify(h: ServerExchangeContext, message: HandshakeMessage): void {
    const { exchange, publicKey } = keptOf(h)
    const signed = readCertificateVerify(message)
    if (signed === undefined) return unreadable(h)
    if (exchange.keys.schemes.indexOf(signed.scheme) < 0) return illegal(h)
    askWhoSigned(h, message, exchange.keys, publicKey as Buffer, h.transcript.messages(), signed, onClientProved)
}

function onClientProved(h: ServerExchangeContext): void {
    h.transcript.forgetMessages()
}
