import { type CryptoProvider, type Hash } from "../crypto/provider.js"
import { type HashParameters } from "../crypto/algorithms.js"
import { concat, copyOf, join } from "../bytes/bytes.js"
import { HANDSHAKE_HEADER_LENGTH } from "../wire/handshake-header.js"

/**
 * The running hash of all handshake messages, without HelloVerifyRequest and the hello before it (RFC 6347 §4.2.6).
 * @devsWhenUsed
 */
export class Transcript {
    private hash: Hash | undefined = undefined
    /** the last digest; undefined: there was none, or messages have come since */
    private last: Buffer | undefined = undefined
    /** messages from before the suite, and so the hash, is known */
    private waiting: Buffer[] = []
    /** all messages, for a signature over them (RFC 5246 §7.4.8); undefined: they are only hashed */
    private kept: Buffer[] | undefined = undefined

    /** @param headerLength how many bytes of each message's header are hashed */
    constructor(
        private crypto: CryptoProvider,
        private headerLength: number,
    ) {}

    add(message: Buffer): void {
        const hashed = this.headerLength < HANDSHAKE_HEADER_LENGTH ? shortened(message, this.headerLength) : message
        if (this.hash === undefined) this.waiting.push(hashed)
        else {
            this.hash.update(hashed)
            this.last = undefined
            if (this.kept !== undefined) this.kept.push(hashed)
        }
    }

    /** From `choose` until this call all messages are kept. */
    forgetMessages(): void {
        this.kept = undefined
    }

    /** All messages so far, concatenated. */
    messages(): Buffer {
        return join(this.kept as Buffer[])
    }

    /** The server sent a cookie: the hello so far does not count. */
    restart(): void {
        this.waiting = []
    }

    /**
     * Hashes the messages so far; the next call must be `add`, not `digest`.
     * @param keep whether messages may be signed later
     */
    choose(hashing: HashParameters, keep: boolean): void {
        this.closeHash()
        const hash = this.crypto.newHash(hashing.algorithm)
        for (const message of this.waiting) hash.update(message)
        if (keep) this.kept = this.waiting
        this.waiting = []
        this.hash = hash
    }

    /** Hash of everything so far, which callers must not change: the master secret and a Finished may need the same one. */
    digest(): Buffer {
        if (this.last === undefined) this.last = (this.hash as Hash).digestSoFar()
        return this.last
    }

    clear(): void {
        this.waiting = []
        this.kept = undefined
        this.closeHash()
    }

    private closeHash(): void {
        if (this.hash !== undefined) this.hash.close()
        this.hash = undefined
    }
}

/** A message with the first `headerLength` bytes of its header. */
export function shortened(message: Buffer, headerLength: number): Buffer {
    const body = copyOf(message, HANDSHAKE_HEADER_LENGTH, message.length)
    return concat(copyOf(message, 0, headerLength), body)
}
