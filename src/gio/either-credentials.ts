import { type Answer, type Question, QuestionKind } from "../dtls/handshake/question.js"
import { type AskingConnection, type Credentials } from "./credentials.js"

/**
 * Combines credentials of several kinds. Each of them answers the questions of its kind.
 * @devsWhenUsed
 */
export class EitherCredentials implements Credentials {
    /**
     * @param psk pre-shared keys; undefined: none
     * @param publicKeys this side's keys and certificates, and the peers that it trusts; undefined: `psk` is asked for them
     * @param peers decides which peers are trusted, instead of `publicKeys`
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
        // The application's credentials may contain certificates, too.
        return (kind === QuestionKind.peerCertificate ? this.peers : this.publicKeys) ?? this.psk
    }
}
