import { type Cipher, createCipheriv } from "node:crypto"

const BLOCK = 16
/** Limit on blocks computed at a time. A record with that many is computed alone. */
const MOST_AHEAD = 128
const NONCE = 12
/** Position of the number at the end of a nonce, which increases by one with each record. */
const NUMBER_AT = 6
const NUMBER_LENGTH = 6
const NUMBERS = 2 ** 48

/** Counter blocks of one call, with room for the largest record. */
const counters = Buffer.alloc(MOST_AHEAD * BLOCK + 2 * BLOCK)

/**
 * The key stream of CCM's counter mode (RFC 3610 §2.3) for one key. As long as nonces are consecutive, one call of
 * node:crypto also computes the key stream of the following records, because the call takes longer than the AES does.
 */
export class KeyStream {
    /** valid until the next call of `find` */
    stream = Buffer.alloc(0)
    private cipher: Cipher
    /** of the first record in `stream` */
    private nonce = Buffer.alloc(NONCE)
    private first = 0
    /** number of records in `stream`, and of blocks for each: one for the tag, and those for its bytes */
    private records = 0
    private blocks = 0

    /** @param name of the ECB cipher in node:crypto */
    constructor(name: string, key: Buffer) {
        this.cipher = createCipheriv(name, key, null)
        this.cipher.setAutoPadding(false)
    }

    /**
     * @returns where in `stream` the part for the record with this nonce begins: a block for the tag, then at least
     * `length` bytes
     */
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

    /**
     * @param follows this record's number follows the previous ones, so more may follow: twice as many records as
     * before are computed
     */
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
