import { equal } from "../dtls/bytes/bytes.js"
import { type Answer, type PskAnswer, type Question, QuestionKind } from "../dtls/handshake/question.js"
import { type Services } from "../platform/services.js"
import { type TlsCertificateFlags } from "./enums.js"
import { invalidArgument } from "./errors.js"
import { LogLevel } from "./log-level.js"
import { type TlsCertificate } from "./tls-certificate.js"
import { type TlsDatabase } from "./tls-database.js"

/**
 * Pre-shared keys shorter than this are logged as weak, bytes. The suites of RFC 7925 §4.2 have a strength of 128 bits, so guessing a
 * shorter key would be the easiest attack.
 */
const SHORTEST_STRONG_KEY = 16

/** The connection whose handshake asks a question, with everything that the answer may depend on. */
export interface AskingConnection {
    /** the connection's own certificate and trusted authorities; undefined: it has none of its own */
    getCertificate(): TlsCertificate | undefined
    getDatabase(): TlsDatabase | undefined
    /**
     * Called on a client when the server requests a certificate from one of these authorities (DER of Name). The client may choose one now.
     */
    certificateRequested(authorities: Buffer[]): Promise<void>
    /** Checks the peer's certificate for the role and identity that this connection expects. Returns the errors found. */
    verifyPeer(peer: TlsCertificate, database: TlsDatabase): Promise<TlsCertificateFlags>
    /** Whether to accept a peer whose certificate has these errors. In GIO validation-flags and accept-certificate decide this. */
    acceptsPeer(peer: TlsCertificate, errors: TlsCertificateFlags): Promise<boolean>
}

/** The keys and certificates of this side, and the peers that it trusts. */
export interface Credentials {
    /**
     * Answers a question. The kind of the question determines the type of the answer; undefined: there is no answer. May take some time,
     * while other peers continue. Never called for operations.
     * @param connection the connection whose handshake asks
     */
    answer(question: Question, connection: AskingConnection): Promise<Answer | undefined>
}

/**
 * A single identity and key, for a client, or for a server with one client that refuses every other identity (RFC 4279 §2). No property
 * holds the key, so a printed or serialized object does not reveal it.
 * @devsWhenUsed
 */
export class SinglePsk implements Credentials {
    readonly answer: (question: Question) => Promise<PskAnswer | undefined>

    constructor(identity: Buffer, key: Buffer) {
        if (!(identity instanceof Buffer)) throw invalidArgument("identity", "a Buffer")
        if (!(key instanceof Buffer)) throw invalidArgument("key", "a Buffer")
        const answer = { identity, key }
        this.answer = async (question) =>
            question.kind === QuestionKind.clientPsk ||
            (question.kind === QuestionKind.psk && equal(question.identity, identity))
                ? answer
                : undefined
    }
}

/**
 * Answers the questions of associations. Performs cryptographic operations itself, and asks the application's credentials for everything
 * else. If the credentials throw, or return something that is not an answer, the question counts as unanswered.
 * @devsWhenUsed
 */
export class Answering {
    /** a weak key is logged only once, because a server may have many keys */
    private weakKeySeen = false

    constructor(
        private services: Services,
        private credentials: Credentials,
    ) {}

    async answer(question: Question, connection: AskingConnection): Promise<Answer | undefined> {
        try {
            if (question.kind === QuestionKind.operation) return await question.perform()
            const answer = await this.credentials.answer(question, connection)
            // Plain JavaScript may return null for "none".
            if (answer === undefined || answer === null) return undefined
            if (question.kind < QuestionKind.certificate) this.warnOfWeakKey((answer as PskAnswer).key)
            return answer
        } catch (error) {
            // The error's message may contain a secret, so it is not logged.
            this.services.log(
                LogLevel.error,
                "The credentials or their cryptography failed: the question counts as unanswered",
            )
            return undefined
        }
    }

    private warnOfWeakKey(key: Buffer): void {
        if (this.weakKeySeen || key.length >= SHORTEST_STRONG_KEY) return
        this.weakKeySeen = true
        this.services.log(LogLevel.warning, "A pre-shared key is shorter than 16 bytes")
    }
}
