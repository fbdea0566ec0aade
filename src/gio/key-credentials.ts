import { EMPTY } from "../dtls/bytes/bytes.js"
import {
    type Answer,
    type CertificateAnswer,
    type CertificateQuestion,
    type PeerCertificateAnswer,
    type PresentedCertificate,
    type Question,
    QuestionKind,
} from "../dtls/handshake/question.js"
import { AlertDescription, CertificateType } from "../dtls/wire/code-points.js"
import { subjectPublicKeyInfo } from "../dtls/wire/x509.js"
import { type AskingConnection, type Credentials } from "./credentials.js"
import { TlsCertificateFlags } from "./enums.js"

/** The errors found in a peer's certificate or key, and whether the peer is accepted nevertheless. */
export interface Verdict {
    errors: TlsCertificateFlags
    isAccepted: boolean
}

/** A verdict without further checks: a peer with any error is refused. */
export function plainVerdict(errors: TlsCertificateFlags): Verdict {
    return { errors, isAccepted: errors === TlsCertificateFlags.NO_FLAGS }
}

/**
 * Credentials with certificates or raw public keys. This is the common part of the different ways to trust a peer's key.
 * @devsWhenUsed
 */
export abstract class KeyCredentials implements Credentials {
    async answer(question: Question, connection: AskingConnection): Promise<Answer | undefined> {
        if (question.kind === QuestionKind.certificate) return await this.present(question, connection)
        if (question.kind !== QuestionKind.peerCertificate) return undefined
        const { type, certificates } = question
        const first = certificates[0] as Buffer
        const publicKey = type === CertificateType.rawPublicKey ? first : subjectPublicKeyInfo(first)
        if (publicKey === undefined) return unreadable()
        const verdict = await this.judge(question, publicKey, connection)
        const { errors } = verdict
        return { alert: verdict.isAccepted ? AlertDescription.none : alertFor(errors), publicKey, errors }
    }

    /** Returns what this side presents; undefined: nothing. */
    protected abstract present(
        question: CertificateQuestion,
        connection: AskingConnection,
    ): Promise<CertificateAnswer | undefined>

    /** Checks the peer. @param publicKey the peer's SubjectPublicKeyInfo */
    protected abstract judge(
        peer: PresentedCertificate,
        publicKey: Buffer,
        connection: AskingConnection,
    ): Promise<Verdict>
}

function unreadable(): PeerCertificateAnswer {
    return { alert: AlertDescription.badCertificate, publicKey: EMPTY, errors: TlsCertificateFlags.GENERIC_ERROR }
}

/** Not valid yet, or expired. */
const UNTIMELY = TlsCertificateFlags.NOT_ACTIVATED | TlsCertificateFlags.EXPIRED

/** The alert that best describes the problem (RFC 5246 §7.2.2). */
function alertFor(errors: TlsCertificateFlags): AlertDescription {
    if ((errors & TlsCertificateFlags.UNKNOWN_CA) !== 0) return AlertDescription.unknownCa
    if ((errors & TlsCertificateFlags.REVOKED) !== 0) return AlertDescription.certificateRevoked
    if ((errors & UNTIMELY) !== 0) return AlertDescription.certificateExpired
    // The certificate is readable, so its purpose or an extension is wrong. No alert describes this more precisely.
    if ((errors & TlsCertificateFlags.GENERIC_ERROR) !== 0) return AlertDescription.unsupportedCertificate
    return AlertDescription.badCertificate
}
