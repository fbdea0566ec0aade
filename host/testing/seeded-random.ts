/**
 * Numbers from 0 to below 1 that a seed decides, for links that lose datagrams the same way each time; not for secrets.
 * (Marsaglia's xorshift32.)
 * @param seed 1 to 4294967295
 */
export function seededRandom(seed: number): () => number {
    // Small seeds would begin with small numbers.
    let state = Math.imul(seed, 0x9e3779b1)
    const next = (): number => {
        state ^= state << 13
        state ^= state >>> 17
        state ^= state << 5
        return (state >>> 0) / 4294967296
    }
    next()
    return next
}
