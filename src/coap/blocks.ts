import { type CoapOption } from "./code-points.js"
import { type CoapMessage, type Option, uintOption, uintOptionOf } from "./message.js"

/** The value of a Block1 or Block2 option (RFC 7959 §2.2). */
export interface Block {
    /** block number, counted from 0 in blocks of this size */
    number: number
    /** whether more blocks follow */
    more: boolean
    /** block size in bytes: 16, 32, 64 ... 1024; 2048 stands for the reserved size exponent 7, which every receiver refuses */
    size: number
}

/** Largest block size, bytes. */
export const LARGEST_BLOCK = 1024
/** Number of block numbers, which have 20 bits. */
const MOST_BLOCKS = 1048576

/** Reads a block option. Returns undefined if the message does not contain the option. */
export function blockOf(message: CoapMessage, option: CoapOption): Block | undefined {
    const value = uintOptionOf(message, option, -1)
    if (value < 0) return undefined
    return { number: value >>> 4, more: (value & 8) !== 0, size: 16 << (value & 7) }
}

/** Makes a block option. Throws RangeError for a block that the option cannot express. */
export function blockOption(option: CoapOption, block: Block): Option {
    let exponent = 0
    while (16 << exponent < block.size) exponent++
    if (exponent > 6 || block.number >= MOST_BLOCKS) throw new RangeError("a block of 16 to 1024 bytes, one of 1048576")
    return uintOption(option, block.number * 16 + (block.more ? 8 : 0) + exponent)
}

/** Returns the largest block size that does not exceed `size`, in bytes, but at least 16. */
export function blockSizeUpTo(size: number): number {
    let fitting = LARGEST_BLOCK
    while (fitting > 16 && fitting > size) fitting = fitting >> 1
    return fitting
}
