import { EMPTY, wipe } from "../bytes/bytes.js"
import { Writer } from "../bytes/writer.js"
import { type Agreement } from "../crypto/keys.js"
import { bodyOf, type HandshakeMessage } from "../flight/inbox.js"
import { type ClientExchangeContext } from "../handshake/key-exchange.js"
import { type CertificateAnswer, QuestionKind } from "../handshake/question.js"
import { optionalStep, step } from "../handshake/step.js"
import {
    type CertificateRequest,
    readCertificateRequest,
    readCertificates,
    writeCertificates,
} from "../wire/certificate.js"
import { ExtensionType, HandshakeType } from "../wire/code-points.js"
import { type EcdhParameters } from "../wire/ecdhe-key-exchange.js"
import { type Extension } from "../wire/extensions.js"
import { HANDSHAKE_HEADER_LENGTH } from "../wire/handshake-header.js"
import { agree, firstCommon, writeShare } from "./ecdhe.js"
import { type CertificateExchange, chosenType, isEcdsaScheme, schemesOfKind } from "./certificate-types.js"
import {
    askWhether,
    askWhoSigned,
    isPresentable,
    illegal,
    presented,
    readSignedParameters,
    sendCertificateVerify,
    signedData,
    unreadable,
} from "./certificate-messages.js"

/** A client's state during the handshake. */
interface Kept {
    exchange: CertificateExchange
    /** this side's CertificateType */
    ownType: number
    /** the server's CertificateType */
    serverType: number
    /** the server's SubjectPublicKeyInfo */
    publicKey: Buffer
    parameters: EcdhParameters
    /** set if the server requests a certificate */
    request: CertificateRequest | undefined
    own: CertificateAnswer | undefined
}

export function beginClient(h: ClientExchangeContext, exchange: CertificateExchange, extensions: Extension[]): void {
    const kept: Kept = {
        exchange,
        ownType: chosenType(extensions, ExtensionType.clientCertificateType),
        serverType: chosenType(extensions, ExtensionType.serverCertificateType),
        publicKey: EMPTY,
        parameters: { group: 0, share: EMPTY },
        request: undefined,
        own: undefined,
    }
    h.kept = kept
    h.expect([
        step(HandshakeType.certificate, 0, true, onCertificate),
        step(HandshakeType.serverKeyExchange, 0, true, onServerKeyExchange),
        optionalStep(HandshakeType.certificateRequest, false, true, onCertificateRequest),
        step(HandshakeType.serverHelloDone, 0, true, onServerHelloDone),
    ])
    h.expectFinished()
}

function keptOf(h: ClientExchangeContext): Kept {
    return h.kept as Kept
}

function onCertificate(h: ClientExchangeContext, message: HandshakeMessage): void {
    const { serverType } = keptOf(h)
    const certificates = readCertificates(bodyOf(message), serverType)
    if (certificates === undefined || certificates.length === 0) return unreadable(h)
    askWhether(h, message, serverType, certificates, onServerAccepted)
}

function onServerAccepted(h: ClientExchangeContext, publicKey: Buffer): void {
    keptOf(h).publicKey = publicKey
}

function onServerKeyExchange(h: ClientExchangeContext, message: HandshakeMessage): void {
    const kept = keptOf(h)
    const signed = readSignedParameters(bodyOf(message))
    if (signed === undefined) return unreadable(h)
    const { keys, kind } = kept.exchange
    const offered = schemesOfKind(keys.schemes, kind)
    if (keys.groups.indexOf(signed.parameters.group) < 0 || offered.indexOf(signed.scheme) < 0) return illegal(h)
    askWhoSigned(h, message, keys, kept.publicKey, signedData(h, signed.bytes), signed, undefined)
    // If the message is refused, `parameters` is all that it has changed, and the genuine one replaces it.
    kept.parameters = signed.parameters
}

function onCertificateRequest(h: ClientExchangeContext, message: HandshakeMessage): void {
    const request = readCertificateRequest(bodyOf(message))
    if (request === undefined) return unreadable(h)
    keptOf(h).request = request
}

function onServerHelloDone(h: ClientExchangeContext, message: HandshakeMessage): void {
    if (message.bytes.length !== HANDSHAKE_HEADER_LENGTH) return unreadable(h)
    const { request, ownType } = keptOf(h)
    if (request === undefined) {
        h.transcript.forgetMessages()
        return agreeOnSecret(h)
    }
    const { authorities } = request
    const schemes = ownSchemes(request)
    const kind = QuestionKind.certificate as const
    h.ask({ kind, types: [ownType], schemes, serverName: undefined, authorities }, onOwnCertificate)
}

/** If there is no suitable certificate, none is sent, and the server decides (RFC 5246 §7.4.6). */
function onOwnCertificate(h: ClientExchangeContext, answer: CertificateAnswer | undefined): void {
    const kept = keptOf(h)
    const schemes = ownSchemes(kept.request as CertificateRequest)
    const usable = answer !== undefined && isPresentable(answer, [kept.ownType])
    kept.own = usable && firstCommon(schemes, answer.key.schemes) !== undefined ? answer : undefined
    if (kept.own !== undefined) h.parameters.ownCertificate = presented(kept.own)
    agreeOnSecret(h)
}

function agreeOnSecret(h: ClientExchangeContext): void {
    const { exchange, parameters } = keptOf(h)
    const { keys } = exchange
    const { group, share } = parameters
    const perform = async (): Promise<Agreement | undefined> => await agree(keys, group, share)
    h.ask({ kind: QuestionKind.operation as const, perform }, onAgreed)
}

function onAgreed(h: ClientExchangeContext, agreement: Agreement | undefined): void {
    if (agreement === undefined) return illegal(h)
    const { own, ownType, request } = keptOf(h)
    h.beginFlight()
    if (request !== undefined)
        h.send(HandshakeType.certificate, writeCertificates(ownType, own === undefined ? [] : own.certificates))
    const writer = new Writer(1 + agreement.share.length)
    writeShare(writer, agreement.share)
    h.send(HandshakeType.clientKeyExchange, writer.finish())
    h.deriveKeys(agreement.secret)
    wipe(agreement.secret)
    if (own === undefined) return finish(h)
    const scheme = firstCommon(ownSchemes(request as CertificateRequest), own.key.schemes) as number
    sendCertificateVerify(h, own.key, scheme, h.transcript.messages(), finish)
}

function finish(h: ClientExchangeContext): void {
    h.transcript.forgetMessages()
    h.kept = undefined
    h.finishFlight()
}

/** ClientCertificateTypes (RFC 5246 §7.4.4, RFC 8422 §5.5). */
const RSA_SIGN = 1
const ECDSA_SIGN = 64

/** SignatureSchemes that the server accepts, in its order. */
function ownSchemes(request: CertificateRequest): number[] {
    const { types, schemes } = request
    const wanted: number[] = []
    for (const scheme of schemes) {
        if (types.indexOf(isEcdsaScheme(scheme) ? ECDSA_SIGN : RSA_SIGN) >= 0) wanted.push(scheme)
    }
    return wanted
}
