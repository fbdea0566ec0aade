import { Op } from "./operations.js"
import { type Expression, type ImageProgram, walkProgram } from "./program.js"

/* References of code into the tables of an image. */

export const REFERRING = {
    function: [Op.staticFunction, Op.makeClosure],
    ascii: [Op.staticAsciiString, Op.asciiField],
    utf8: [Op.staticUtf8String, Op.utf8Field],
    float: [Op.literalF64],
}

/** How often code refers to each entry of a table. */
export function countUses(program: ImageProgram, opcodes: number[]): Map<number, number> {
    const uses = new Map<number, number>()
    walkProgram(program, ({ opcode, value }) => {
        if (opcodes.includes(opcode)) uses.set(value, (uses.get(value) ?? 0) + 1)
    })
    return uses
}

export function renumber(program: ImageProgram, opcodes: number[], order: number[]): void {
    const places = new Map(order.map((old, i) => [old, i]))
    walkProgram(program, (found) => {
        if (opcodes.includes(found.opcode)) found.value = places.get(found.value) ?? 0
    })
}

export function byUse(uses: Map<number, number>): number[] {
    return [...uses.keys()].sort((a, b) => (uses.get(b) ?? 0) - (uses.get(a) ?? 0) || a - b)
}

export function keepFunctions(program: ImageProgram, order: number[]): void {
    const functions = order.map((index) => program.functions[index])
    program.functions = functions
    renumber(program, REFERRING.function, order)
}

export function signature({ opcode, value, operands }: Expression): unknown {
    return [opcode, value, operands.map(signature)]
}
