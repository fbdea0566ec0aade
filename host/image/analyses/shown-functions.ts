import { isCall } from "../ir/expressions.js"
import { Op } from "../ir/operations.js"
import { type Expression, FunctionFlag, type ImageProgram } from "../ir/program.js"
import { REFERRING } from "../ir/references.js"
import { isMethodStore, isPrototype } from "./function-facts.js"
import { MethodTable } from "./method-table.js"
import { builtinKey, fieldKey, nameKey } from "../ir/names.js"

/* Functions whose names or identities a program can observe. */

/** Functions whose names a program can print: those that are values, not only called, and classes of errors. */
export function shownFunctions(program: ImageProgram): Set<number> {
    const shown = errorClasses(program)
    const methods = new MethodTable(program)
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
            if (entry !== program.setup || !isMethodStore(each)) look(each, undefined, 0)
            else if (!methods.isOnlyCalled(nameKey(key) ?? "")) shown.add(value.value)
        }
    program.functions.forEach(({ flags }, i) => {
        if (asksClass && (flags & FunctionFlag.constructor) !== 0) shown.add(i)
    })
    return shown
}

const CONSTRUCTOR = builtinKey("constructor")

/** Classes that extend the machine's: an error's `name` is that of its class. */
function errorClasses(program: ImageProgram): Set<number> {
    const bases = new Map<number, Expression>()
    for (const each of program.setup?.body ?? []) {
        const [callee, derived, base] = each.operands
        if (callee?.opcode !== Op.objectField || derived?.operands[0]?.opcode !== Op.staticFunction) continue
        bases.set(derived.operands[0].value, base)
    }
    const isOfMachine = (base: Expression | undefined): boolean => {
        if (base === undefined || base.opcode === Op.builtinObject) return base !== undefined
        return base.operands[0].opcode !== Op.staticFunction || isOfMachine(bases.get(base.operands[0].value))
    }
    return new Set([...bases.keys()].filter((index) => isOfMachine(bases.get(index))))
}

/** The class in `C.prototype`, or the base class in a call of its constructor. */
function isPrototypeBase(above: Expression): boolean {
    return isPrototype(above) || above.opcode === Op.bind
}
