import { blit, join, wipe } from "../bytes/bytes.js"
import { type CryptoProvider, type HashAlgorithm } from "./provider.js"

/**
 * The TLS 1.2 PRF (RFC 5246 §5): P_hash(secret, label + seed), `length` bytes.
 * @param label ASCII
 */
export function prf(
    crypto: CryptoProvider,
    hash: HashAlgorithm,
    secret: Buffer,
    label: string,
    seed: Buffer,
    length: number,
): Buffer {
    const hmac = crypto.newHmac(hash, secret)
    const labelled = join([Buffer.from(label), seed])
    const output = Buffer.alloc(length)
    let a = hmac.sign(labelled)
    let at = 0
    while (at < length) {
        const block = hmac.sign(join([a, labelled]))
        const take = Math.min(block.length, length - at)
        blit(output, at, block, 0, take)
        wipe(block)
        at += take
        if (at < length) a = hmac.sign(a)
    }
    wipe(a)
    hmac.close()
    return output
}
