import { successors } from "../ir/control-flow.js"
import { isHandlerBoundary, slotsRead, slotStored } from "../ir/expressions.js"
import { Op } from "../ir/operations.js"
import { FunctionFlag, type ImageFunction, type Statement } from "../ir/program.js"

/*
 * Liveness: which slots may be read before they are stored again. A backward data-flow analysis over the statements of one
 * function. A handler may be entered from any statement, so what is live where it begins is live everywhere.
 */

/** The slot of `this`. */
const THIS = 0

/** Slots that a statement wants. A constructor's return reads `this`: the machine gives it to who made the object. */
function slotsUsed(statement: Statement, flags: number): Set<number> {
    const wanted = new Set(slotsRead(statement).keys())
    if (statement.opcode === Op.return && (flags & FunctionFlag.constructor) !== 0) wanted.add(THIS)
    return wanted
}

/** Slots that are wanted behind each statement. */
export function liveAfter({ body, flags }: ImageFunction): Map<Statement, Set<number>> {
    const behind = new Map(body.map((statement) => [statement, new Set<number>()]))
    const before = new Map(body.map((statement) => [statement, slotsUsed(statement, flags)]))
    // An error may lead to any of them at any time: what a handler wants is wanted everywhere.
    const handlers = body.filter(({ opcode }) => opcode === Op.catch || opcode === Op.finally)
    for (let changed = true; changed;) {
        changed = false
        for (let i = body.length - 1; i >= 0; i--) {
            const statement = body[i]
            const after = behind.get(statement) as Set<number>
            const here = before.get(statement) as Set<number>
            const size = after.size + here.size
            for (const next of [...successors(body, i), ...handlers])
                for (const slot of before.get(next) as Set<number>) after.add(slot)
            for (const slot of after) if (slot !== slotStored(statement)) here.add(slot)
            for (const next of handlers) for (const slot of before.get(next) as Set<number>) here.add(slot)
            changed = changed || after.size + here.size !== size
        }
    }
    return behind
}

/** Slots whose first value, an argument or undefined, is wanted. */
export function liveAtEntry(entry: ImageFunction): Set<number> {
    const [first] = entry.body
    const live = new Set(liveAfter(entry).get(first))
    const stored = slotStored(first)
    if (stored !== undefined && !entry.body.some(isHandlerBoundary)) live.delete(stored)
    for (const slot of slotsRead(first).keys()) live.add(slot)
    return live
}
