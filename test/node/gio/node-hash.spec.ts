import { deepStrictEqual } from "node:assert/strict"
import { createHmac, randomBytes } from "node:crypto"
import { HashAlgorithm } from "../../../src/dtls/crypto/algorithms.js"
import { NodeCryptoProvider } from "../../../src/platform/node/crypto.js"

const crypto = new NodeCryptoProvider()
const hashes: [HashAlgorithm, string][] = [
    [HashAlgorithm.sha256, "sha256"],
    [HashAlgorithm.sha384, "sha384"],
]
/** Lengths around the block sizes of both hashes, and the limit for one-shot signing. */
const lengths = [0, 1, 32, 48, 63, 64, 65, 127, 128, 129, 300, 1023, 1024, 1025, 5000]

/** P_hash, as in RFC 5246 §5. */
function expansion(name: string, key: Buffer, seed: Buffer, length: number): Buffer {
    const hmac = (data: Buffer): Buffer => createHmac(name, key).update(data).digest()
    const parts: Buffer[] = []
    for (let a = hmac(seed), made = 0; made < length; a = hmac(a)) {
        parts.push(hmac(Buffer.concat([a, seed])))
        made += a.length
    }
    return Buffer.concat(parts).subarray(0, length)
}

describe("HMACs in Node, which are made of two hashes", () => {
    it("match those of node:crypto, whatever the lengths of key and data", () => {
        for (const [algorithm, name] of hashes)
            for (const keyLength of lengths)
                for (const length of lengths) {
                    const [key, data] = [randomBytes(keyLength), randomBytes(length)]
                    const expected = createHmac(name, key).update(data).digest()
                    deepStrictEqual(crypto.newHmac(algorithm, key).sign(data), expected)
                }
    })

    it("expand a seed as the PRF of TLS 1.2 does, to no bytes and to many", () => {
        for (const [algorithm, name] of hashes)
            for (const seedLength of [0, 13, 77, 1000, 2000])
                for (const length of [0, 1, 12, 40, 48, 104, 4096]) {
                    const [key, seed] = [randomBytes(48), randomBytes(seedLength)]
                    const hmac = crypto.newHmac(algorithm, key)
                    deepStrictEqual(hmac.expand(seed, length), expansion(name, key, seed, length))
                }
    })

    it("keep their keys apart, and hold none once they are closed", () => {
        const [one, other] = [randomBytes(16), randomBytes(32)]
        const data = randomBytes(20)
        const [first, second] = [one, other].map((key) => crypto.newHmac(HashAlgorithm.sha256, key))
        const expected = [one, other].map((key) => createHmac("sha256", key).update(data).digest())
        deepStrictEqual([first.sign(data), second.sign(data), first.sign(data)], [...expected, expected[0]])
        first.close()
        const nobodys = createHmac("sha256", Buffer.alloc(16)).update(data).digest()
        deepStrictEqual([first.sign(data), second.sign(data)], [nobodys, expected[1]])
    })
})
