import { type Cipher, createCipheriv } from "node:crypto"
import { type CipherHolder, hold, release } from "./kept-ciphers.js"
import { KeyStream } from "./key-stream.js"
import { type KeptSecret } from "./secret.js"

const BLOCK = 16
/** Longer records are left to node:crypto's own CCM, which is as fast for them; they are rare. */
const MOST_BYTES = 2048

/** Limit on additional data, bytes. */
const MOST_ADDITIONAL = 4 * BLOCK

/** The CBC-MAC's input for one record: the first block, the additional data and the payload. */
const chained = Buffer.alloc(MOST_BYTES + MOST_ADDITIONAL + 3 * BLOCK)
/** Slices of it by number of blocks, each made once: a new Buffer for each record would be most of the garbage. */
const beginnings: Buffer[] = []
/** One key's ciphers: the counter mode's key stream, and AES in CBC mode. */
interface Ciphers {
    stream: KeyStream
    chain: Cipher
    /** last output of the CBC chain; only its last block is needed */
    last: Buffer
}

/**
 * AES-CCM (RFC 3610) with nonces of 12 bytes and long-lived ciphers: node:crypto creates a cipher object for each CCM
 * record, which takes longer than the AES does. Counter mode is a KeyStream. The CBC-MAC is a chain that never ends:
 * each record's first block is xored with the chain's last output, which cancels it.
 */
export class Ccm implements CipherHolder {
    /** private, so that it is never printed: key stream made ahead can decrypt records */
    #ciphers: Ciphers | undefined
    #key: KeptSecret

    /** @param name in node:crypto, such as "aes-128-ccm"; @param key the caller keeps ownership */
    constructor(
        private name: string,
        key: KeptSecret,
        private tagLength: number,
    ) {
        this.#key = key
    }

    /** @returns whether this class handles records with that many bytes of plaintext and additional data */
    takes(length: number, additional: number): boolean {
        return length <= MOST_BYTES && additional > 0 && additional <= MOST_ADDITIONAL
    }

    /** Writes ciphertext and tag to `target`, beginning at `at`. */
    sealInto(target: Buffer, at: number, nonce: Buffer, aad: Buffer, plaintext: Buffer): void {
        const ciphers = this.use()
        const { length } = plaintext
        const mac = this.mac(ciphers, nonce, aad, plaintext)
        const macAt = mac.length - BLOCK
        const from = ciphers.stream.find(nonce, length)
        const { stream } = ciphers.stream
        for (let i = 0; i < length; i++) target[at + i] = plaintext[i] ^ stream[from + BLOCK + i]
        for (let i = 0; i < this.tagLength; i++) target[at + length + i] = mac[macAt + i] ^ stream[from + i]
    }

    /** @param ciphertext with its tag, and no shorter; @returns undefined if it is not authentic */
    open(nonce: Buffer, aad: Buffer, ciphertext: Buffer): Buffer | undefined {
        const ciphers = this.use()
        const length = ciphertext.length - this.tagLength
        const from = ciphers.stream.find(nonce, length)
        const { stream } = ciphers.stream
        // In memory of its own, so that its receiver can see nothing else.
        const plaintext = Buffer.allocUnsafeSlow(length)
        for (let i = 0; i < length; i++) plaintext[i] = ciphertext[i] ^ stream[from + BLOCK + i]
        const mac = this.mac(ciphers, nonce, aad, plaintext)
        const macAt = mac.length - BLOCK
        let difference = 0
        for (let i = 0; i < this.tagLength; i++)
            difference |= mac[macAt + i] ^ stream[from + i] ^ ciphertext[length + i]
        if (difference === 0) return plaintext
        plaintext.fill(0)
        return undefined
    }

    /** The CBC-MAC; its last block begins with the unencrypted tag. */
    private mac(ciphers: Ciphers, nonce: Buffer, aad: Buffer, plaintext: Buffer): Buffer {
        const { chain, last } = ciphers
        chained[0] = 64 + 8 * ((this.tagLength - 2) / 2) + 2
        chained.set(nonce, 1)
        chained.writeUIntBE(plaintext.length, 13, 3)
        const lastAt = last.length - BLOCK
        for (let i = 0; i < BLOCK; i++) chained[i] = chained[i] ^ last[lastAt + i]
        chained.writeUInt16BE(aad.length, BLOCK)
        chained.set(aad, BLOCK + 2)
        const from = padded(BLOCK + 2 + aad.length)
        chained.set(plaintext, from)
        const end = padded(from + plaintext.length)
        ciphers.last = chain.update((beginnings[end / BLOCK] ??= chained.subarray(0, end)))
        return ciphers.last
    }

    private use(): Ciphers {
        if (this.#ciphers !== undefined) return this.#ciphers
        hold(this)
        const key = this.#key.view()
        const stream = new KeyStream(this.name.replace("ccm", "ecb"), key)
        const chain = createCipheriv(this.name.replace("ccm", "cbc"), key, Buffer.alloc(BLOCK))
        chain.setAutoPadding(false)
        this.#ciphers = { stream, chain, last: Buffer.alloc(BLOCK) }
        return this.#ciphers
    }

    /** OpenSSL erases the keys of the ciphers. */
    giveUp(): void {
        this.#ciphers?.stream.close()
        this.#ciphers?.chain.final()
        this.#ciphers = undefined
    }

    close(): void {
        release(this)
        this.giveUp()
    }
}

/** Pads with zeros to a whole block. @returns its end */
function padded(end: number): number {
    let to = end
    while (to % BLOCK !== 0) chained[to++] = 0
    return to
}
