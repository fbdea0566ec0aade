import { createHmac, type Hash as NativeHash, hash as digestOf } from "node:crypto"
import { expandBySigning } from "../../dtls/crypto/v12/prf.js"
import { type Hash, type Hmac } from "../../dtls/crypto/provider.js"
import { type HashAlgorithm, hashParameters } from "../../dtls/crypto/algorithms.js"
import { KeptSecret } from "./secret.js"

export class NodeHash implements Hash {
    constructor(private hash: NativeHash) {}

    update(data: Buffer): void {
        this.hash.update(data)
    }

    digestSoFar(): Buffer {
        return this.hash.copy().digest()
    }

    digest(): Buffer {
        return this.hash.digest()
    }

    close(): void {
        // node:crypto frees it with the object.
    }
}

interface Kind {
    name: string
    /** of a digest and of the hash's block, bytes */
    length: number
    block: number
    /** what the outer hash takes: its padded key and the inner digest */
    outer: Buffer
}

/** Bytes that are hashed behind a padded key. */
const MOST_SIGNED = 1024

/** A padded key and what is hashed behind it, for the inner and for the outer hash: nothing of it outlives a call. */
const inner = Buffer.alloc(128 + MOST_SIGNED)
const outer = Buffer.alloc(128 + 64)

/** A key for HMAC (RFC 2104), made of two hashes in one call each: node:crypto's own makes an object, which takes longer than they do. */
export class NodeHmac implements Hmac {
    #key: KeptSecret

    constructor(
        private kind: Kind,
        key: Buffer,
    ) {
        // A longer key is the hash of it.
        this.#key = new KeptSecret(key.length > kind.block ? digestOf(kind.name, key, "buffer") : key)
    }

    sign(data: Buffer): Buffer {
        const { name, block } = this.kind
        if (data.length > MOST_SIGNED) return createHmac(name, this.#key.view()).update(data).digest()
        this.padKey()
        inner.set(data, block)
        const signature = this.signed(data.length)
        wipePads(block + data.length)
        return signature
    }

    expand(seed: Buffer, length: number): Buffer {
        const { block, length: digest } = this.kind
        if (digest + seed.length > MOST_SIGNED) return expandBySigning(this, seed, length)
        const output = Buffer.alloc(length)
        this.padKey()
        inner.set(seed, block)
        let signed = seed.length
        for (let at = 0; at < length; at += digest) {
            // A(i), and behind it the seed again
            inner.write(this.signedText(signed), block, "binary")
            inner.set(seed, block + digest)
            const part = this.signed(digest + seed.length)
            part.copy(output, at)
            part.fill(0)
            signed = digest
        }
        wipePads(block + digest + seed.length)
        return output
    }

    private padKey(): void {
        const { block } = this.kind
        const key = this.#key.view()
        inner.fill(0x36, 0, block)
        outer.fill(0x5c, 0, block)
        for (let i = 0; i < key.length; i++) {
            inner[i] = inner[i] ^ key[i]
            outer[i] = outer[i] ^ key[i]
        }
    }

    /** HMAC of the first `length` bytes behind the key. */
    private signed(length: number): Buffer {
        return digestOf(this.kind.name, this.keyed(length), "buffer")
    }

    /**
     * The same as text, one character a byte, since a Buffer takes three times as long. Text cannot be erased: it is for what is of no use
     * without the key, A(i) and inner digests.
     */
    private signedText(length: number): string {
        return digestOf(this.kind.name, this.keyed(length), "binary")
    }

    /** What the outer hash takes. */
    private keyed(length: number): Buffer {
        const { name, block, outer: padded } = this.kind
        outer.write(digestOf(name, inner.subarray(0, block + length), "binary"), block, "binary")
        return padded
    }

    close(): void {
        this.#key.erase()
    }
}

function wipePads(length: number): void {
    inner.fill(0, 0, length)
    outer.fill(0)
}

const kinds = new Map<HashAlgorithm, Kind>()

/** Throws RangeError for a number that is no hash's. */
export function kindOfHash(algorithm: HashAlgorithm): Kind {
    const known = kinds.get(algorithm)
    if (known !== undefined) return known
    const { opensslName, length } = hashParameters(algorithm)
    const block = length > 32 ? 128 : 64
    const kind = { name: opensslName, length, block, outer: outer.subarray(0, block + length) }
    kinds.set(algorithm, kind)
    return kind
}
