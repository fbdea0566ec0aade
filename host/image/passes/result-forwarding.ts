import { jumpTargets, removeStatement, successors } from "../ir/control-flow.js"
import {
    copyOf,
    isHandlerBoundary,
    mayThrow,
    readsRetVal,
    setsRetVal,
    stackDepth,
    substitute,
} from "../ir/expressions.js"
import { MAX_STACK, Op } from "../ir/operations.js"
import { type ImageFunction, type Statement, walk } from "../ir/program.js"

/*
 * Forward substitution of results: what `storeRetVal` leaves in `retVal` for the next statement is written into it, and goes where
 * nothing reads it.
 *
 * Precondition: none.
 * Changes: replaces a read of `retVal` by the value, removes the store.
 * Sound because the next statement is the only one to read the result, and evaluates the value in the same place.
 */

/** Facts about a function while no statement changes. */
interface Flow {
    targets: Set<Statement | null>
    /** statements after which `retVal` is live */
    live: Set<Statement>
}

/** Returns true when something changed. */
export function forwardResults({ body }: ImageFunction): boolean {
    let changed = false
    let flow: Flow | undefined
    for (let i = body.length - 2; i >= 0; i--) {
        if (body[i].opcode !== Op.storeRetVal) continue
        const { targets, live } = (flow ??= { targets: jumpTargets(body), live: resultLiveAfter(body) })
        const next = body[i + 1]
        const [value] = body[i].operands
        // Storing retVal into itself has no effect.
        if (value.opcode === Op.retVal || (!live.has(body[i]) && !mayThrow(value))) {
            removeStatement(body, i)
            flow = undefined
            changed = true
            continue
        }
        if (targets.has(next) || isHandlerBoundary(next) || next.opcode === Op.jmpRetValZ) continue
        if (countRetVal(next) !== 1 || live.has(next)) continue
        const trial = copyOf(next)
        substitute(trial, ({ opcode }) => opcode === Op.retVal, body[i].operands[0])
        if (stackDepth(trial) > MAX_STACK) continue
        next.operands = trial.operands
        removeStatement(body, i)
        flow = undefined
        changed = true
    }
    return changed
}

function countRetVal(statement: Statement): number {
    let n = 0
    walk(statement, ({ opcode }) => {
        if (opcode === Op.retVal) n++
    })
    return n
}

/** Statements after which retVal is live. */
function resultLiveAfter(body: Statement[]): Set<Statement> {
    const after = new Set<Statement>()
    const before = new Set(body.filter(readsRetVal))
    for (let changed = true; changed;) {
        changed = false
        for (let i = body.length - 1; i >= 0; i--) {
            if (after.has(body[i]) || !successors(body, i).some((next) => before.has(next))) continue
            after.add(body[i])
            if (!setsRetVal(body[i])) before.add(body[i])
            changed = true
        }
    }
    return after
}
