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

/** Slots that a statement uses. A constructor's return reads `this`, which is the result of `new`. */
function slotsUsed(statement: Statement, flags: number): Set<number> {
    const used = new Set(slotsRead(statement).keys())
    if (statement.opcode === Op.return && (flags & FunctionFlag.constructor) !== 0) used.add(THIS)
    return used
}

/** Slots that are live after each statement. */
export function liveAfter({ body, flags }: ImageFunction): Map<Statement, Set<number>> {
    const liveOut = new Map(body.map((each) => [each, new Set<number>()]))
    const liveIn = new Map(body.map((each) => [each, slotsUsed(each, flags)]))
    // An exception may enter any handler at any time: what is live there is live everywhere.
    const handlers = body.filter(({ opcode }) => opcode === Op.catch || opcode === Op.finally)
    for (let changed = true; changed;) {
        changed = false
        for (let i = body.length - 1; i >= 0; i--) {
            const each = body[i]
            const after = liveOut.get(each) as Set<number>
            const before = liveIn.get(each) as Set<number>
            const size = after.size + before.size
            for (const next of [...successors(body, i), ...handlers])
                for (const slot of liveIn.get(next) as Set<number>) after.add(slot)
            for (const slot of after) if (slot !== slotStored(each)) before.add(slot)
            for (const next of handlers) for (const slot of liveIn.get(next) as Set<number>) before.add(slot)
            changed = changed || after.size + before.size !== size
        }
    }
    return liveOut
}

/** Slots whose initial value, an argument or undefined, is live. */
export function liveAtEntry(entry: ImageFunction): Set<number> {
    const [first] = entry.body
    const live = new Set(liveAfter(entry).get(first))
    const stored = slotStored(first)
    if (stored !== undefined && !entry.body.some(isHandlerBoundary)) live.delete(stored)
    for (const slot of slotsRead(first).keys()) live.add(slot)
    return live
}
