import { Op } from "../image/ir/operations.js"
import type { Expression } from "../image/ir/program.js"

/* Arithmetic of values that are known to be small integers (small-slots.ts): C of int32_t, without tags. */

/** An integer as C without side effects. */
export interface Integer {
    code: string
    /** whether it may have 32 bits, one more than a small integer */
    isWide: boolean
}

/** The C's operators that never overflow. */
const BITWISE: Record<number, string | undefined> = { [Op.bitAnd]: "&", [Op.bitOr]: "|", [Op.bitXor]: "^" }

const SUMS: Record<number, string | undefined> = { [Op.add]: "+", [Op.sub]: "-" }

const isPositive = ({ opcode, value }: Expression): boolean => opcode === Op.literal && value >= 0

/**
 * C of an operation.
 * @param narrow leaves the C unless an operand is a small integer, and returns its C
 */
export function integerOf(
    { opcode, operands }: Expression,
    [x, y]: Integer[],
    narrow: (operand: Integer) => string,
): Integer {
    const bitwise = BITWISE[opcode]
    if (bitwise !== undefined) {
        const isMasked = opcode === Op.bitAnd && operands.some(isPositive)
        return { code: `(${x.code} ${bitwise} ${y.code})`, isWide: (x.isWide || y.isWide) && !isMasked }
    }
    const sum = SUMS[opcode]
    if (sum !== undefined) return { code: `(${narrow(x)} ${sum} ${narrow(y)})`, isWide: true }
    const bits = operands[1].opcode === Op.literal ? String(operands[1].value & 31) : `(${y.code} & 31)`
    if (opcode === Op.shiftRight) return { code: `(${x.code} >> ${bits})`, isWide: x.isWide }
    return { code: `(int32_t)((uint32_t)${x.code} << ${bits})`, isWide: true }
}

/** C that adds or subtracts the words of two small integers; true if the result is too large for one. */
export function sumOverflows({ opcode }: Expression, x: string, y: string, result: string): string {
    const name = opcode === Op.add ? "add" : "sub"
    return `__builtin_${name}_overflow((int32_t)${x}, (int32_t)(${y} - 1), &${result})`
}

export const isSum = ({ opcode }: Expression): boolean => opcode in SUMS

/** C operators of comparisons. */
export const COMPARISONS: Record<number, string | undefined> = {
    [Op.lt]: "<",
    [Op.le]: "<=",
    [Op.eq]: "==",
    [Op.ne]: "!=",
    [Op.approxEq]: "==",
    [Op.approxNe]: "!=",
}
