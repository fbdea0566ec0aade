/**
 * Questions are everything that may take long or needs someone else. One is outstanding per association; whoever has the
 * credentials answers it, at once, later, or from another task.
 */
export enum QuestionKind {
    /** server: which key belongs to `identity`? Answer: PskAnswer */
    psk,
    /** client: which identity and key for a server that sent `hint`? Answer: PskAnswer */
    clientPsk,
}

/** A server asks for the key of a client. */
export interface PskQuestion {
    kind: QuestionKind.psk
    /** the client's psk_identity */
    identity: Buffer
    /** the psk_identity_hint that the client was sent (RFC 4279 §2); undefined: none */
    hint: Buffer | undefined
}

/** A client asks for its identity and key. */
export interface ClientPskQuestion {
    kind: QuestionKind.clientPsk
    /** empty */
    identity: Buffer
    /** the server's psk_identity_hint (RFC 4279 §2); undefined when it sent none */
    hint: Buffer | undefined
}

/** Told apart by `kind`. */
export type Question = PskQuestion | ClientPskQuestion

/** Answer to `QuestionKind.psk` and `QuestionKind.clientPsk`. */
export interface PskAnswer {
    /** on a client the identity to send, 0 to 65535 bytes (at most 128 by RFC 7925 §4.2); on a server not used */
    identity: Buffer
    /** 1 to 65535 bytes. The engine copies it and wipes its copy. */
    key: Buffer
}

/** What the question's kind says. */
export type Answer = PskAnswer

/**
 * Whether the answer of an application is one. An empty key would let everybody in; what does not fit its length field
 * (RFC 4279 §2) would be another key.
 */
export function isUsablePsk(answer: PskAnswer): boolean {
    const { identity, key } = answer
    if (!(identity instanceof Buffer) || !(key instanceof Buffer)) return false
    return key.length > 0 && key.length <= 65535 && identity.length <= 65535
}
