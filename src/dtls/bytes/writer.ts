import { blit, copyOf } from "./bytes.js"
import { writeUint } from "./integers.js"

/**
 * Big-endian writer to a Buffer that grows.
 * @devsWhenUsed
 */
export class Writer {
    length = 0
    private target: Buffer

    /** @param size expected length in bytes; it may be exceeded */
    constructor(size: number) {
        this.target = Buffer.alloc(size)
    }

    private grow(needed: number): void {
        const larger = Buffer.alloc(needed + needed)
        blit(larger, 0, this.target, 0, this.length)
        this.target = larger
    }

    /** An unsigned integer of `width` bytes, 1 to 6. */
    uint(value: number, width: number): void {
        const at = this.length
        if (at + width > this.target.length) this.grow(at + width)
        this.length = at + width
        writeUint(this.target, at, value, width)
    }

    bytes(source: Buffer): void {
        this.range(source, 0, source.length)
    }

    /** Bytes [from, from + length) of `source`. */
    range(source: Buffer, from: number, length: number): void {
        const at = this.length
        if (at + length > this.target.length) this.grow(at + length)
        this.length = at + length
        blit(this.target, at, source, from, length)
    }

    /** A vector: its length in `width` bytes, then its bytes (RFC 5246 §4.3). */
    vector(source: Buffer, width: number): void {
        this.uint(source.length, width)
        this.bytes(source)
    }

    /** Leaves room for a length of `width` bytes; pass the result to `close`. */
    open(width: number): number {
        this.uint(0, width)
        return this.length
    }

    /** Fills in the length of everything written since `open(width)`. */
    close(opened: number, width: number): void {
        writeUint(this.target, opened - width, this.length - opened, width)
    }

    /** The bytes written so far, in a new Buffer. */
    finish(): Buffer {
        if (this.length === this.target.length) return this.target
        return copyOf(this.target, 0, this.length)
    }
}
