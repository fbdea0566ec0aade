import { blit, concat, wipe } from "../../bytes/bytes.js"
import { type Hmac } from "../provider.js"

/**
 * The TLS 1.2 PRF (RFC 5246 §5): P_hash(secret, label + seed), `length` bytes.
 * @param secret keyed with it
 * @param label ASCII
 */
export function prf(secret: Hmac, label: string, seed: Buffer, length: number): Buffer {
    return secret.expand(concat(Buffer.from(label), seed), length)
}

/** P_hash (RFC 5246 §5) by way of `sign`, for platforms without a faster implementation. */
export function expandBySigning(hmac: Hmac, seed: Buffer, length: number): Buffer {
    const output = Buffer.alloc(length)
    let a = hmac.sign(seed)
    let at = 0
    while (at < length) {
        const block = hmac.sign(concat(a, seed))
        const take = Math.min(block.length, length - at)
        blit(output, at, block, 0, take)
        wipe(block)
        at += take
        if (at < length) a = hmac.sign(a)
    }
    wipe(a)
    return output
}
