import { copyOf, EMPTY, equal, join } from "../bytes/bytes.js"
import { Reader } from "../bytes/reader.js"
import { Writer } from "../bytes/writer.js"
import { type KeyOperations } from "../crypto/keys.js"
import { bodyOf, type HandshakeMessage } from "../flight/inbox.js"
import { FailureReason } from "../handshake/failure.js"
import { type CertificateContext, type KeyExchangeContext } from "../handshake/key-exchange.js"
import {
    type CertificateAnswer,
    type PeerCertificateAnswer,
    type PresentedCertificate,
    type PrivateKey,
    QuestionKind,
} from "../handshake/question.js"
import {
    type DigitallySigned,
    MAX_CERTIFICATES,
    readDigitallySigned,
    writeDigitallySigned,
} from "../wire/certificate.js"
import { AlertDescription, HandshakeType } from "../wire/code-points.js"
import { type EcdhParameters, readEcdhParameters } from "../wire/ecdhe-key-exchange.js"

/* Certificates and signatures: what client and server have in common. */

export function unreadable(h: CertificateContext): void {
    h.fail(FailureReason.decodeError, AlertDescription.decodeError)
}

export function illegal(h: CertificateContext): void {
    h.fail(FailureReason.illegalParameter, AlertDescription.illegalParameter)
}

export function failedHere(h: CertificateContext): void {
    h.fail(FailureReason.internalError, AlertDescription.internalError)
}

/** Called when the peer is accepted; `publicKey` is its SubjectPublicKeyInfo. */
type OnAccepted = (h: never, publicKey: Buffer) => void

/**
 * Asks whether the peer is acceptable. Nothing has been signed with the certificate yet, so it may be sent by an
 * attacker; the message counts only if it is accepted.
 */
export function askWhether(
    h: CertificateContext,
    message: HandshakeMessage,
    type: number,
    certificates: Buffer[],
    onAccepted: OnAccepted,
): void {
    // Constrained devices may limit the length of the chain (RFC 7925 §4.4.4).
    if (certificates.length > MAX_CERTIFICATES)
        return h.fail(FailureReason.decodeError, AlertDescription.badCertificate)
    const before = h.parameters.peerCertificate
    // This chain was refused before, and is being repeated until the handshake fails: the question is asked only once.
    if (before !== undefined && isSameChain(before.certificates, certificates))
        return h.fail(FailureReason.certificateRefused, before.alert)
    h.undecided = message
    const kind = QuestionKind.peerCertificate as const
    h.ask({ kind, type, certificates }, (context: CertificateContext, answer) => {
        const { alert, publicKey, errors } = answer ?? unanswered()
        context.parameters.peerCertificate = { type, certificates, errors: errors ?? 0, alert }
        if (alert === AlertDescription.none) onAccepted(context as never, publicKey)
        else context.fail(FailureReason.certificateRefused, alert)
    })
}

function unanswered(): PeerCertificateAnswer {
    return { alert: AlertDescription.certificateUnknown, publicKey: EMPTY }
}

function isSameChain(a: Buffer[], b: Buffer[]): boolean {
    return equal(join(a), join(b))
}

interface Verdict {
    isGenuine: boolean
}

/** Asks whether `data` was signed with `publicKey`; a message with a wrong signature does not count. */
export function askWhoSigned(
    h: CertificateContext,
    message: HandshakeMessage,
    keys: KeyOperations,
    publicKey: Buffer,
    data: Buffer,
    signed: DigitallySigned,
    onProved: ((h: never) => void) | undefined,
): void {
    h.undecided = message
    const { scheme, signature } = signed
    const perform = async (): Promise<Verdict | undefined> => ({
        isGenuine: await keys.verify(publicKey, scheme, data, signature),
    })
    h.ask({ kind: QuestionKind.operation as const, perform }, (context: CertificateContext, verdict) => {
        if (verdict === undefined) failedHere(context)
        else if (!verdict.isGenuine) context.fail(FailureReason.badSignature, AlertDescription.decryptError)
        else if (onProved !== undefined) onProved(context as never)
    })
}

/** The content of a ServerKeyExchange (RFC 8422 §5.4). */
export interface SignedParameters extends DigitallySigned {
    parameters: EcdhParameters
    /** the signed part of the message */
    bytes: Buffer
}

/** Undefined if malformed. */
export function readSignedParameters(body: Buffer): SignedParameters | undefined {
    const reader = new Reader(body, 0, body.length)
    const parameters = readEcdhParameters(reader)
    const bytes = copyOf(body, 0, reader.at)
    const signed = readDigitallySigned(reader)
    if (parameters === undefined || signed === undefined) return undefined
    return { parameters, bytes, scheme: signed.scheme, signature: signed.signature }
}

/** The data that a server signs: both randoms and its ServerECDHParams. */
export function signedData(h: KeyExchangeContext, parameters: Buffer): Buffer {
    return join([h.parameters.clientRandom, h.parameters.serverRandom, parameters])
}

/** The part of an answer that the association keeps. */
export function presented(answer: CertificateAnswer): PresentedCertificate {
    return { type: answer.type, certificates: answer.certificates }
}

/** Whether an application's answer is usable. */
export function isPresentable(answer: CertificateAnswer, types: number[]): boolean {
    const { type, certificates, key } = answer
    if (types.indexOf(type) < 0 || !Array.isArray(certificates) || certificates.length > MAX_CERTIFICATES) return false
    return certificates.length > 0 && typeof key === "object" && Array.isArray(key.schemes)
}

interface Signature {
    signature: Buffer
}

/**
 * Sends a CertificateVerify, then calls `onSent`.
 * @param data to be signed: in DTLS 1.2 all messages so far (RFC 5246 §7.4.8); for 1.3 see RFC 8446 §4.4.3
 */
export function sendCertificateVerify(
    h: CertificateContext,
    key: PrivateKey,
    scheme: number,
    data: Buffer,
    onSent: (h: never) => void,
): void {
    const perform = async (): Promise<Signature | undefined> => ({ signature: await key.sign(scheme, data) })
    h.ask({ kind: QuestionKind.operation as const, perform }, (context: CertificateContext, made) => {
        if (made === undefined) return failedHere(context)
        const { signature } = made
        const writer = new Writer(4 + signature.length)
        writeDigitallySigned(writer, { scheme, signature })
        context.send(HandshakeType.certificateVerify, writer.finish())
        onSent(context as never)
    })
}

/** The signature of a CertificateVerify; undefined if malformed. */
export function readCertificateVerify(message: HandshakeMessage): DigitallySigned | undefined {
    const body = bodyOf(message)
    return readDigitallySigned(new Reader(body, 0, body.length))
}
