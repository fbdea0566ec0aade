/**
 * Seam 2: what the engine asks of a platform's cryptography. All calls here are synchronous and never suspend;
 * slow operations (key agreement, signatures, chains) are questions of the association instead.
 */

import { type AeadAlgorithm, type HashAlgorithm } from "./algorithms.js"

/** An incremental hash. `digest` and `close` end it. */
export interface Hash {
    update(data: Buffer): void
    /** The digest of what came until now; more may follow. */
    digestSoFar(): Buffer
    digest(): Buffer
    /** Gives it up without a digest. */
    close(): void
}

/** A keyed HMAC: the pads are computed once, `sign` may be called any number of times. */
export interface Hmac {
    /** HMAC of the whole of `data`. */
    sign(data: Buffer): Buffer
    /** P_hash(key, seed) of RFC 5246 §5: the first `length` bytes, 0 to 4096. */
    expand(seed: Buffer, length: number): Buffer
    /** Erases the key; the object is of no use afterwards. */
    close(): void
}

/** An AEAD keyed once. `nonce` has 12 bytes. */
export interface Aead {
    /** bytes: 8 or 16 */
    tagLength: number
    /** @returns ciphertext followed by the tag */
    seal(nonce: Buffer, aad: Buffer, plaintext: Buffer): Buffer
    /** @param ciphertext with its tag; @returns the plaintext, or undefined when it is not authentic (also when too short) */
    open(nonce: Buffer, aad: Buffer, ciphertext: Buffer): Buffer | undefined
    /** Erases the key; the object is of no use afterwards. */
    close(): void
}

/** Record number encryption of DTLS 1.3 (RFC 9147 §4.2.3). */
export interface RecordNumberCipher {
    /** @param sample the first 16 bytes of the ciphertext; @returns 2 bytes for the record's number to be xored with */
    mask(sample: Buffer): Buffer
    /** Erases the key; the object is of no use afterwards. */
    close(): void
}

/** Keys of one direction. */
export interface WriteKeys {
    key: Buffer
    /** 4 bytes with an explicit nonce, else 12 */
    iv: Buffer
}

/** A record that may be believed: unprotected in epoch 0, verified afterwards. */
export interface OpenedRecord {
    type: number
    epoch: number
    plaintext: Buffer
    /** of a protected record of DTLS 1.3: the sequence number */
    sequence?: number
}

/**
 * One direction of one epoch: whole records out of messages and back, in the header form of a version. It counts nothing:
 * sequence numbers are its caller's. The nonce is made of epoch and sequence number alone, so no (key, nonce) pair repeats
 * while numbers do not.
 */
export interface RecordProtection {
    /**
     * bytes by which a record of one message is longer than it, header included; where headers vary, at most when it seals
     * and at least when it opens
     */
    overhead: number
    /**
     * One record of `type` for each message, one behind the other.
     * @param sequence number of the first; each further record has the next
     * @param endsDatagram nothing will follow the last one: forms that can do so leave its length out
     */
    seal(type: number, sequence: number, messages: Buffer[], endsDatagram?: boolean): Buffer
    /**
     * The sequence number of the record at `at`, when it is a whole one that these keys may open: known content type, their
     * version and epoch, ending before `end`, no longer than the RFC allows. -1: it is another, or none.
     * @param expected the number that would follow the highest one received: forms that carry a part of it need it
     */
    sequenceOf(datagram: Buffer, at: number, end: number, expected: number): number
    /** Bytes of the record at `at`, of which `sequenceOf` has just given the number. */
    lengthOf(datagram: Buffer, at: number): number
    /** The record of number `sequence` that fills bytes [at, end). null: it is not authentic; undefined: another is there, or it is too short */
    open(datagram: Buffer, at: number, end: number, sequence: number): OpenedRecord | null | undefined
    /** Erases the key; the object is of no use afterwards. */
    close(): void
}

/** The cryptography of a platform. */
export interface CryptoProvider {
    /** Negotiation offers and selects only suites whose algorithms the provider has. */
    hasHash(algorithm: HashAlgorithm): boolean
    hasAead(algorithm: AeadAlgorithm): boolean
    newHash(algorithm: HashAlgorithm): Hash
    /** Copies `key`: the caller may wipe it. */
    newHmac(algorithm: HashAlgorithm, key: Buffer): Hmac
    /** Copies `key`: the caller may wipe it. Its length is the algorithm's. */
    newAead(algorithm: AeadAlgorithm, key: Buffer): Aead
    /**
     * Records of DTLS 1.2 (RFC 6347 §4.1, RFC 5246 §6.2.3.3), with a connection id where it has bytes (RFC 9146 §4). Takes
     * `aead` and `iv` over.
     * @param iv 4 bytes with an explicit nonce, else 12
     * @param id 0 to 255 bytes
     */
    newProtection(aead: Aead, epoch: number, iv: Buffer, id: Buffer): RecordProtection
    /** @returns `length` unpredictable bytes; throws while the source is not good yet */
    random(length: number): Buffer
}

/** For platforms that have nothing faster for records of DTLS 1.3. */
export interface RecordNumberCiphers {
    /**
     * By the block or stream cipher of the AEAD. Copies `key`: the caller may wipe it. Throws RangeError where the
     * platform has no such cipher.
     */
    newRecordNumberCipher(algorithm: AeadAlgorithm, key: Buffer): RecordNumberCipher
}

/** Keys on their way from one place to another, never seen by the script; not every platform has it. */
export interface KeyWrapping {
    /** The key of `aead`, sealed by `wrapper`, which is another one. */
    wrapAead(aead: Aead, wrapper: Aead): Buffer
    /** @returns undefined when `wrapped` is not authentic */
    unwrapAead(wrapped: Buffer, wrapper: Aead): Aead | undefined
}

/** Keys of one direction, of which the script sees the fixed IV alone. */
export interface WrappedKeys {
    /** the key as `KeyWrapping.wrapAead` gives it */
    wrapped: Buffer
    iv: Buffer
}

/** A protection whose keys can go elsewhere. */
export interface ExportableProtection extends RecordProtection {
    exportKeys(wrapping: KeyWrapping, wrapper: Aead): WrappedKeys
}
