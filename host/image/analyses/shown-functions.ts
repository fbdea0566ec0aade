import { isCall } from "../ir/expressions.js"
import { Op } from "../ir/operations.js"
import { type Expression, FunctionFlag, type ImageProgram } from "../ir/program.js"
import { REFERRING } from "../ir/references.js"
import type { ClassModel } from "./class-model.js"
import { isPrototype } from "./class-setup.js"
import { builtinKey, fieldKey, nameKey } from "../ir/names.js"

/* Functions whose names or identities a program can observe. */

/**
 * Functions whose names a program can print: those that are values, not only called, and classes of errors, whose `name` is that
 * of their class.
 */
export function shownFunctions(program: ImageProgram, classes: ClassModel): Set<number> {
    const shown = new Set(classes.classesOfMachine)
    let asksClass = false
    const look = (found: Expression, above: Expression | undefined, place: number): void => {
        const called = above !== undefined && place === 0 && (isCall(above) || above.opcode === Op.new)
        const stored = above !== undefined && isPrototypeBase(above)
        if (REFERRING.function.includes(found.opcode) && !called && !stored) shown.add(found.value)
        if (fieldKey(found) === CONSTRUCTOR || nameKey(found) === CONSTRUCTOR) asksClass = true
        found.operands.forEach((operand, i) => look(operand, found, i))
    }
    for (const entry of program.functions)
        for (const each of entry.body) {
            const [, key, value] = each.operands
            if (!classes.isMethodStore(each)) look(each, undefined, 0)
            else if (!classes.isOnlyCalled(nameKey(key) ?? "")) shown.add(value.value)
        }
    program.functions.forEach(({ flags }, i) => {
        if (asksClass && (flags & FunctionFlag.constructor) !== 0) shown.add(i)
    })
    return shown
}

const CONSTRUCTOR = builtinKey("constructor")

/** The class in `C.prototype`, or the base class in a call of its constructor. */
function isPrototypeBase(above: Expression): boolean {
    return isPrototype(above) || above.opcode === Op.bind
}
