import {
    AES_128_CCM,
    AES_128_CCM_8,
    AES_128_GCM,
    AES_256_GCM,
    CHACHA20_POLY1305,
    SHA_384,
} from "../crypto/algorithms.js"
import { type CipherSuite } from "../handshake/cipher-suite.js"
import { type KeyExchange } from "../handshake/key-exchange.js"
import { ecdheSuite } from "./ecdhe.js"

/* All of a program's suites share one EcdhePskKeyExchange. */

/** RFC 8442 §2. */
export function TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256(exchange: KeyExchange): CipherSuite {
    return ecdheSuite(0xd003, "TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256", exchange, AES_128_CCM_8())
}
/** RFC 8442 §2. */
export function TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256(exchange: KeyExchange): CipherSuite {
    return ecdheSuite(0xd005, "TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256", exchange, AES_128_CCM())
}
/** RFC 8442 §2. */
export function TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256(exchange: KeyExchange): CipherSuite {
    return ecdheSuite(0xd001, "TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256", exchange, AES_128_GCM())
}
/** RFC 8442 §2. */
export function TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384(exchange: KeyExchange): CipherSuite {
    return ecdheSuite(0xd002, "TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384", exchange, AES_256_GCM(), SHA_384())
}
/** RFC 7905 §2. */
export function TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256(exchange: KeyExchange): CipherSuite {
    return ecdheSuite(0xccac, "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256", exchange, CHACHA20_POLY1305())
}
