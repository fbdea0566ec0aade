import { copyOf, EMPTY } from "./bytes.js"
import { readUint } from "./integers.js"

/**
 * Bounded big-endian reader. Past the end `failed` turns true and zeros come, so a codec checks once, at its end.
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

    /** A reader of a vector's content; this one moves behind it. */
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

    /** Moves behind a vector, of which nothing is read: whether all of it is there, the next read tells. */
    skip(width: number): void {
        const length = this.uint(width)
        this.at += length
    }

    /** True when everything was read and nothing was missing. */
    done(): boolean {
        return !this.failed && this.at === this.end
    }
}
