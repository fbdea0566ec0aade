import { FIRST_MULTIBYTE, FIRST_SMALL_INT, operation } from "../image/ir/operations.js"
import type { Expression, ImageFunction, Statement } from "../image/ir/program.js"

/** The end of an operation, in bytes from the image's start. */
export function operationEnd(image: Buffer, { origin: { at } }: Expression): number {
    const opcode = image[at]
    if (opcode >= FIRST_SMALL_INT || operation(opcode)?.immediate === "none") return at + 1
    const first = image[at + 1]
    return first < FIRST_MULTIBYTE ? at + 2 : at + 3 + (first & 3)
}

/** Where each statement of a function starts, at its first operand, in bytes from the image's start. */
export function statementStarts(image: Buffer, { start, body }: ImageFunction): Map<Statement, number> {
    let from = start
    const starts = new Map<Statement, number>()
    for (const statement of body) {
        starts.set(statement, from)
        from = operationEnd(image, statement)
    }
    return starts
}
