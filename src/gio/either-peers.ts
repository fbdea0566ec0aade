import { type Answer, type Question, QuestionKind } from "../dtls/handshake/question.js"
import { CertificateType } from "../dtls/wire/code-points.js"
import { type AskingConnection, type Credentials } from "./credentials.js"

/**
 * Checks peers on a side that accepts both certificates and raw public keys (RFC 7250).
 * @devsWhenUsed
 */
export class EitherPeers implements Credentials {
    /**
     * @param rawPublicKeys checks raw public keys
     * @param certificates checks certificates
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
