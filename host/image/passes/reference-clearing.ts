import { Liveness } from "../analyses/liveness.js"
import { successors } from "../ir/control-flow.js"
import { expression, readsSlot, slotStored, statement } from "../ir/expressions.js"
import { Op } from "../ir/operations.js"
import type { ImageFunction, Statement } from "../ir/program.js"

/*
 * Clearing of dead references: before a call that may suspend the fiber, slots whose value is dead are set to undefined, so
 * that the garbage collector can free the objects while the fiber waits.
 *
 * Precondition: slots are allocated. No dead-store elimination follows.
 * Changes: inserts stores of undefined.
 * Sound because the slots are not live. Only slots with results of calls are cleared: those may hold the last reference.
 */

/** @param suspending calls during which the fiber may be suspended */
export function clearDeadReferences(entry: ImageFunction, suspending: Set<Statement>): void {
    const { body } = entry
    const live = new Liveness(entry)
    const clears = new Map<Statement, Set<number>>()
    const before = new Map(body.map((each) => [each, new Set<number>()]))
    for (let changed = true; changed;) {
        changed = false
        body.forEach((each, i) => {
            const filled = new Set(before.get(each))
            if (suspending.has(each))
                for (const slot of filled) {
                    if (isUsed(each, slot, live)) continue
                    clears.set(each, (clears.get(each) ?? new Set()).add(slot))
                    filled.delete(slot)
                }
            const stored = slotStored(each)
            if (stored !== undefined) filled.delete(stored)
            if (stored !== undefined && each.operands[0].opcode === Op.retVal) filled.add(stored)
            for (const next of successors(body, i)) {
                const known = before.get(next) as Set<number>
                for (const slot of filled) {
                    changed = changed || !known.has(slot)
                    known.add(slot)
                }
            }
        })
    }
    for (const [call, slots] of clears) insertBefore(body, call, slots)
}

function isUsed(call: Statement, slot: number, live: Liveness): boolean {
    return live.has(call, slot) || readsSlot(call, slot)
}

function insertBefore(body: Statement[], call: Statement, slots: Set<number>): void {
    const made = [...slots].map((slot) =>
        statement(Op.storeLocal, slot, [expression(Op.undefined, 0, [], call.origin)], call.origin),
    )
    body.splice(body.indexOf(call), 0, ...made)
    for (const each of body) if (each.target === call) each.target = made[0]
}
