import { type PskAnswer, type Question, QuestionKind } from "../dtls/handshake/question.js"
import { type Credentials } from "./credentials.js"
import { invalidArgument } from "./errors.js"

/**
 * Several identities and keys of a client, preferred first. DTLS 1.3 uses them if `severalPsks` or `importedPsks` is among
 * `DtlsSettings.extensions`; DTLS 1.2 uses the first one. No property holds the keys, so a printed or serialized object does not reveal
 * them.
 * @devsWhenUsed
 */
export class PskList implements Credentials {
    readonly answer: (question: Question) => Promise<PskAnswer | undefined>

    /** @param psks one or more; the server considers the first 4, where an imported key counts once for each of its hashes */
    constructor(psks: PskAnswer[]) {
        if (!Array.isArray(psks) || psks.length === 0) throw invalidArgument("psks", "one identity and key, or more")
        for (const psk of psks) {
            const { identity, key } = psk
            if (!(identity instanceof Buffer) || !(key instanceof Buffer))
                throw invalidArgument("psks", "Buffers as identity and key")
        }
        const { identity, key } = psks[0]
        const answer = { identity, key, others: psks.slice(1, psks.length) }
        this.answer = async (question) => (question.kind === QuestionKind.clientPsk ? answer : undefined)
    }
}
