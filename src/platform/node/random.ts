import { randomBytes, randomFillSync } from "node:crypto"

/** Random bytes generated ahead: for node:crypto this many take no longer than the few that a handshake needs. */
const drawn = Buffer.alloc(1024)
let at = drawn.length

/** Unpredictable bytes in memory of their own; no copy is kept here. */
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
