import { Op } from "../image/ir/operations.js"
import type { Expression } from "../image/ir/program.js"
import { smallWord } from "./words.js"

/* Arithmetic and comparisons with a constant: the C has a fast path inline (firmware/translated/arithmetic.h). */

/** The fast path's function, by opcode; mote_translated_binary is the slow path. */
const quick: Record<number, string | undefined> = {
    [Op.add]: "add",
    [Op.sub]: "sub",
    [Op.bitAnd]: "and",
    [Op.bitOr]: "or",
    [Op.bitXor]: "xor",
    [Op.shiftLeft]: "shift_left",
    [Op.shiftRight]: "shift_right",
}

/** A literal that is a small integer. */
const isSmall = ({ opcode, value }: Expression): boolean => opcode === Op.literal && smallWord(value) !== undefined

/**
 * A C condition that is true when the fast path applied and has stored the result in a variable; undefined for
 * operations without one.
 */
export function quickWay(expression: Expression, x: string, y: string, result: string): string | undefined {
    const name = quickOperation(expression)
    return name === undefined || !expression.operands.some(isSmall) ? undefined : `${name}(${x}, ${y}, &${result})`
}

/** The fast path's function; undefined for operations without one. */
export function quickOperation({ opcode }: Expression): string | undefined {
    const name = quick[opcode]
    return name === undefined ? undefined : `mote_quick_${name}`
}

/** C that compares with a small constant; undefined for other tests. */
export function quickTest({ opcode, operands }: Expression, x: string, y: string): string | undefined {
    if (!operands.some(isSmall)) return undefined
    if (opcode === Op.eq || opcode === Op.approxEq) return `${x} == ${y}`
    if (opcode === Op.ne || opcode === Op.approxNe) return `${x} != ${y}`
    if (opcode === Op.lt) return `mote_quick_less(vm, ${x}, ${y})`
    return opcode === Op.le ? `mote_quick_not_more(vm, ${x}, ${y})` : undefined
}
