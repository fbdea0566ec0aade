import { type Answer, type Question, QuestionKind } from "../dtls/handshake/question.js"
import { type AskingConnection, type Credentials } from "./credentials.js"

/**
 * Credentials of several kinds, of which each answers the questions of its kind.
 * @devsWhenUsed
 */
export class EitherCredentials implements Credentials {
    /**
     * @param psk pre-shared keys; undefined: none
     * @param publicKeys what this side presents, and whom it believes; undefined: neither, unless `psk` knows
     * @param peers whom it believes, in place of `publicKeys`
     */
    constructor(
        private psk: Credentials | undefined,
        private publicKeys: Credentials | undefined,
        private peers: Credentials | undefined = publicKeys,
    ) {}

    async answer(question: Question, connection: AskingConnection): Promise<Answer | undefined> {
        const source = this.sourceFor(question.kind)
        return source === undefined ? undefined : await source.answer(question, connection)
    }

    private sourceFor(kind: QuestionKind): Credentials | undefined {
        if (kind === QuestionKind.psk || kind === QuestionKind.clientPsk) return this.psk
        // Credentials of the application may know certificates, too.
        return (kind === QuestionKind.peerCertificate ? this.peers : this.publicKeys) ?? this.psk
    }
}
