/**
 * Questions are everything that may take long or needs someone else. One is outstanding per association.
 * Certificates bring: is this chain acceptable, ECDH share, sign, verify.
 */
export enum QuestionKind {
    /** server: which key belongs to `identity`? Answer: PskAnswer */
    psk,
    /** client: which identity and key for a server that sent `hint`? Answer: PskAnswer */
    clientPsk,
}

export interface Question {
    kind: QuestionKind
    /** the client's psk_identity; empty on a client */
    identity: Buffer
    /** the server's psk_identity_hint (RFC 4279 §2); undefined when it sent none */
    hint: Buffer | undefined
}

/** Answer to `QuestionKind.psk`. */
export interface PskAnswer {
    /** on a client the identity to send, 0 to 65535 bytes (at most 128 by RFC 7925 §4.2); on a server not used */
    identity: Buffer
    /** 1 to 65535 bytes. The engine copies it and wipes its copy. */
    key: Buffer
}

/** An empty key would let everybody in; what does not fit its length field (RFC 4279 §2) would be another key. */
export function isUsablePsk(answer: PskAnswer): boolean {
    return answer.key.length > 0 && answer.key.length <= 65535 && answer.identity.length <= 65535
}
