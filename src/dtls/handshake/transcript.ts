import { type CryptoProvider, type Hash } from "../crypto/provider.js"
import { type CipherSuite } from "../crypto/suites.js"

/**
 * The running hash over all handshake messages, HelloVerifyRequest and the hello before it left out (RFC 6347 §4.2.6).
 * @devsWhenUsed
 */
export class Transcript {
    private hash: Hash | undefined
    /** messages from before the suite, and with it the hash, is known */
    private waiting: Buffer[] = []

    constructor(private crypto: CryptoProvider) {}

    add(message: Buffer): void {
        if (this.hash === undefined) this.waiting.push(message)
        else this.hash.update(message)
    }

    /** A cookie came: the hello so far does not count. */
    restart(): void {
        this.waiting = []
    }

    choose(suite: CipherSuite): void {
        this.closeHash()
        const hash = this.crypto.newHash(suite.hash)
        for (const message of this.waiting) hash.update(message)
        this.waiting = []
        this.hash = hash
    }

    /** Hash of everything so far. */
    digest(): Buffer {
        return (this.hash as Hash).digestSoFar()
    }

    clear(): void {
        this.waiting = []
        this.closeHash()
    }

    private closeHash(): void {
        if (this.hash !== undefined) this.hash.close()
        this.hash = undefined
    }
}
