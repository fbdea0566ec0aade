import {
    type AeadParameters,
    AES_128_CCM,
    AES_128_CCM_8,
    AES_128_GCM,
    AES_256_GCM,
    CHACHA20_POLY1305,
    SHA_256,
    SHA_384,
} from "../../crypto/algorithms.js"
import { type CipherSuite } from "../cipher-suite.js"

function suite(id: number, name: string, aead: AeadParameters): CipherSuite {
    return { id, name, keyExchange: undefined, hash: SHA_256(), aead }
}

/** RFC 8446 appendix B.4. */
export function TLS_AES_128_GCM_SHA256(): CipherSuite {
    return suite(0x1301, "TLS_AES_128_GCM_SHA256", AES_128_GCM())
}
/** RFC 8446 appendix B.4. */
export function TLS_AES_256_GCM_SHA384(): CipherSuite {
    const made = suite(0x1302, "TLS_AES_256_GCM_SHA384", AES_256_GCM())
    made.hash = SHA_384()
    return made
}
/** RFC 8446 appendix B.4. */
export function TLS_CHACHA20_POLY1305_SHA256(): CipherSuite {
    return suite(0x1303, "TLS_CHACHA20_POLY1305_SHA256", CHACHA20_POLY1305())
}
/** RFC 8446 appendix B.4, RFC 6655. */
export function TLS_AES_128_CCM_SHA256(): CipherSuite {
    return suite(0x1304, "TLS_AES_128_CCM_SHA256", AES_128_CCM())
}
/**
 * RFC 8446 appendix B.4, RFC 6655. Only for programs that name it: its 8-byte tag saves 8 bytes per record, and needs a
 * limit on failed records as a safeguard (RFC 9147 §4.5.3; `Limits.ccm8Failures`).
 */
export function TLS_AES_128_CCM_8_SHA256(): CipherSuite {
    return suite(0x1305, "TLS_AES_128_CCM_8_SHA256", AES_128_CCM_8())
}

/** The suites of DTLS 1.3 that are offered by default, in the order a gateway prefers them. */
export function allSuitesV13(): CipherSuite[] {
    return [
        TLS_AES_128_GCM_SHA256(),
        TLS_AES_256_GCM_SHA384(),
        TLS_CHACHA20_POLY1305_SHA256(),
        TLS_AES_128_CCM_SHA256(),
    ]
}
