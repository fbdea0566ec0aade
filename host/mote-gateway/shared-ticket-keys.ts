import { randomBytes } from "node:crypto"
import { type Wrapper } from "./associations.js"
import { type RedisStore } from "./redis-store.js"

/** Bytes before a sealed key. */
const NONCE = 12

/** Keys of tickets that several gateways have in Redis, sealed. */
export class SharedTicketKeys {
    constructor(
        private store: RedisStore,
        private wrapper: Wrapper,
    ) {}

    /**
     * Newest first: that of this period, which seals, the next one's, which may be in use where the clock is ahead, and that of
     * the period before. Redis forgets a key when the last ticket of it is too old.
     * @param period ms. Throws Error when what Redis has was sealed by another key.
     */
    async now(period: number): Promise<Buffer[]> {
        const now = Math.floor(Date.now() / period)
        const keys = [await this.keyOf(now, period, true), await this.keyOf(now + 1, period, true)]
        const before = await this.keyOf(now - 1, period, false)
        return [...keys, before].filter((key) => key !== undefined)
    }

    private async keyOf(number: number, period: number, isMade: boolean): Promise<Buffer | undefined> {
        const name = `tickets:${period}:${number}`
        const ttl = (number + 2) * period - Date.now()
        const sealed = await this.store.common(name, ttl, isMade ? () => this.newKey(name) : undefined)
        if (sealed === undefined) return undefined
        const key = this.wrapper.open(sealed.subarray(0, NONCE), Buffer.from(name), sealed.subarray(NONCE))
        if (key === undefined) throw new Error("another keyFile than this gateway's has sealed them")
        return key
    }

    private newKey(name: string): Buffer {
        const nonce = randomBytes(NONCE)
        return Buffer.concat([nonce, this.wrapper.seal(nonce, Buffer.from(name), randomBytes(32))])
    }
}
