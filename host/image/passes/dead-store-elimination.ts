import { Liveness } from "../analyses/liveness.js"
import { removeStatement } from "../ir/control-flow.js"
import { mayThrow, slotStored } from "../ir/expressions.js"
import type { ImageFunction } from "../ir/program.js"

/*
 * Dead-store elimination: stores to slots that are not live afterwards go.
 *
 * Precondition: captured variables are lowered.
 * Changes: removes statements.
 * Sound because the value has no effect: a value whose evaluation may throw is kept.
 */

export function eliminateDeadStores(entry: ImageFunction): boolean {
    const { body } = entry
    const live = new Liveness(entry)
    let changed = false
    for (let i = body.length - 2; i >= 0; i--) {
        const slot = slotStored(body[i])
        if (slot === undefined || mayThrow(body[i].operands[0]) || live.has(body[i], slot)) continue
        removeStatement(body, i)
        changed = true
    }
    return changed
}
