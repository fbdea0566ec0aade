import { join } from "../../bytes/bytes.js"

/** rsa_pkcs1_* schemes are only for signatures in certificates (RFC 8446 §4.2.3). */
export function isHandshakeScheme(scheme: number): boolean {
    // The low byte is the SignatureAlgorithm of TLS 1.2: 1 is rsa (RFC 5246 §7.4.1.4.1).
    return (scheme & 255) !== 1
}

/** Number of padding bytes before the context string. */
const PADDING_LENGTH = 64
const SPACE = 32

/**
 * The data that a CertificateVerify signs (RFC 8446 §4.4.3).
 * @param ofClient the client signs
 * @param transcriptHash hash through its Certificate
 */
export function signedContent(ofClient: boolean, transcriptHash: Buffer): Buffer {
    const padding = Buffer.alloc(PADDING_LENGTH)
    for (let i = 0; i < PADDING_LENGTH; i++) padding[i] = SPACE
    const context = ofClient ? "TLS 1.3, client CertificateVerify" : "TLS 1.3, server CertificateVerify"
    return join([padding, Buffer.from(context), Buffer.from([0]), transcriptHash])
}
