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

/** Bytes of one piece of memory that many secrets share. */
const SLAB_LENGTH = 4096
let slab = Buffer.alloc(SLAB_LENGTH)
let taken = 0

/**
 * A copy of a secret that stays as long as an association. A Buffer of its own, with the memory behind it, is several times as
 * large as a key; here many secrets share memory which nobody else gets to see.
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

    /** For a call of node:crypto, which is not to be handed on: it shows other secrets, too. */
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
