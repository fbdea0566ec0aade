import { Op } from "../operations.js"
import type { Expression, ImageFunction, Statement } from "../program.js"
import { expression, isCall, slotsRead } from "./facts.js"
import { slotStored } from "./lifetimes.js"
import { fieldKey, type MethodTable } from "./methods.js"

/*
 * When arguments have calls in them, the compiler looks the method up before, and keeps it in a slot: the machine makes a
 * bound function for it. With the object in the slot instead, and the look-up in the call, it makes none.
 */

interface Uses {
    stores: Statement[]
    reads: Statement[]
}

function usesOf({ body }: ImageFunction): Map<number, Uses> {
    const found = new Map<number, Uses>()
    const of = (slot: number): Uses => {
        const uses = found.get(slot) ?? { stores: [], reads: [] }
        found.set(slot, uses)
        return uses
    }
    for (const statement of body) {
        const stored = slotStored(statement)
        if (stored !== undefined) of(stored).stores.push(statement)
        for (const [slot, n] of slotsRead(statement)) for (let i = 0; i < n; i++) of(slot).reads.push(statement)
    }
    return found
}

const isSlot = ({ opcode, value }: Expression, slot: number): boolean => opcode === Op.loadLocal && value === slot

/** Lets calls look their methods up themselves. Returns true when something changed. */
export function unbindCallees(entry: ImageFunction, methods: MethodTable): boolean {
    let changed = false
    for (const [slot, { stores, reads }] of usesOf(entry)) {
        const [store, call] = [stores.at(0), reads.at(0)]
        if (slot < entry.arguments || store === undefined || call === undefined) continue
        if (stores.length > 1 || reads.length > 1 || !isCall(call) || !isSlot(call.operands[0], slot)) continue
        const [method] = store.operands
        if (fieldKey(method) === undefined || !methods.isMethod(method)) continue
        const object = expression(Op.loadLocal, slot, [], method.origin)
        store.operands = method.operands
        call.operands[0] = { ...method, operands: [object] }
        changed = true
    }
    return changed
}
