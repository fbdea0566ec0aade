import { Tag } from "../abi/abi.js"
import { builtinString, Op } from "../image/ir/operations.js"
import { type Expression, StringKind, stringIndex } from "../image/ir/program.js"

/* Value words of the machine (firmware/vm/value.h) as C. */

/** Words of the machine's links between activations (LINK_WORDS in firmware/vm/state.h). */
export const LINK_WORDS = 4

const LARGEST_SMALL = 0x3fffffff

export const UNDEFINED = "MOTE_UNDEFINED"

const immediate = (tag: number, payload: number): string => `0x${((payload << 5) | (tag << 2) | 2).toString(16)}u`

/** A small integer's word; undefined when it needs more than 31 bits, and so a box. */
export function smallWord(number: number): string | undefined {
    if (number > LARGEST_SMALL || number < -LARGEST_SMALL - 1) return undefined
    return `0x${(((number << 1) | 1) >>> 0).toString(16)}u`
}

/** The builtin string "length". */
export const LENGTH = immediate(Tag.string, stringIndex(StringKind.builtin, builtinString("length")))

export const functionWord = (index: number): string => immediate(Tag.function, index)
export const bufferWord = (index: number): string => immediate(Tag.imageBuffer, index)
export const builtinWord = (object: number): string => immediate(Tag.builtin, object)

/** @param kind of StringKind */
export const stringWord = (kind: keyof typeof StringKind, index: number): string =>
    immediate(Tag.string, stringIndex(StringKind[kind], index))

/** Word of the name by which an operation reads a field; undefined when it reads none. */
export function fieldWord({ opcode, value }: Pick<Expression, "opcode" | "value">): string | undefined {
    if (opcode === Op.builtinField) return stringWord("builtin", value)
    if (opcode === Op.asciiField) return stringWord("ascii", value)
    return opcode === Op.utf8Field ? stringWord("utf8", value) : undefined
}

/** Word of a name in the program's code. */
export function nameWord({ opcode, value }: Pick<Expression, "opcode" | "value">): string {
    if (opcode === Op.staticBuiltinString) return stringWord("builtin", value)
    return stringWord(opcode === Op.staticAsciiString ? "ascii" : "utf8", value)
}
