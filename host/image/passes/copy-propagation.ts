import { liveAtEntry } from "../analyses/liveness.js"
import { append, isConstant, slotsRead, slotStored, substitute } from "../ir/expressions.js"
import { Op } from "../ir/operations.js"
import type { ImageFunction, Statement } from "../ir/program.js"

/*
 * Copy and constant propagation: reads of a variable that is stored once become the constant, or the other variable,
 * that was stored.
 *
 * Precondition: live ranges are split, captured variables are lowered.
 * Changes: reads; the store stays, for dead-store elimination.
 * Sound because the store reaches every read (none may come before it) and what it copies never changes: a constant, or
 * a variable without any store. Floats stay in their variable unless they are read once: a literal takes more bytes.
 */

/** Returns true when something changed. */
export function propagateCopies(entry: ImageFunction): boolean {
    const { stores, reads } = count(entry)
    let changed = false
    // What is live at the entry stays live: only variables that are never stored are read more often.
    let live: Set<number> | undefined
    for (const [slot, [store, ...others]] of stores) {
        // A parameter has one more store: the call.
        if (others.length > 0 || slot < entry.arguments || (reads.get(slot) ?? 0) === 0) continue
        const [value] = store.operands
        const sameEverywhere = value.opcode === Op.loadLocal && !stores.has(value.value)
        if (!isConstant(value) && !sameEverywhere) continue
        if (value.opcode === Op.literalF64 && (reads.get(slot) ?? 0) > 1) continue
        // A read may come before the store and see undefined.
        if (store !== entry.body[0] && (live ??= liveAtEntry(entry)).has(slot)) continue
        for (const statement of entry.body)
            substitute(statement, ({ opcode, value: read }) => opcode === Op.loadLocal && read === slot, value)
        changed = true
    }
    return changed
}

interface Counts {
    stores: Map<number, Statement[]>
    reads: Map<number, number>
}

function count({ body }: ImageFunction): Counts {
    const stores = new Map<number, Statement[]>()
    const reads = new Map<number, number>()
    for (const statement of body) {
        const stored = slotStored(statement)
        if (stored !== undefined) append(stores, stored, statement)
        for (const [slot, n] of slotsRead(statement)) reads.set(slot, (reads.get(slot) ?? 0) + n)
    }
    return { stores, reads }
}
