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

/** What is wrong with a peer, and whether it is accepted all the same. */
export interface Verdict {
    errors: TlsCertificateFlags
    isAccepted: boolean
}

/** A verdict without a second opinion: errors are refused. */
export function plainVerdict(errors: TlsCertificateFlags): Verdict {
    return { errors, isAccepted: errors === TlsCertificateFlags.NO_FLAGS }
}

/**
 * Credentials with public keys, in certificates or bare: what is common to the ways in which a peer's key can be trusted.
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

    /** What this side presents; undefined: nothing. */
    protected abstract present(
        question: CertificateQuestion,
        connection: AskingConnection,
    ): Promise<CertificateAnswer | undefined>

    /** @param publicKey of the peer, SubjectPublicKeyInfo */
    protected abstract judge(
        peer: PresentedCertificate,
        publicKey: Buffer,
        connection: AskingConnection,
    ): Promise<Verdict>
}

function unreadable(): PeerCertificateAnswer {
    return { alert: AlertDescription.badCertificate, publicKey: EMPTY, errors: TlsCertificateFlags.GENERIC_ERROR }
}

/** Not valid yet, or not any more. */
const UNTIMELY = TlsCertificateFlags.NOT_ACTIVATED | TlsCertificateFlags.EXPIRED

/** The alert that says most to whoever has to mend it (RFC 5246 §7.2.2). */
function alertFor(errors: TlsCertificateFlags): AlertDescription {
    if ((errors & TlsCertificateFlags.UNKNOWN_CA) !== 0) return AlertDescription.unknownCa
    if ((errors & TlsCertificateFlags.REVOKED) !== 0) return AlertDescription.certificateRevoked
    if ((errors & UNTIMELY) !== 0) return AlertDescription.certificateExpired
    // It can be read, so it is its purpose or an extension: there is no alert of a closer meaning.
    if ((errors & TlsCertificateFlags.GENERIC_ERROR) !== 0) return AlertDescription.unsupportedCertificate
    return AlertDescription.badCertificate
}
