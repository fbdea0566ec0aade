import { createHmac } from "node:crypto"
import { type CryptoProvider } from "../../src/dtls/crypto/provider.js"
import { newExchangeV12 } from "../../src/dtls/endpoint/cookie-exchange.js"
import { type NewHelloExchange } from "../../src/dtls/endpoint/hello-exchange.js"
import { newExchangeV12V13, newExchangeV13 } from "../../src/dtls/endpoint/v13/hello-exchange.js"
import { COOKIE_SECRET_LIFETIME } from "../../src/dtls/handshake/cookie-secrets.js"
import { type Versions } from "../../src/platform/node/connect/versions.js"

/** Cookies that every gateway with this secret accepts, as far as their clocks agree. @param secret 32 random bytes */
export function sharedCookies(secret: Buffer, { oldest, newest }: Versions): NewHelloExchange {
    const drawn = (older: NewHelloExchange): NewHelloExchange => drawnFrom(secret, "cookies", older)
    if (newest === "1.2") return drawn(newExchangeV12())
    return drawnFrom(secret, "cookies of DTLS 1.3", oldest === "1.3" ? newExchangeV13() : newExchangeV12V13(drawn))
}

function drawnFrom(secret: Buffer, label: string, inner: NewHelloExchange): NewHelloExchange {
    return (settings, counters, now) => {
        const crypto = drawing(settings.crypto, secret, label)
        // Secrets rotate at the same moments on all gateways.
        const begun = now - (Date.now() % COOKIE_SECRET_LIFETIME)
        return inner({ ...settings, crypto }, counters, begun)
    }
}

/** Derives the cookie secrets from `secret` and the time; an exchange draws no other random values. */
function drawing(crypto: CryptoProvider, secret: Buffer, label: string): CryptoProvider {
    return Object.assign(Object.create(crypto) as CryptoProvider, {
        random: (length: number): Buffer => {
            const period = Math.floor(Date.now() / COOKIE_SECRET_LIFETIME)
            return createHmac("sha256", secret).update(`${label} ${period}`).digest().subarray(0, length)
        },
    })
}
