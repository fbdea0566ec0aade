/**
 * Seam 2: the cryptography that the engine needs from a platform. All calls here are synchronous and never suspend;
 * slow operations (key agreement, signatures, certificate chains) are questions of the association instead.
 */

import { type AeadAlgorithm, type HashAlgorithm } from "./algorithms.js"

/** An incremental hash. `digest` and `close` end it. */
export interface Hash {
    update(data: Buffer): void
    /** The digest of the data so far; more may follow. */
    digestSoFar(): Buffer
    digest(): Buffer
    /** Discards the hash without a digest. */
    close(): void
}

/** A keyed HMAC: the pads are computed once, and `sign` may be called any number of times. */
export interface Hmac {
    /** HMAC of `data`. */
    sign(data: Buffer): Buffer
    /** P_hash(key, seed) of RFC 5246 §5: the first `length` bytes, 0 to 4096. */
    expand(seed: Buffer, length: number): Buffer
    /** Erases the key; the object must not be used afterwards. */
    close(): void
}

/** An AEAD with its key. `nonce` has 12 bytes. */
export interface Aead {
    /** bytes: 8 or 16 */
    tagLength: number
    /** @returns ciphertext followed by the tag */
    seal(nonce: Buffer, aad: Buffer, plaintext: Buffer): Buffer
    /** @param ciphertext with its tag; @returns the plaintext, or undefined if it is not authentic (or too short) */
    open(nonce: Buffer, aad: Buffer, ciphertext: Buffer): Buffer | undefined
    /** Erases the key; the object must not be used afterwards. */
    close(): void
}

/** Record number encryption of DTLS 1.3 (RFC 9147 §4.2.3). */
export interface RecordNumberCipher {
    /** @param sample the first 16 bytes of the ciphertext; @returns 2 bytes to xor with the record's number */
    mask(sample: Buffer): Buffer
    /** Erases the key; the object must not be used afterwards. */
    close(): void
}

/** Keys of one direction. */
export interface WriteKeys {
    key: Buffer
    /** 4 bytes if the AEAD has an explicit nonce, otherwise 12 */
    iv: Buffer
}

/**
 * One direction of one epoch: seals messages into whole records and opens them, in a version's header form. The caller
 * keeps the sequence numbers. The nonce is made of epoch and sequence number alone, so no (key, nonce) pair repeats as
 * long as numbers do not.
 */
export interface RecordProtection {
    /**
     * bytes that a record adds to its message, header included; where headers vary, the maximum when sealing and the
     * minimum when opening
     */
    overhead: number
    /**
     * Seals each message into a record of `type`; the records are concatenated.
     * @param sequence number of the first; it increases by one with each record
     * @param endsDatagram nothing will follow the last record: header forms that allow it omit its length
     */
    sealRecords(type: number, sequence: number, messages: Buffer[], endsDatagram?: boolean): Buffer
    /**
     * The sequence number of the record at `at`, if it is whole and these keys may open it: known content type,
     * matching version and epoch, ending before `end`, no longer than the RFC allows. -1: it is another record, or
     * none.
     * @param expected the number after the highest one received, for header forms that carry only a part of it
     */
    sequenceOf(datagram: Buffer, at: number, end: number, expected: number): number
    /** Bytes of the record at `at`, whose number `sequenceOf` has just returned. */
    lengthOf(datagram: Buffer, at: number): number
    /**
     * Opens the record with number `sequence` in bytes [at, end).
     * @returns its plaintext; null: it is not authentic; undefined: it is not such a record, or too short
     */
    openRecord(datagram: Buffer, at: number, end: number, sequence: number): Buffer | null | undefined
    /** Content type of the record opened last. */
    openedType(): number
    /** Erases the key; the object must not be used afterwards. */
    close(): void
}

/** A platform's cryptography. */
export interface CryptoProvider {
    /** Negotiation offers and selects only suites whose algorithms the provider has. */
    hasHash(algorithm: HashAlgorithm): boolean
    hasAead(algorithm: AeadAlgorithm): boolean
    newHash(algorithm: HashAlgorithm): Hash
    /** Copies `key`, so that the caller may wipe it. */
    newHmac(algorithm: HashAlgorithm, key: Buffer): Hmac
    /** Copies `key`, so that the caller may wipe it. Its length is the algorithm's. */
    newAead(algorithm: AeadAlgorithm, key: Buffer): Aead
    /**
     * Records of DTLS 1.2 (RFC 6347 §4.1, RFC 5246 §6.2.3.3), with a connection id if `id` is not empty (RFC 9146 §4).
     * Takes ownership of `aead` and `iv`.
     * @param iv 4 bytes if the AEAD has an explicit nonce, otherwise 12
     * @param id 0 to 255 bytes
     */
    newProtection(aead: Aead, epoch: number, iv: Buffer, id: Buffer): RecordProtection
    /** @returns `length` unpredictable bytes; throws while the entropy source is not ready */
    random(length: number): Buffer
}

/** For platforms without a faster implementation of DTLS 1.3's records. */
export interface RecordNumberCiphers {
    /**
     * Uses the AEAD's block or stream cipher. Copies `key`, so that the caller may wipe it. Throws RangeError if the
     * platform does not have the cipher.
     */
    newRecordNumberCipher(algorithm: AeadAlgorithm, key: Buffer): RecordNumberCipher
}

/** Exports and imports keys that the script never sees; not every platform has it. */
export interface KeyWrapping {
    /** The key of `aead`, sealed by `wrapper`, a different key. */
    wrapAead(aead: Aead, wrapper: Aead): Buffer
    /** @returns undefined if `wrapped` is not authentic */
    unwrapAead(wrapped: Buffer, wrapper: Aead): Aead | undefined
}

/** Keys of one direction, of which the script sees only the fixed IV. */
export interface WrappedKeys {
    /** the key as returned by `KeyWrapping.wrapAead` */
    wrapped: Buffer
    iv: Buffer
}

/** A protection whose keys can be exported. */
export interface ExportableProtection extends RecordProtection {
    exportKeys(wrapping: KeyWrapping, wrapper: Aead): WrappedKeys
}
