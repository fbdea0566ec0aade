import { AeadAlgorithm, HashAlgorithm } from "./provider.js"

/** How the premaster secret comes about. Certificates bring `ecdheEcdsa`; the step tables ask for it by this value. */
export enum KeyExchange {
    psk = 1,
}

/** A cipher suite: everything that differs from one suite to the next, as plain numbers. */
export interface CipherSuite {
    /** IANA code point */
    id: number
    /** IANA name */
    name: string
    keyExchange: KeyExchange
    hash: HashAlgorithm
    aead: AeadAlgorithm
    /** bytes */
    keyLength: number
    /** client_write_IV, bytes: 4 with an explicit nonce, else 12 */
    fixedIvLength: number
    /** bytes of explicit nonce in each record: 8 (RFC 5288 §3, RFC 6655 §3), or 0 (RFC 7905 §2) */
    explicitNonceLength: number
    tagLength: number
}

function suite(id: number, name: string, aead: AeadAlgorithm, keyLength: number, tagLength: number): CipherSuite {
    return {
        id,
        name,
        keyExchange: KeyExchange.psk,
        hash: HashAlgorithm.sha256,
        aead,
        keyLength,
        fixedIvLength: 4,
        explicitNonceLength: 8,
        tagLength,
    }
}

/** RFC 6655 §4; the suite that RFC 7925 §4.2 makes mandatory for constrained devices. */
export function TLS_PSK_WITH_AES_128_CCM_8(): CipherSuite {
    return suite(0xc0a8, "TLS_PSK_WITH_AES_128_CCM_8", AeadAlgorithm.aes128Ccm8, 16, 8)
}
/** RFC 6655 §4. */
export function TLS_PSK_WITH_AES_256_CCM_8(): CipherSuite {
    return suite(0xc0a9, "TLS_PSK_WITH_AES_256_CCM_8", AeadAlgorithm.aes256Ccm8, 32, 8)
}
/** RFC 6655 §4. */
export function TLS_PSK_WITH_AES_128_CCM(): CipherSuite {
    return suite(0xc0a4, "TLS_PSK_WITH_AES_128_CCM", AeadAlgorithm.aes128Ccm, 16, 16)
}
/** RFC 6655 §4. */
export function TLS_PSK_WITH_AES_256_CCM(): CipherSuite {
    return suite(0xc0a5, "TLS_PSK_WITH_AES_256_CCM", AeadAlgorithm.aes256Ccm, 32, 16)
}
/** RFC 5487 §2. */
export function TLS_PSK_WITH_AES_128_GCM_SHA256(): CipherSuite {
    return suite(0x00a8, "TLS_PSK_WITH_AES_128_GCM_SHA256", AeadAlgorithm.aes128Gcm, 16, 16)
}
/** RFC 7905 §2. */
export function TLS_PSK_WITH_CHACHA20_POLY1305_SHA256(): CipherSuite {
    const chacha = suite(0xccab, "TLS_PSK_WITH_CHACHA20_POLY1305_SHA256", AeadAlgorithm.chacha20Poly1305, 32, 16)
    chacha.fixedIvLength = 12
    chacha.explicitNonceLength = 0
    return chacha
}

/** Every suite of this stack, in the order a gateway prefers them. */
export function allSuites(): CipherSuite[] {
    return [
        TLS_PSK_WITH_AES_128_GCM_SHA256(),
        TLS_PSK_WITH_CHACHA20_POLY1305_SHA256(),
        TLS_PSK_WITH_AES_128_CCM(),
        TLS_PSK_WITH_AES_256_CCM(),
        TLS_PSK_WITH_AES_128_CCM_8(),
        TLS_PSK_WITH_AES_256_CCM_8(),
    ]
}

/** Bytes that a record grows by when this suite protects it. */
export function recordOverhead(cipher: CipherSuite): number {
    return cipher.explicitNonceLength + cipher.tagLength
}

/** Whether the tag has 8 bytes, so that forgeries must be counted against a limit. */
export function hasShortTag(cipher: CipherSuite): boolean {
    return cipher.tagLength === 8
}

/**
 * Records that may be sealed under one key (RFC 9147 §4.5.3): 2^24.5 for GCM, 2^23 for CCM; for ChaCha20 only
 * the sequence numbers end, and a few are left for the alert that says so.
 */
export function confidentialityLimit(cipher: CipherSuite): number {
    if (cipher.aead === AeadAlgorithm.aes128Gcm) return 23726566
    if (cipher.aead === AeadAlgorithm.chacha20Poly1305) return 0xfffffffffff0
    return 8388608
}
