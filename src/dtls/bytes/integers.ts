/*
 * Big-endian integers. Node's Buffers have methods for them, and Mote's machine has the same ones; only the official
 * machine lacks them.
 */
export interface IntegerBuffer {
    readUIntBE(offset: number, byteLength: number): number
    writeUIntBE(value: number, offset: number, byteLength: number): number
}

const native = (Buffer.alloc(0) as unknown as IntegerBuffer).readUIntBE !== undefined

/** An unsigned integer of `width` bytes, 1 to 6; the caller has checked that they lie inside. */
export function readUint(source: Buffer, at: number, width: number): number {
    if (native) return (source as unknown as IntegerBuffer).readUIntBE(at, width)
    let value = 0
    for (let i = 0; i < width; i++) value = value * 256 + source[at + i]
    return value
}

/** Writes `value`, below 256 ** width, in `width` bytes, 1 to 6; the caller has checked that they lie inside. */
export function writeUint(target: Buffer, at: number, value: number, width: number): void {
    if (native) {
        ;(target as unknown as IntegerBuffer).writeUIntBE(value, at, width)
        return
    }
    let rest = value
    for (let i = width - 1; i >= 0; i--) {
        const high = Math.floor(rest / 256)
        target[at + i] = rest - high * 256
        rest = high
    }
}
