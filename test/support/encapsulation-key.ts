/** q of ML-KEM (FIPS 203 §2.4). */
export const MODULUS = 3329

/** An encapsulation key with the number at position `at`, 0 to 767, replaced; two 12-bit numbers take three bytes. */
export function withNumber(key: Buffer, at: number, value: number): Buffer {
    const changed = Buffer.from(key)
    const first = (at >> 1) * 3
    if (at % 2 === 0) {
        changed[first] = value & 255
        changed[first + 1] = (changed[first + 1] & 0xf0) | (value >> 8)
    } else {
        changed[first + 1] = (changed[first + 1] & 0x0f) | ((value & 15) << 4)
        changed[first + 2] = value >> 4
    }
    return changed
}
