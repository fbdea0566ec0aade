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
        // node:crypto frees the hash with its object.
    }
}

interface Kind {
    name: string
    /** lengths of a digest and of the hash's block, bytes */
    length: number
    block: number
    /** input of the outer hash: its padded key and the inner digest */
    outer: Buffer
}

/** Limit on the bytes hashed after a padded key. */
const MOST_SIGNED = 1024

/**
 * Inputs of the inner and the outer hash: a padded key and the data after it. Their content is erased at the end of
 * each call.
 */
const inner = Buffer.alloc(128 + MOST_SIGNED)
const outer = Buffer.alloc(128 + 64)

/**
 * A key for HMAC (RFC 2104), computed as two one-shot hashes: node:crypto's own HMAC creates an object, which takes
 * longer than the hashes.
 */
export class NodeHmac implements Hmac {
    #key: KeptSecret

    constructor(
        private kind: Kind,
        key: Buffer,
    ) {
        // A key longer than a block is hashed first.
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
            // A(i), followed by the seed
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

    /** HMAC of the first `length` bytes after the key. */
    private signed(length: number): Buffer {
        return digestOf(this.kind.name, this.keyed(length), "buffer")
    }

    /**
     * The same as text, one character per byte, because a Buffer takes three times as long. Text cannot be erased, so
     * it is only used for values that are useless without the key: A(i) and inner digests.
     */
    private signedText(length: number): string {
        return digestOf(this.kind.name, this.keyed(length), "binary")
    }

    /** The input of the outer hash. */
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

/** Throws RangeError if no hash has this number. */
export function kindOfHash(algorithm: HashAlgorithm): Kind {
    const known = kinds.get(algorithm)
    if (known !== undefined) return known
    const { opensslName, length } = hashParameters(algorithm)
    const block = length > 32 ? 128 : 64
    const kind = { name: opensslName, length, block, outer: outer.subarray(0, block + length) }
    kinds.set(algorithm, kind)
    return kind
}
