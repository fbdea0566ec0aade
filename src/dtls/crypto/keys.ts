/**
 * Key pairs: the slow part of a platform's cryptography. It may suspend, so the engine uses it only through questions
 * (QuestionKind.operation), and a program with pre-shared keys only does not contain it.
 */

/** A key pair of another group. */
export interface GroupPair {
    group: number
    pair: KeyPair
}

/** An ephemeral key pair, for one key agreement. */
export interface KeyPair {
    /**
     * a component that is also a share of another group: a client offers it in addition, for servers that have only
     * that group
     */
    part?: GroupPair | undefined
    /** an uncompressed point of 65 bytes (SEC 1 §2.3.3), 32 bytes for X25519, or as another group defines it */
    publicKey: Buffer
    /**
     * @returns the shared secret, 32 bytes for these groups; undefined if `share` is not an acceptable public key
     * (RFC 8422 §5.10, §5.11)
     */
    agree(share: Buffer): Promise<Buffer | undefined>
    /** Erases the private key. */
    close(): void
}

/** One side's share, and the secret that both sides have once they know each other's. */
export interface Agreement {
    share: Buffer
    secret: Buffer
}

/** A platform's operations with key pairs and signatures. */
export interface KeyOperations {
    /** NamedGroups that `newKeyPair` supports, preferred first */
    groups: number[]
    /** SignatureSchemes that `verify` supports, preferred first */
    schemes: number[]
    newKeyPair(group: number): Promise<KeyPair>
    /**
     * The share and secret of the side that answers, for groups in which its share depends on the other side's.
     * @returns undefined if `share` is not an acceptable public key
     */
    answer?: (group: number, share: Buffer) => Promise<Agreement | undefined>
    /**
     * Whether the signature was made with the key.
     * @param publicKey DER of SubjectPublicKeyInfo
     * @param signature as in messages: for ECDSA the DER of ECDSA-Sig-Value
     * @returns false also if the key is not of the scheme's kind, or key or signature are malformed
     */
    verify(publicKey: Buffer, scheme: number, data: Buffer, signature: Buffer): Promise<boolean>
}

/** A key pair of ML-KEM-768 (FIPS 203), for single use. */
export interface DecapsulationKey {
    /** 1184 bytes */
    encapsulationKey: Buffer
    /**
     * @returns the shared secret, 32 bytes; a different one than the peer's if `ciphertext`, 1088 bytes, is not genuine
     */
    decapsulate(ciphertext: Buffer): Promise<Buffer>
    /** Erases the private key. */
    close(): void
}

/** A secret, encapsulated for the holder of a decapsulation key. */
export interface Encapsulation {
    /** 1088 bytes */
    ciphertext: Buffer
    /** 32 bytes */
    secret: Buffer
}

/** A platform's ML-KEM-768 (FIPS 203). */
export interface KeyEncapsulation {
    newKeyPair(): Promise<DecapsulationKey>
    /**
     * @returns undefined if `encapsulationKey`, 1184 bytes, contains numbers that are not below the modulus (FIPS 203
     * §7.2)
     */
    encapsulate(encapsulationKey: Buffer): Promise<Encapsulation | undefined>
}
