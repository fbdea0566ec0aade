import { createHmac } from "node:crypto"
import { type CryptoProvider } from "../../src/dtls/crypto/provider.js"
import { CookieExchange } from "../../src/dtls/endpoint/cookie-exchange.js"
import { type NewHelloExchange } from "../../src/dtls/endpoint/hello-exchange.js"
import { COOKIE_SECRET_LIFETIME } from "../../src/dtls/handshake/cookie-secrets.js"

/** Cookies that every gateway with this secret takes, as far as their clocks agree. @param secret 32 random bytes */
export function sharedCookies(secret: Buffer): NewHelloExchange {
    return (settings, counters, now) => {
        const crypto = drawing(settings.crypto, secret)
        // Secrets change at the same moments everywhere.
        const begun = now - (Date.now() % COOKIE_SECRET_LIFETIME)
        return new CookieExchange({ ...settings, crypto }, counters, begun)
    }
}

/** Draws secrets that follow from `secret` and the time. */
function drawing(crypto: CryptoProvider, secret: Buffer): CryptoProvider {
    return Object.assign(Object.create(crypto) as CryptoProvider, {
        random: (length: number): Buffer => {
            const period = Math.floor(Date.now() / COOKIE_SECRET_LIFETIME)
            return createHmac("sha256", secret).update(`cookies ${period}`).digest().subarray(0, length)
        },
    })
}
