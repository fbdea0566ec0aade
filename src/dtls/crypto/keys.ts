/**
 * Key pairs: the slow part of a platform's cryptography. It may suspend, so the engine reaches it by questions only
 * (QuestionKind.operation), and a program that uses pre-shared keys alone does not carry it.
 */

/** An ephemeral key pair for one agreement. */
export interface KeyPair {
    /** an uncompressed point of 65 bytes (SEC 1 §2.3.3), or 32 bytes of X25519 */
    publicKey: Buffer
    /** @returns the shared secret, 32 bytes; undefined when `share` is no acceptable public key (RFC 8422 §5.10, §5.11) */
    agree(share: Buffer): Promise<Buffer | undefined>
    /** Erases the private key. */
    close(): void
}

/** Key pairs and signatures of a platform. */
export interface KeyOperations {
    /** NamedGroups of `newKeyPair`, those preferred first */
    groups: number[]
    /** SignatureSchemes that `verify` knows, those preferred first */
    schemes: number[]
    newKeyPair(group: number): Promise<KeyPair>
    /**
     * Whether the key made the signature.
     * @param publicKey DER of SubjectPublicKeyInfo
     * @param signature as it stands in messages: for ECDSA the DER of ECDSA-Sig-Value
     * @returns false, too, for a key of another kind than the scheme's, or what is no key or signature
     */
    verify(publicKey: Buffer, scheme: number, data: Buffer, signature: Buffer): Promise<boolean>
}
