import { type CoapOption } from "./code-points.js"
import { type CoapMessage, type Option, uintOption, uintOptionOf } from "./message.js"

/** The value of a Block1 or Block2 option (RFC 7959 §2.2). */
export interface Block {
    /** counts from 0, in blocks of this size */
    number: number
    /** whether blocks follow */
    more: boolean
    /** bytes: 16, 32, 64 ... 1024; 2048 stands for the reserved size exponent 7, which no receiver takes */
    size: number
}

/** Largest block, bytes. */
export const LARGEST_BLOCK = 1024
/** A block's number has 20 bits. */
const MOST_BLOCKS = 1048576

/** Undefined: the message has no such option. */
export function blockOf(message: CoapMessage, option: CoapOption): Block | undefined {
    const value = uintOptionOf(message, option, -1)
    if (value < 0) return undefined
    return { number: value >>> 4, more: (value & 8) !== 0, size: 16 << (value & 7) }
}

/** Throws RangeError for a block that no option can name. */
export function blockOption(option: CoapOption, block: Block): Option {
    let exponent = 0
    while (16 << exponent < block.size) exponent++
    if (exponent > 6 || block.number >= MOST_BLOCKS) throw new RangeError("a block of 16 to 1024 bytes, one of 1048576")
    return uintOption(option, block.number * 16 + (block.more ? 8 : 0) + exponent)
}

/** The largest block size that is not larger than `size`, bytes; at least 16. */
export function blockSizeUpTo(size: number): number {
    let fitting = LARGEST_BLOCK
    while (fitting > 16 && fitting > size) fitting = fitting >> 1
    return fitting
}
