/**
 * Key pairs: the slow part of a platform's cryptography. It may suspend, so the engine reaches it by questions only
 * (QuestionKind.operation), and a program that uses pre-shared keys alone does not carry it.
 */

/** A key pair of another group. */
export interface GroupPair {
    group: number
    pair: KeyPair
}

/** An ephemeral key pair for one agreement. */
export interface KeyPair {
    /** a part of it that does for another group: a client offers its share beside, for servers that have that group alone */
    part?: GroupPair | undefined
    /** an uncompressed point of 65 bytes (SEC 1 §2.3.3), 32 bytes of X25519, or what another group says */
    publicKey: Buffer
    /** @returns the shared secret, of these two 32 bytes; undefined when `share` is no acceptable public key (RFC 8422 §5.10, §5.11) */
    agree(share: Buffer): Promise<Buffer | undefined>
    /** Erases the private key. */
    close(): void
}

/** One side's share, and what both sides know when they have the other's. */
export interface Agreement {
    share: Buffer
    secret: Buffer
}

/** Key pairs and signatures of a platform. */
export interface KeyOperations {
    /** NamedGroups of `newKeyPair`, those preferred first */
    groups: number[]
    /** SignatureSchemes that `verify` knows, those preferred first */
    schemes: number[]
    newKeyPair(group: number): Promise<KeyPair>
    /**
     * The part of the side that has the other's share already, where some group's share depends on that one.
     * @returns undefined when `share` is no acceptable public key
     */
    answer?: (group: number, share: Buffer) => Promise<Agreement | undefined>
    /**
     * Whether the key made the signature.
     * @param publicKey DER of SubjectPublicKeyInfo
     * @param signature as it stands in messages: for ECDSA the DER of ECDSA-Sig-Value
     * @returns false, too, for a key of another kind than the scheme's, or what is no key or signature
     */
    verify(publicKey: Buffer, scheme: number, data: Buffer, signature: Buffer): Promise<boolean>
}

/** A key pair of ML-KEM-768 (FIPS 203), for one use. */
export interface DecapsulationKey {
    /** 1184 bytes */
    encapsulationKey: Buffer
    /** @returns the shared secret, 32 bytes; another one than the peer's when `ciphertext`, 1088 bytes, is not genuine */
    decapsulate(ciphertext: Buffer): Promise<Buffer>
    /** Erases the private key. */
    close(): void
}

/** A secret for whoever has a decapsulation key. */
export interface Encapsulation {
    /** 1088 bytes */
    ciphertext: Buffer
    /** 32 bytes */
    secret: Buffer
}

/** ML-KEM-768 of a platform (FIPS 203). */
export interface KeyEncapsulation {
    newKeyPair(): Promise<DecapsulationKey>
    /** @returns undefined when `encapsulationKey`, 1184 bytes, has numbers that are not below the modulus (FIPS 203 §7.2) */
    encapsulate(encapsulationKey: Buffer): Promise<Encapsulation | undefined>
}
