import { equal } from "../dtls/bytes/bytes.js"
import { type Answer, type PskAnswer, type Question, QuestionKind } from "../dtls/handshake/question.js"
import { type Services } from "../platform/services.js"
import { type TlsCertificateFlags } from "./enums.js"
import { invalidArgument } from "./errors.js"
import { LogLevel } from "./log-level.js"
import { type TlsCertificate } from "./tls-certificate.js"
import { type TlsDatabase } from "./tls-database.js"

/** RFC 7925 §4.2 has suites of 128 bits; a shorter key is what an attacker searches for, bytes. */
const SHORTEST_STRONG_KEY = 16

/** A connection whose handshake has a question, as far as the answer depends on it. */
export interface AskingConnection {
    /** its own certificate, and the authorities that it trusts; undefined: it has none of its own */
    getCertificate(): TlsCertificate | undefined
    getDatabase(): TlsDatabase | undefined
    /** A client is asked for a certificate, of one of these authorities (DER of Name); it may choose one now. */
    certificateRequested(authorities: Buffer[]): Promise<void>
    /** What is wrong with the peer's certificate, for what a peer of this connection has to be. */
    verifyPeer(peer: TlsCertificate, database: TlsDatabase): Promise<TlsCertificateFlags>
    /** Whether the peer is accepted, with these errors: what GIO decides by validation-flags and accept-certificate. */
    acceptsPeer(peer: TlsCertificate, errors: TlsCertificateFlags): Promise<boolean>
}

/** What this side can show, and whom it believes. */
export interface Credentials {
    /**
     * The answer that the question's kind names; undefined when there is none. May take its time: other peers go on
     * meanwhile. Operations are not asked for.
     * @param connection whose handshake asks
     */
    answer(question: Question, connection: AskingConnection): Promise<Answer | undefined>
}

/**
 * One identity and key: for a client, or for a server that knows a single client and refuses every other identity
 * (RFC 4279 §2). The key is in no field, so that a printed or serialized object does not show it.
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
 * Answers the questions of associations: performs operations, and asks an application's credentials for all else. What
 * throws, or gives something in place of an answer, counts as no answer.
 * @devsWhenUsed
 */
export class Answering {
    /** logged once: a server may have many keys */
    private weakKeySeen = false

    constructor(
        private services: Services,
        private credentials: Credentials,
    ) {}

    async answer(question: Question, connection: AskingConnection): Promise<Answer | undefined> {
        try {
            if (question.kind === QuestionKind.operation) return await question.perform()
            const answer = await this.credentials.answer(question, connection)
            // null is what plain JavaScript gives for "none".
            if (answer === undefined || answer === null) return undefined
            if (question.kind < QuestionKind.certificate) this.warnOfWeakKey((answer as PskAnswer).key)
            return answer
        } catch (error) {
            // Its message may hold a secret: it is not logged.
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
