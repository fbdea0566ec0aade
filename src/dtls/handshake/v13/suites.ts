import { AES_128_CCM, SHA_256 } from "../../crypto/algorithms.js"
import { type CipherSuite } from "../cipher-suite.js"

/** RFC 8446 appendix B.4, RFC 6655. */
export function TLS_AES_128_CCM_SHA256(): CipherSuite {
    return { id: 0x1304, name: "TLS_AES_128_CCM_SHA256", keyExchange: undefined, hash: SHA_256(), aead: AES_128_CCM() }
}
