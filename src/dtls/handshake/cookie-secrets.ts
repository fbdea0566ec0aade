import { wipe } from "../bytes/bytes.js"
import { HashAlgorithm } from "../crypto/algorithms.js"
import { type CryptoProvider, type Hmac } from "../crypto/provider.js"

/** How long a secret makes cookies, ms. It verifies them as long again. */
export const COOKIE_SECRET_LIFETIME = 300000

/**
 * The keys of a server's cookies, each of which makes cookies for a while and then only verifies them.
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

    /** Retires secrets whose time is over. */
    rotate(now: number): void {
        if (now < this.rotateAt) return
        if (now >= this.rotateAt + COOKIE_SECRET_LIFETIME) this.advance()
        this.advance()
        this.rotateAt = now + COOKIE_SECRET_LIFETIME
    }

    private advance(): void {
        // Drawn first: where that fails, the old secrets stay in use.
        const next = this.draw()
        this.previous.close()
        this.previous = this.current
        this.current = next
    }

    /** Erases them. */
    close(): void {
        this.current.close()
        this.previous.close()
    }
}
