import { copyOf, EMPTY } from "./bytes.js"
import { readUint } from "./integers.js"

/**
 * Bounded big-endian reader. Reading past the end sets `failed` and returns zeros, so a codec checks only once, at its
 * end.
 * @devsWhenUsed
 */
export class Reader {
    failed = false
    at: number

    /** Reads bytes [start, end) of `data`; 0 <= start <= end <= data.length. */
    constructor(
        public data: Buffer,
        start: number,
        public end: number,
    ) {
        this.at = start
    }

    remaining(): number {
        return this.end - this.at
    }

    /** An unsigned integer of `width` bytes, 1 to 6. */
    uint(width: number): number {
        const at = this.at
        if (this.end - at < width) {
            this.failed = true
            return 0
        }
        this.at = at + width
        return readUint(this.data, at, width)
    }

    /** A copy of the next `length` bytes. */
    bytes(length: number): Buffer {
        if (this.end - this.at < length) {
            this.failed = true
            return EMPTY
        }
        const part = copyOf(this.data, this.at, this.at + length)
        this.at += length
        return part
    }

    /** A vector: a length of `width` bytes, then that many bytes (RFC 5246 §4.3). */
    vector(width: number): Buffer {
        return this.bytes(this.uint(width))
    }

    /** A reader of a vector's content; this reader moves past the vector. */
    sub(width: number): Reader {
        let length = this.uint(width)
        if (this.end - this.at < length) {
            this.failed = true
            length = 0
        }
        const inner = new Reader(this.data, this.at, this.at + length)
        this.at += length
        return inner
    }

    /** Moves past a vector without reading it. If it is incomplete, the next read fails. */
    skip(width: number): void {
        const length = this.uint(width)
        this.at += length
    }

    /** True if everything was read and nothing was missing. */
    done(): boolean {
        return !this.failed && this.at === this.end
    }
}
