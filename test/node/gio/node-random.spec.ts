import { ok, strictEqual } from "node:assert/strict"
import { NodeCryptoProvider } from "../../../src/platform/node/crypto.js"

describe("random bytes in Node, which are drawn ahead", () => {
    it("are as many as asked for, never the same ones again, and in memory of their own", () => {
        const crypto = new NodeCryptoProvider()
        const seen = new Set<string>()
        for (const length of [0, 1, 13, 16, 32, 100, 255, 256, 257, 1024, 5000])
            for (let i = 0; i < 20; i++) {
                const bytes = crypto.random(length)
                strictEqual(bytes.length, length)
                strictEqual(bytes.buffer.byteLength, length)
                for (let at = 0; at + 8 <= length; at += 8) {
                    const part = bytes.toString("hex", at, at + 8)
                    ok(!seen.has(part), part)
                    seen.add(part)
                }
            }
    })
})
