import { randomBytes, randomFillSync } from "node:crypto"

/** Bytes that are drawn ahead: node:crypto takes as long for them as for the few that a handshake needs. */
const drawn = Buffer.alloc(1024)
let at = drawn.length

/** Unpredictable bytes in memory of their own; none is kept here. */
export function randomOf(length: number): Buffer {
    if (length > drawn.length / 4) return randomBytes(length)
    if (at + length > drawn.length) {
        randomFillSync(drawn)
        at = 0
    }
    const bytes = Buffer.alloc(length)
    const end = at + length
    bytes.set(drawn.subarray(at, end))
    drawn.fill(0, at, end)
    at = end
    return bytes
}
