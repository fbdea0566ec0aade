/**
 * Questions are everything that may take long or needs someone else. One is outstanding per association; whoever has the
 * credentials answers it, at once, later, or from another task.
 */
export enum QuestionKind {
    /** server: which key belongs to `identity`? Answer: PskAnswer */
    psk,
    /** client: which identity and key for a server that sent `hint`? Answer: PskAnswer */
    clientPsk,
    /** what does this side present? Answer: CertificateAnswer; undefined: nothing */
    certificate,
    /** is what the peer presents acceptable? Answer: PeerCertificateAnswer */
    peerCertificate,
    /** slow cryptography, for whoever drives the association to perform. Answer: what `perform` gives */
    operation,
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

/** Answer to `QuestionKind.psk` and `QuestionKind.clientPsk`. */
export interface PskAnswer {
    /** on a client the identity to send, 0 to 65535 bytes (at most 128 by RFC 7925 §4.2); on a server not used */
    identity: Buffer
    /** 1 to 65535 bytes. The engine copies it and wipes its copy. */
    key: Buffer
    /** on a client of DTLS 1.3 that names `severalPsks` or `importedPsks`: further keys to offer, preferred first */
    others?: PskAnswer[]
}

/** What a side may present, and what the peer can do with it. */
export interface CertificateQuestion {
    kind: QuestionKind.certificate
    /** CertificateTypes that the peer reads, those it prefers first */
    types: number[]
    /** SignatureSchemes that the peer verifies and the cipher suite allows, those it prefers first */
    schemes: number[]
    /** server: the host name that the client asked for (RFC 6066 §3); undefined: none */
    serverName: string | undefined
    /** client: DER names of the authorities that the server names (RFC 5246 §7.4.4); empty: any */
    authorities: Buffer[]
}

/** A private key, wherever it lies: in memory, behind a handle of the platform, in a secure element. */
export interface PrivateKey {
    /** SignatureSchemes that it can make */
    schemes: number[]
    /** @returns the signature over `data` as it stands in messages: for ECDSA the DER of ECDSA-Sig-Value */
    sign(scheme: number, data: Buffer): Promise<Buffer>
}

/** Answer to `QuestionKind.certificate`. */
export interface CertificateAnswer {
    /** one of the question's CertificateTypes */
    type: number
    /** x509: DER, the own certificate first, each certified by the next one; rawPublicKey: one SubjectPublicKeyInfo */
    certificates: Buffer[]
    /** of the first certificate */
    key: PrivateKey
}

/** What a side presents in its Certificate message. */
export interface PresentedCertificate {
    /** CertificateType */
    type: number
    /** as in CertificateAnswer */
    certificates: Buffer[]
}

/** What a peer presents, and the verdict on it. */
export interface PeerCertificate extends PresentedCertificate {
    /** Gio.TlsCertificateFlags: what is wrong with it, also when it was accepted all the same */
    errors: number
    /** AlertDescription with which it was refused; `none`: it was accepted */
    alert: number
}

/** That the peer has the private key, too, is verified later. */
export interface PeerCertificateQuestion extends PresentedCertificate {
    kind: QuestionKind.peerCertificate
}

/** Answer to `QuestionKind.peerCertificate`. */
export interface PeerCertificateAnswer {
    /** AlertDescription that tells the peer why it is refused; `none`: accepted */
    alert: number
    /** accepted: its SubjectPublicKeyInfo, DER */
    publicKey: Buffer
    /** see PeerCertificate; default 0 */
    errors?: number
}

/** Key agreement, signature or verification. */
export interface OperationQuestion<A extends object = object> {
    kind: QuestionKind.operation
    /** Does it; may suspend. What it throws counts as no answer. */
    perform: () => Promise<A | undefined>
}

/** Told apart by `kind`. */
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

/** An answer to any question; its kind says which. */
export type Answer = object

/**
 * Whether the answer of an application is one. An empty key would let everybody in; what does not fit its length field
 * (RFC 4279 §2) would be another key.
 */
export function isUsablePsk(answer: PskAnswer): boolean {
    const { identity, key } = answer
    if (!(identity instanceof Buffer) || !(key instanceof Buffer)) return false
    return key.length > 0 && key.length <= 65535 && identity.length <= 65535
}
