import { type Reader } from "../../src/dtls/bytes/reader.js"

/** Limit on the nesting depth of arrays. */
const MOST_DEPTH = 2

const ODD_NUMBERS = [0.5, -1.5, 255.5, 2147483648, -2147483649, 4294967296, 281474976710656, 1e300, -1e300]

/** Kinds of values that the input can select: any that a program can pass. */
enum ValueKind {
    undefined,
    null,
    boolean,
    byte,
    integer,
    odd,
    notANumber,
    zeros,
    bytes,
    text,
    pool,
    array,
    object,
    function,
    literal,
    large,
}

/**
 * Values selected by the input.
 * @devsWhenUsed
 */
export class Values {
    /** results of earlier steps */
    pool: unknown[] = []

    constructor(public reader: Reader) {}

    /** An index into a list. */
    choose(count: number): number {
        const byte = this.reader.uint(1)
        return byte - Math.idiv(byte, count) * count
    }

    /** The next value; `undefined` at the end of the input. */
    next(depth: number): unknown {
        const { reader } = this
        const first = reader.uint(1)
        const kind: ValueKind = first & 15
        const detail = first >> 4
        if (kind === ValueKind.undefined) return undefined
        if (kind === ValueKind.null) return null
        if (kind === ValueKind.boolean) return detail > 7
        if (kind === ValueKind.notANumber) return detail > 7 ? NaN : detail > 3 ? Infinity : -Infinity
        if (kind === ValueKind.byte) return reader.uint(1) - (detail > 7 ? 256 : 0)
        if (kind === ValueKind.integer) return reader.uint(4) | 0
        if (kind === ValueKind.odd) return ODD_NUMBERS[this.choose(ODD_NUMBERS.length)]
        if (kind === ValueKind.pool) return this.pool.length === 0 ? 0 : this.pool[this.choose(this.pool.length)]
        return this.object(kind, detail, depth)
    }

    private object(kind: ValueKind, detail: number, depth: number): unknown {
        const { reader } = this
        if (kind === ValueKind.zeros) return Buffer.alloc(detail * 4)
        if (kind === ValueKind.bytes) return this.bytes(reader.uint(1))
        if (kind === ValueKind.text) return this.bytes(detail).toString()
        if (kind === ValueKind.object) return { a: detail, length: detail }
        if (kind === ValueKind.function) return () => detail
        if (kind === ValueKind.literal) return hex`0102030405060708090a0b0c0d0e0f10`
        if (kind === ValueKind.large) return Buffer.alloc(reader.uint(1) * 8)
        const items: unknown[] = []
        for (let i = 0; i < (detail & 3) && depth < MOST_DEPTH && reader.remaining() > 0; i++)
            items.push(this.next(depth + 1))
        return items
    }

    private bytes(length: number): Buffer {
        return this.reader.bytes(Math.min(length, this.reader.remaining()))
    }

    /** At most `most` values. */
    list(most: number): unknown[] {
        const values: unknown[] = []
        const count = this.reader.uint(1) & 7
        for (let i = 0; i < count && i < most; i++) values.push(this.next(0))
        return values
    }
}
