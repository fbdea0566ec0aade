/*
 * Secrets in memory of their own. `Buffer.from` takes small Buffers from a pool, and each of them exposes the whole
 * pool as its `buffer`: code that gets such a Buffer, in a callback for example, could read a secret there.
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

/** Size of the memory that many secrets share, bytes. */
const SLAB_LENGTH = 4096
let slab = Buffer.alloc(SLAB_LENGTH)
let taken = 0

/**
 * A copy of a secret, kept for an association's lifetime. A Buffer with memory of its own would be several times as
 * large as a key; here many secrets share memory that no other code gets to see.
 */
export class KeptSecret {
    #slab: Buffer
    #from: number
    #to: number

    constructor(secret: Uint8Array) {
        const { length } = secret
        if (taken + length > SLAB_LENGTH) {
            slab = Buffer.alloc(Math.max(SLAB_LENGTH, length))
            taken = 0
        }
        this.#slab = slab
        this.#from = taken
        this.#to = taken + length
        this.#slab.set(secret, taken)
        taken += length
    }

    /** For passing to node:crypto only: it exposes other secrets, too. */
    view(): Buffer {
        return this.#slab.subarray(this.#from, this.#to)
    }

    copyTo(target: Buffer, at: number): void {
        const kept = this.#slab
        const from = this.#from
        const length = this.#to - from
        for (let i = 0; i < length; i++) target[at + i] = kept[from + i]
    }

    erase(): void {
        this.#slab.fill(0, this.#from, this.#to)
    }
}
