import { readUint } from "../dtls/bytes/integers.js"
import { EXCHANGE_LIFETIME } from "./code-points.js"

/** Ids that may be taken within one EXCHANGE_LIFETIME, count: half of all, so that the times of two halves say when an id was last in use. */
const HALF = 32768

/**
 * The message ids of one endpoint's own messages: none is used again within EXCHANGE_LIFETIME (RFC 7252 §4.4).
 * @devsWhenUsed
 */
export class MessageIds {
    private next: number
    private left = 0
    private halfBegan = -EXCHANGE_LIFETIME

    /** @param random two bytes: the first id is not to be guessed */
    constructor(random: Buffer) {
        this.next = readUint(random, 0, 2)
    }

    /** @param now ms; @returns 0 to 65535, or -1 when as many as may be were taken */
    take(now: number): number {
        if (this.left === 0) {
            if (now - this.halfBegan < EXCHANGE_LIFETIME) return -1
            this.halfBegan = now
            this.left = HALF
        }
        this.left--
        const id = this.next
        this.next = (id + 1) & 0xffff
        return id
    }
}
