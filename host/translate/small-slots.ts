import { edges } from "../image/ir/control-flow.js"
import { isCaptured, slotStored } from "../image/ir/expressions.js"
import { Op } from "../image/ir/operations.js"
import type { Expression, ImageFunction, Statement } from "../image/ir/program.js"
import { smallWord } from "./words.js"

type Slots = ReadonlySet<number>

const NONE: Slots = new Set()

/** Operations on small integers whose result is one, too, unless it is too large. */
const OPERATIONS = new Set<number>([
    ...[Op.add, Op.sub, Op.bitAnd, Op.bitOr, Op.bitXor],
    ...[Op.shiftLeft, Op.shiftRight],
])

/** Whether an expression is a number that is a small integer unless it is too large. @param known slots that hold one */
export function isSmall({ opcode, value, operands }: Expression, known: Slots): boolean {
    if (opcode === Op.literal) return smallWord(value) !== undefined
    if (opcode === Op.loadLocal) return known.has(value)
    return OPERATIONS.has(opcode) && operands.every((operand) => isSmall(operand, known))
}

/**
 * Which slots hold small integers before each statement of a function: a forward data-flow analysis. C leaves such a
 * statement to the interpreter if a result is too large. Wherever the interpreter may have stored such a result, C has to
 * ask again; but a slot that is known never holds anything but a number.
 */
export class SmallSlots {
    private readonly before = new Map<Statement, Slots>()

    constructor(source: ImageFunction) {
        const { body, tries } = source
        // Closures may store into captured slots, and a handler may be entered from any statement.
        if (isCaptured(source) || tries > 0 || body.length === 0) return
        const next = edges(body)
        const known: (Slots | undefined)[] = [NONE]
        for (const due = [0]; due.length > 0;) {
            const at = due.pop() as number
            const after = afterStatement(body[at], known[at] as Slots)
            for (const to of next[at]) {
                const met = meet(after, known[to])
                if (met.size === known[to]?.size) continue
                known[to] = met
                due.push(to)
            }
        }
        for (const [at, each] of body.entries()) this.before.set(each, known[at] ?? NONE)
    }

    at(statement: Statement): Slots {
        return this.before.get(statement) ?? NONE
    }
}

function afterStatement(statement: Statement, known: Slots): Slots {
    const stored = slotStored(statement)
    if (stored === undefined) return known
    const after = new Set(known)
    if (isSmall(statement.operands[0], known)) after.add(stored)
    else after.delete(stored)
    return after
}

const meet = (one: Slots, other: Slots | undefined): Slots =>
    other === undefined ? one : new Set([...one].filter((slot) => other.has(slot)))
