import { type Answer, type Question, QuestionKind } from "../dtls/handshake/question.js"
import { CertificateType } from "../dtls/wire/code-points.js"
import { type AskingConnection, type Credentials } from "./credentials.js"

/**
 * Whom a side believes that offers both types of certificates (RFC 7250).
 * @devsWhenUsed
 */
export class EitherPeers implements Credentials {
    /**
     * @param rawPublicKeys judges bare keys
     * @param certificates judges certificates
     */
    constructor(
        private rawPublicKeys: Credentials,
        private certificates: Credentials,
    ) {}

    async answer(question: Question, connection: AskingConnection): Promise<Answer | undefined> {
        if (question.kind !== QuestionKind.peerCertificate) return undefined
        const isRaw = question.type === CertificateType.rawPublicKey
        return await (isRaw ? this.rawPublicKeys : this.certificates).answer(question, connection)
    }
}
