/*
 * Secrets in memory of their own. `Buffer.from` takes small Buffers out of a pool, and each Buffer of the pool shows the
 * whole of it as its `buffer`: whoever gets one, in a callback for example, could read a secret there.
 */

/** A copy of `secret`, outside the pool. */
export function secretCopy(secret: Uint8Array): Buffer {
    const copy = Buffer.alloc(secret.length)
    copy.set(secret)
    return copy
}

/** The bytes of hexadecimal digits, which the caller has checked, outside the pool. */
export function secretFromHex(digits: string): Buffer {
    const bytes = Buffer.alloc(digits.length / 2)
    bytes.write(digits, "hex")
    return bytes
}
