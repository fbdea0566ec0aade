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

/*
 * Suites with certificates or raw public keys. All of a program's suites of one kind share one
 * EcdheCertificateKeyExchange.
 */

/** RFC 7251 §2; the suite that RFC 7925 §4.4 makes mandatory for constrained devices. */
export function TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8(exchange: KeyExchange): CipherSuite {
    return ecdheSuite(0xc0ae, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", exchange, AES_128_CCM_8())
}
/** RFC 7251 §2. */
export function TLS_ECDHE_ECDSA_WITH_AES_128_CCM(exchange: KeyExchange): CipherSuite {
    return ecdheSuite(0xc0ac, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", exchange, AES_128_CCM())
}
/** RFC 5289 §3.2. */
export function TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256(exchange: KeyExchange): CipherSuite {
    return ecdheSuite(0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", exchange, AES_128_GCM())
}
/** RFC 5289 §3.2. */
export function TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384(exchange: KeyExchange): CipherSuite {
    return ecdheSuite(0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", exchange, AES_256_GCM(), SHA_384())
}
/** RFC 7905 §2. */
export function TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256(exchange: KeyExchange): CipherSuite {
    return ecdheSuite(0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", exchange, CHACHA20_POLY1305())
}

/** RFC 5289 §3.2. */
export function TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256(exchange: KeyExchange): CipherSuite {
    return ecdheSuite(0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", exchange, AES_128_GCM())
}
/** RFC 5289 §3.2. */
export function TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384(exchange: KeyExchange): CipherSuite {
    return ecdheSuite(0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", exchange, AES_256_GCM(), SHA_384())
}
/** RFC 7905 §2. */
export function TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256(exchange: KeyExchange): CipherSuite {
    return ecdheSuite(0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", exchange, CHACHA20_POLY1305())
}
