/**
 * Questions are asked for everything that may take long or is decided outside the engine. An association has at most
 * one open question; the answer may come at once, later, or from another task.
 */
export enum QuestionKind {
    /** server: which key belongs to `identity`? Answer: PskAnswer */
    psk,
    /** client: which identity and key for a server that sent `hint`? Answer: PskAnswer */
    clientPsk,
    /** what does this side present? Answer: CertificateAnswer; undefined: nothing */
    certificate,
    /** is the peer's certificate or key acceptable? Answer: PeerCertificateAnswer */
    peerCertificate,
    /** slow cryptography, to be performed by the association's owner. Answer: the result of `perform` */
    operation,
}

/** A server asks for a client's key. */
export interface PskQuestion {
    kind: QuestionKind.psk
    /** the client's psk_identity */
    identity: Buffer
    /** the psk_identity_hint sent to the client (RFC 4279 §2); undefined: none */
    hint: Buffer | undefined
}

/** A client asks for its identity and key. */
export interface ClientPskQuestion {
    kind: QuestionKind.clientPsk
    /** empty */
    identity: Buffer
    /** the server's psk_identity_hint (RFC 4279 §2); undefined if it sent none */
    hint: Buffer | undefined
}

/** Answer to `QuestionKind.psk` and `QuestionKind.clientPsk`. */
export interface PskAnswer {
    /** client: the identity to send, 0 to 65535 bytes (at most 128 by RFC 7925 §4.2); server: not used */
    identity: Buffer
    /** 1 to 65535 bytes. The engine copies it, and wipes its copy. */
    key: Buffer
    /** client of DTLS 1.3 with `severalPsks` or `importedPsks`: further keys to offer, preferred first */
    others?: PskAnswer[]
}

/** Which certificate or key a side may present: what the peer supports. */
export interface CertificateQuestion {
    kind: QuestionKind.certificate
    /** CertificateTypes that the peer supports, preferred first */
    types: number[]
    /** SignatureSchemes that the peer verifies and the cipher suite allows, preferred first */
    schemes: number[]
    /** server: the host name requested by the client (RFC 6066 §3); undefined: none */
    serverName: string | undefined
    /** client: DER names of the authorities that the server accepts (RFC 5246 §7.4.4); empty: any */
    authorities: Buffer[]
}

/** A private key, wherever it is stored: in memory, behind a handle of the platform, in a secure element. */
export interface PrivateKey {
    /** SignatureSchemes that it supports */
    schemes: number[]
    /** @returns the signature over `data` as in messages: for ECDSA the DER of ECDSA-Sig-Value */
    sign(scheme: number, data: Buffer): Promise<Buffer>
}

/** Answer to `QuestionKind.certificate`. */
export interface CertificateAnswer {
    /** one of the question's CertificateTypes */
    type: number
    /**
     * x509: DER, the end-entity certificate first, each certified by the next; rawPublicKey: one SubjectPublicKeyInfo
     */
    certificates: Buffer[]
    /** the first certificate's private key */
    key: PrivateKey
}

/** The content of a side's Certificate message. */
export interface PresentedCertificate {
    /** CertificateType */
    type: number
    /** as in CertificateAnswer */
    certificates: Buffer[]
}

/** What a peer presented, and the verdict on it. */
export interface PeerCertificate extends PresentedCertificate {
    /** Gio.TlsCertificateFlags: what is wrong with it, even if it was accepted nevertheless */
    errors: number
    /** AlertDescription with which it was refused; `none`: accepted */
    alert: number
}

/** Asks whether it is acceptable. Possession of the private key is verified later. */
export interface PeerCertificateQuestion extends PresentedCertificate {
    kind: QuestionKind.peerCertificate
}

/** Answer to `QuestionKind.peerCertificate`. */
export interface PeerCertificateAnswer {
    /** AlertDescription to refuse it with; `none`: accepted */
    alert: number
    /** if accepted: its SubjectPublicKeyInfo, DER */
    publicKey: Buffer
    /** see PeerCertificate; default 0 */
    errors?: number
}

/** Key agreement, signature or verification. */
export interface OperationQuestion<A extends object = object> {
    kind: QuestionKind.operation
    /** Performs the operation; may suspend. If it throws, that counts as no answer. */
    perform: () => Promise<A | undefined>
}

/** Distinguished by `kind`. */
export type Question =
    PskQuestion | ClientPskQuestion | CertificateQuestion | PeerCertificateQuestion | OperationQuestion

/** The answer to a question of type `Q`. */
export type AnswerTo<Q extends Question> =
    Q extends OperationQuestion<infer A>
        ? A
        : Q extends CertificateQuestion
          ? CertificateAnswer
          : Q extends PeerCertificateQuestion
            ? PeerCertificateAnswer
            : PskAnswer

/** An answer to any question; the question's kind determines the type. */
export type Answer = object

/**
 * Whether an application's answer is usable. An empty key would let anyone in; one too long for its length field
 * (RFC 4279 §2) would become another key.
 */
export function isUsablePsk(answer: PskAnswer): boolean {
    const { identity, key } = answer
    if (!(identity instanceof Buffer) || !(key instanceof Buffer)) return false
    return key.length > 0 && key.length <= 65535 && identity.length <= 65535
}
