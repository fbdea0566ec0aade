/* Numbers of hashes and AEADs, which engine and natives share. Written by `npm run abi` from firmware/abi/abi.json. */

/** TLS HashAlgorithm registry (RFC 5246 §7.4.1.4.1). */
export enum HashAlgorithm {
    sha256 = 4,
    sha384 = 5,
}

/** The AEADs that suites name. `Ccm8` has an 8-byte tag (RFC 6655 §4), all others 16 bytes; nonces are 12 bytes. */
export enum AeadAlgorithm {
    aes128Ccm8 = 1,
    aes256Ccm8 = 2,
    aes128Ccm = 3,
    aes256Ccm = 4,
    aes128Gcm = 5,
    chacha20Poly1305 = 6,
    aes256Gcm = 7,
}
