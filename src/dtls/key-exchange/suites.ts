import {
    type AeadParameters,
    AES_128_CCM,
    AES_128_CCM_8,
    AES_128_GCM,
    AES_256_CCM,
    AES_256_CCM_8,
    AES_256_GCM,
    CHACHA20_POLY1305,
    SHA_256,
    SHA_384,
} from "../crypto/algorithms.js"
import { type CipherSuite } from "../handshake/cipher-suite.js"
import { PskKeyExchange } from "./psk.js"

function pskSuite(id: number, name: string, aead: AeadParameters): CipherSuite {
    return { id, name, keyExchange: new PskKeyExchange(), hash: SHA_256(), aead }
}

/** RFC 6655 §4; the suite that RFC 7925 §4.2 makes mandatory for constrained devices. */
export function TLS_PSK_WITH_AES_128_CCM_8(): CipherSuite {
    return pskSuite(0xc0a8, "TLS_PSK_WITH_AES_128_CCM_8", AES_128_CCM_8())
}
/** RFC 6655 §4. */
export function TLS_PSK_WITH_AES_256_CCM_8(): CipherSuite {
    return pskSuite(0xc0a9, "TLS_PSK_WITH_AES_256_CCM_8", AES_256_CCM_8())
}
/** RFC 6655 §4. */
export function TLS_PSK_WITH_AES_128_CCM(): CipherSuite {
    return pskSuite(0xc0a4, "TLS_PSK_WITH_AES_128_CCM", AES_128_CCM())
}
/** RFC 6655 §4. */
export function TLS_PSK_WITH_AES_256_CCM(): CipherSuite {
    return pskSuite(0xc0a5, "TLS_PSK_WITH_AES_256_CCM", AES_256_CCM())
}
/** RFC 5487 §2. */
export function TLS_PSK_WITH_AES_128_GCM_SHA256(): CipherSuite {
    return pskSuite(0x00a8, "TLS_PSK_WITH_AES_128_GCM_SHA256", AES_128_GCM())
}
/** RFC 5487 §2. */
export function TLS_PSK_WITH_AES_256_GCM_SHA384(): CipherSuite {
    const suite = pskSuite(0x00a9, "TLS_PSK_WITH_AES_256_GCM_SHA384", AES_256_GCM())
    suite.hash = SHA_384()
    return suite
}
/** RFC 7905 §2. */
export function TLS_PSK_WITH_CHACHA20_POLY1305_SHA256(): CipherSuite {
    return pskSuite(0xccab, "TLS_PSK_WITH_CHACHA20_POLY1305_SHA256", CHACHA20_POLY1305())
}

/** Every suite of DTLS 1.2 with plain pre-shared keys, in the order a gateway prefers them. */
export function allSuites(): CipherSuite[] {
    return [
        TLS_PSK_WITH_AES_128_GCM_SHA256(),
        TLS_PSK_WITH_AES_256_GCM_SHA384(),
        TLS_PSK_WITH_CHACHA20_POLY1305_SHA256(),
        TLS_PSK_WITH_AES_128_CCM(),
        TLS_PSK_WITH_AES_256_CCM(),
        TLS_PSK_WITH_AES_128_CCM_8(),
        TLS_PSK_WITH_AES_256_CCM_8(),
    ]
}
