import { type Cipher, createCipheriv } from "node:crypto"

const BLOCK = 16
/** Blocks made ahead at most. A record of them all is made alone. */
const MOST_AHEAD = 128
const NONCE = 12
/** What a nonce ends with: nonces of records that follow each other differ by one there. */
const NUMBER_AT = 6
const NUMBER_LENGTH = 6
const NUMBERS = 2 ** 48

/** Counter blocks, of the record with the most bytes. */
const counters = Buffer.alloc(MOST_AHEAD * BLOCK + 2 * BLOCK)

/**
 * What CCM's counter mode (RFC 3610 §2.3) xors the records of one key with. As long as nonces follow each other, that of the
 * next ones is made in one call of node:crypto along with one's: the call takes longer than the AES does.
 */
export class KeyStream {
    /** until the next call of `find` */
    stream = Buffer.alloc(0)
    private cipher: Cipher
    /** of the first record that it is for */
    private nonce = Buffer.alloc(NONCE)
    private first = 0
    /** records that it is for, and blocks for each of them: the one for the tag and those for its bytes */
    private records = 0
    private blocks = 0

    /** @param name of node:crypto, with ECB */
    constructor(name: string, key: Buffer) {
        this.cipher = createCipheriv(name, key, null)
        this.cipher.setAutoPadding(false)
    }

    /** @returns where in `stream` that of the record with this nonce is: a block for its tag, then `length` bytes or a few more */
    find(nonce: Buffer, length: number): number {
        const blocks = 1 + Math.ceil(length / BLOCK)
        const number = nonce.readUIntBE(NUMBER_AT, NUMBER_LENGTH)
        const begins = this.hasBeginningOf(nonce)
        const isThere = begins && number >= this.first && number < this.first + this.records && blocks <= this.blocks
        if (!isThere) this.make(nonce, number, blocks, begins && number === this.first + this.records)
        return (number - this.first) * this.blocks * BLOCK
    }

    private hasBeginningOf(nonce: Buffer): boolean {
        for (let i = 0; i < NUMBER_AT; i++) if (nonce[i] !== this.nonce[i]) return false
        return true
    }

    /** @param follows the record is the next one: others may follow it, twice as many as before */
    private make(nonce: Buffer, number: number, blocks: number, follows: boolean): void {
        const room = Math.min(Math.floor(MOST_AHEAD / blocks), NUMBERS - number)
        this.records = follows ? Math.max(1, Math.min(2 * this.records, room)) : 1
        this.blocks = blocks
        this.first = number
        this.nonce.set(nonce)
        let at = 0
        for (let i = 0; i < this.records; i++)
            for (let block = 0; block < blocks; block++) {
                writeCounter(at, nonce, number + i, block)
                at += BLOCK
            }
        this.stream.fill(0)
        this.stream = this.cipher.update(counters.subarray(0, at))
    }

    /** OpenSSL erases the key. */
    close(): void {
        this.cipher.final()
        this.stream.fill(0)
    }
}

function writeCounter(at: number, nonce: Buffer, number: number, block: number): void {
    counters[at] = 2
    counters.set(nonce, at + 1)
    counters.writeUIntBE(number, at + 1 + NUMBER_AT, NUMBER_LENGTH)
    counters[at + 14] = block >> 8
    counters[at + 15] = block
}
