/*
 * One row for each AEAD and hash, with everything in which they differ. Rows are functions, so that a program contains
 * only those that its cipher suites name; `aeads` and `hashes` return whole tables, for platforms and tools.
 */

import { AeadAlgorithm, HashAlgorithm } from "./algorithm-numbers.js"

export { AeadAlgorithm, HashAlgorithm }

/** An AEAD with a nonce of 12 bytes. Lengths are in bytes. */
export interface AeadParameters {
    algorithm: AeadAlgorithm
    /** name in OpenSSL and node:crypto */
    opensslName: string
    keyLength: number
    tagLength: number
    /** DTLS 1.2: bytes of the nonce that come from the key block: 4 (RFC 5288 §3, RFC 6655 §3) or 12 (RFC 7905 §2) */
    fixedIvLength: number
    /** DTLS 1.2: bytes of the nonce that each record carries: 8, or 0 */
    explicitNonceLength: number
    /** records that may be sealed under one key (RFC 9147 §4.5.3) */
    confidentialityLimit: number
}

/** The parameters of a hash algorithm. */
export interface HashParameters {
    algorithm: HashAlgorithm
    /** name in OpenSSL and node:crypto */
    opensslName: string
    /** length of a digest, bytes */
    length: number
}

/** Tag length of the AEAD with this number, bytes. Unlike looking at its row, this makes no row. */
export function tagLength(algorithm: AeadAlgorithm): number {
    return algorithm === AeadAlgorithm.aes128Ccm8 || algorithm === AeadAlgorithm.aes256Ccm8 ? 8 : 16
}

function ccm(algorithm: AeadAlgorithm, opensslName: string, keyLength: number): AeadParameters {
    return {
        algorithm,
        opensslName,
        keyLength,
        tagLength: tagLength(algorithm),
        fixedIvLength: 4,
        explicitNonceLength: 8,
        confidentialityLimit: 8388608,
    }
}

/** RFC 6655 §3; its tag has only 8 bytes, so forgeries are counted against a limit. */
export function AES_128_CCM_8(): AeadParameters {
    return ccm(AeadAlgorithm.aes128Ccm8, "aes-128-ccm", 16)
}
/** RFC 6655 §3; its tag has only 8 bytes. */
export function AES_256_CCM_8(): AeadParameters {
    return ccm(AeadAlgorithm.aes256Ccm8, "aes-256-ccm", 32)
}
/** RFC 6655 §3. */
export function AES_128_CCM(): AeadParameters {
    return ccm(AeadAlgorithm.aes128Ccm, "aes-128-ccm", 16)
}
/** RFC 6655 §3. */
export function AES_256_CCM(): AeadParameters {
    return ccm(AeadAlgorithm.aes256Ccm, "aes-256-ccm", 32)
}
function gcm(algorithm: AeadAlgorithm, opensslName: string, keyLength: number): AeadParameters {
    const row = ccm(algorithm, opensslName, keyLength)
    // 2^24.5
    row.confidentialityLimit = 23726566
    return row
}

/** RFC 5288 §3. */
export function AES_128_GCM(): AeadParameters {
    return gcm(AeadAlgorithm.aes128Gcm, "aes-128-gcm", 16)
}
/** RFC 5288 §3. */
export function AES_256_GCM(): AeadParameters {
    return gcm(AeadAlgorithm.aes256Gcm, "aes-256-gcm", 32)
}
/** RFC 7905 §2. */
export function CHACHA20_POLY1305(): AeadParameters {
    const chacha = ccm(AeadAlgorithm.chacha20Poly1305, "chacha20-poly1305", 32)
    chacha.fixedIvLength = 12
    chacha.explicitNonceLength = 0
    // The AEAD has no limit, only the sequence numbers end; a few are left for the alert that reports it.
    chacha.confidentialityLimit = 0xfffffffffff0
    return chacha
}

/** The hash of most suites. */
export function SHA_256(): HashParameters {
    return { algorithm: HashAlgorithm.sha256, opensslName: "sha256", length: 32 }
}

/** The hash of suites with AES_256_GCM. */
export function SHA_384(): HashParameters {
    return { algorithm: HashAlgorithm.sha384, opensslName: "sha384", length: 48 }
}

/** Every AEAD; `algorithm` - 1 is its index. */
export function aeads(): AeadParameters[] {
    const ccms = [AES_128_CCM_8(), AES_256_CCM_8(), AES_128_CCM(), AES_256_CCM()]
    return [...ccms, AES_128_GCM(), CHACHA20_POLY1305(), AES_256_GCM()]
}

/** Throws RangeError if no AEAD has this number. */
export function aeadParameters(algorithm: AeadAlgorithm): AeadParameters {
    const row = aeads().find((candidate) => candidate.algorithm === algorithm)
    if (row === undefined) throw new RangeError("algorithm: an AEAD")
    return row
}

/** Throws RangeError if no hash has this number. */
export function hashParameters(algorithm: HashAlgorithm): HashParameters {
    const row = [SHA_256(), SHA_384()].find((candidate) => candidate.algorithm === algorithm)
    if (row === undefined) throw new RangeError("algorithm: a hash")
    return row
}
