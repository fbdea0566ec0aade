import { equal } from "../../dtls/bytes/bytes.js"
import { type Aead } from "../../dtls/crypto/provider.js"
import { Aes128 } from "./aes.js"

const BLOCK = 16
const TAG = 8
/** Length of the length field, bytes: 15 minus the nonce's 12 (RFC 3610 §2). */
const LENGTH_BYTES = 3

/**
 * Largest plaintext, bytes. Sealing that much takes about half of the operations that the official VM allows a fiber
 * without a pause.
 */
export const STOCK_LARGEST_PLAINTEXT = 160

/**
 * AES-128-CCM with an 8-byte tag (RFC 3610, RFC 6655), in DeviceScript, only for the official VM.
 * @devsWhenUsed
 */
export class ScriptCcm8 implements Aead {
    tagLength = 8
    private aes: Aes128

    constructor(key: Buffer) {
        this.aes = new Aes128(key)
    }

    private firstBlock(flags: number, nonce: Buffer, count: number): Buffer {
        const block = Buffer.alloc(BLOCK)
        block[0] = flags
        block.blitAt(1, nonce, 0, nonce.length)
        block[BLOCK - 2] = count >> 8
        block[BLOCK - 1] = count
        return block
    }

    /** Continues the CBC-MAC with data padded with zeros; the data begins at `at` within the block. */
    private authenticate(mac: Buffer, data: Buffer, at: number): void {
        let place = at
        for (let i = 0; i < data.length; i++) {
            mac[place] = mac[place] ^ data[i]
            place++
            if (place === BLOCK) {
                this.aes.encrypt(mac)
                place = 0
            }
        }
        if (place > 0) this.aes.encrypt(mac)
    }

    /** The unencrypted tag, T of RFC 3610 §2.2. */
    private tag(nonce: Buffer, aad: Buffer, plaintext: Buffer): Buffer {
        const flags = (aad.length > 0 ? 0x40 : 0) + (((TAG - 2) >> 1) << 3) + (LENGTH_BYTES - 1)
        const mac = this.firstBlock(flags, nonce, plaintext.length)
        this.aes.encrypt(mac)
        if (aad.length > 0) {
            mac[0] = mac[0] ^ (aad.length >> 8)
            mac[1] = mac[1] ^ (aad.length & 255)
            this.authenticate(mac, aad, 2)
        }
        this.authenticate(mac, plaintext, 0)
        return mac
    }

    /** Applies counter mode to `length` bytes of `data` and writes them to `target`. */
    private crypt(nonce: Buffer, data: Buffer, length: number, target: Buffer): void {
        let stream = Buffer.alloc(0)
        for (let i = 0; i < length; i++) {
            const place = i & (BLOCK - 1)
            if (place === 0) {
                stream = this.firstBlock(LENGTH_BYTES - 1, nonce, (i >> 4) + 1)
                this.aes.encrypt(stream)
            }
            target[i] = data[i] ^ stream[place]
        }
    }

    /** Writes the encrypted tag to the end of `target`. */
    private putTag(nonce: Buffer, mac: Buffer, target: Buffer, at: number): void {
        const stream = this.firstBlock(LENGTH_BYTES - 1, nonce, 0)
        this.aes.encrypt(stream)
        for (let i = 0; i < TAG; i++) target[at + i] = mac[i] ^ stream[i]
    }

    seal(nonce: Buffer, aad: Buffer, plaintext: Buffer): Buffer {
        if (plaintext.length > STOCK_LARGEST_PLAINTEXT)
            throw new RangeError("plaintext: at most " + STOCK_LARGEST_PLAINTEXT + " bytes on this machine")
        const sealed = Buffer.alloc(plaintext.length + TAG)
        this.crypt(nonce, plaintext, plaintext.length, sealed)
        this.putTag(nonce, this.tag(nonce, aad, plaintext), sealed, plaintext.length)
        return sealed
    }

    open(nonce: Buffer, aad: Buffer, ciphertext: Buffer): Buffer | undefined {
        const length = ciphertext.length - TAG
        if (length < 0 || length > STOCK_LARGEST_PLAINTEXT) return undefined
        const plaintext = Buffer.alloc(length)
        this.crypt(nonce, ciphertext, length, plaintext)
        const wanted = Buffer.alloc(TAG)
        this.putTag(nonce, this.tag(nonce, aad, plaintext), wanted, 0)
        const given = Buffer.alloc(TAG)
        given.blitAt(0, ciphertext, length, TAG)
        return equal(wanted, given) ? plaintext : undefined
    }

    close(): void {
        this.aes.close()
    }
}
