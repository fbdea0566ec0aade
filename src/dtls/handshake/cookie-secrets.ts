import { wipe } from "../bytes/bytes.js"
import { HashAlgorithm } from "../crypto/algorithms.js"
import { type CryptoProvider, type Hmac } from "../crypto/provider.js"

/** How long a secret makes cookies, ms. It verifies them for the same time again. */
export const COOKIE_SECRET_LIFETIME = 300000

/**
 * The keys of a server's cookies; each makes cookies for a while and then only verifies them.
 * @devsWhenUsed
 */
export class CookieSecrets {
    current: Hmac
    previous: Hmac
    private rotateAt: number

    constructor(
        private crypto: CryptoProvider,
        now: number,
    ) {
        this.current = this.draw()
        this.previous = this.draw()
        this.rotateAt = now + COOKIE_SECRET_LIFETIME
    }

    private draw(): Hmac {
        const secret = this.crypto.random(32)
        const hmac = this.crypto.newHmac(HashAlgorithm.sha256, secret)
        wipe(secret)
        return hmac
    }

    /** Retires expired secrets. */
    rotate(now: number): void {
        if (now < this.rotateAt) return
        if (now >= this.rotateAt + COOKIE_SECRET_LIFETIME) this.advance()
        this.advance()
        this.rotateAt = now + COOKIE_SECRET_LIFETIME
    }

    private advance(): void {
        // The new secret comes first: if random() throws, the old secrets stay in use.
        const next = this.draw()
        this.previous.close()
        this.previous = this.current
        this.current = next
    }

    /** Erases the secrets. */
    close(): void {
        this.current.close()
        this.previous.close()
    }
}
