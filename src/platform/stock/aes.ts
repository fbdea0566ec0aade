/*
 * AES-128 (FIPS 197), encryption only, for the official DeviceScript VM, whose own AES cannot be used for TLS. Not
 * constant time.
 */

const SBOX = hex`
637c777bf26b6fc53001672bfed7ab76ca82c97dfa5947f0add4a2af9ca472c0
b7fd9326363ff7cc34a5e5f171d8311504c723c31896059a071280e2eb27b275
09832c1a1b6e5aa0523bd6b329e32f8453d100ed20fcb15b6acbbe394a4c58cf
d0efaafb434d338545f9027f503c9fa851a3408f929d38f5bcb6da2110fff3d2
cd0c13ec5f974417c4a77e3d645d197360814fdc222a908846eeb814de5e0bdb
e0323a0a4906245cc2d3ac629195e479e7c8376d8dd54ea96c56f4ea657aae08
ba78252e1ca6b4c6e8dd741f4bbd8b8a703eb5664803f60e613557b986c11d9e
e1f8981169d98e949b1e87e9ce5528df8ca1890dbfe6426841992d0fb054bb16`
const ROUNDS = 10
const BLOCK = 16

/** The column for a byte after SubBytes and MixColumns, as a big-endian word; the other rows are rotations of it. */
function buildTable(): Buffer {
    const table = Buffer.alloc(1024)
    for (let i = 0; i < 256; i++) {
        const s = SBOX[i]
        const doubled = s < 128 ? s << 1 : (s << 1) ^ 0x11b
        table.setAt(4 * i, "i32", (doubled << 24) | (s << 16) | (s << 8) | (doubled ^ s))
    }
    return table
}

function word(bytes: Buffer, at: number): number {
    return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]
}

function putWord(bytes: Buffer, at: number, value: number): void {
    bytes[at] = value >>> 24
    bytes[at + 1] = value >> 16
    bytes[at + 2] = value >> 8
    bytes[at + 3] = value
}

function substituted(a: number, b: number, c: number, d: number): number {
    return (SBOX[a >>> 24] << 24) | (SBOX[(b >> 16) & 255] << 16) | (SBOX[(c >> 8) & 255] << 8) | SBOX[d & 255]
}

/**
 * An expanded key.
 * @devsWhenUsed
 */
export class Aes128 {
    private words: number[] = []
    private table = buildTable()

    /** @param key 16 bytes */
    constructor(key: Buffer) {
        let constant = 1
        for (let i = 0; i < 4; i++) this.words.push(word(key, 4 * i))
        for (let i = 4; i < 4 * (ROUNDS + 1); i++) {
            let next = this.words[i - 1]
            if ((i & 3) === 0) {
                const turned = (next << 8) | (next >>> 24)
                next = substituted(turned, turned, turned, turned) ^ (constant << 24)
                constant = constant < 128 ? constant << 1 : 0x1b
            }
            this.words.push(this.words[i - 4] ^ next)
        }
    }

    private column(a: number, b: number, c: number, d: number, key: number): number {
        const table = this.table
        const x = table.getAt((a >>> 24) << 2, "i32")
        const y = table.getAt(((b >> 16) & 255) << 2, "i32")
        const z = table.getAt(((c >> 8) & 255) << 2, "i32")
        const w = table.getAt((d & 255) << 2, "i32")
        return x ^ ((y >>> 8) | (y << 24)) ^ ((z >>> 16) | (z << 16)) ^ ((w >>> 24) | (w << 8)) ^ key
    }

    /** Encrypts 16 bytes in place. */
    encrypt(block: Buffer): void {
        const k = this.words
        let a = word(block, 0) ^ k[0]
        let b = word(block, 4) ^ k[1]
        let c = word(block, 8) ^ k[2]
        let d = word(block, 12) ^ k[3]
        let at = 4
        for (let round = 1; round < ROUNDS; round++) {
            const e = this.column(a, b, c, d, k[at])
            const f = this.column(b, c, d, a, k[at + 1])
            const g = this.column(c, d, a, b, k[at + 2])
            d = this.column(d, a, b, c, k[at + 3])
            a = e
            b = f
            c = g
            at += 4
        }
        putWord(block, 0, substituted(a, b, c, d) ^ k[at])
        putWord(block, 4, substituted(b, c, d, a) ^ k[at + 1])
        putWord(block, 8, substituted(c, d, a, b) ^ k[at + 2])
        putWord(block, BLOCK - 4, substituted(d, a, b, c) ^ k[at + 3])
    }

    /** Drops the key. */
    close(): void {
        for (let i = 0; i < this.words.length; i++) this.words[i] = 0
    }
}
