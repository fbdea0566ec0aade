import { type Answer, type Question, QuestionKind } from "../../../dtls/handshake/question.js"
import { type AskingConnection, type Credentials } from "../../../gio/credentials.js"

/** Pre-shared keys and public keys: each answers the questions of its kind. */
export class EitherCredentials implements Credentials {
    constructor(
        private psk: Credentials | undefined,
        private publicKeys: Credentials | undefined,
    ) {}

    async answer(question: Question, connection: AskingConnection): Promise<Answer | undefined> {
        const isPsk = question.kind === QuestionKind.psk || question.kind === QuestionKind.clientPsk
        // Credentials of the application may know certificates, too.
        const source = isPsk ? this.psk : (this.publicKeys ?? this.psk)
        return await source?.answer(question, connection)
    }
}
