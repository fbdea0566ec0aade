import { fieldKey } from "../ir/names.js"
import { expression, isCall, slotsRead, slotStored } from "../ir/expressions.js"
import { Op } from "../ir/operations.js"
import type { Expression, ImageFunction, Statement } from "../ir/program.js"

/*
 * Look-up sinking: the look-up of a method moves past the evaluation of the arguments into the call. When arguments
 * contain calls, the compiler looks the method up before them and keeps it in a slot, for which the machine allocates a bound
 * function; a call that looks its method up allocates none.
 *
 * Precondition: live ranges are split, captured variables are lowered.
 * Changes: the slot holds the object instead of the method; the callee becomes the look-up.
 * Sound because methods never change, so that a later look-up finds the same, as long as no object hides the method by a field:
 * a name that only methods have tells that (ClassModel), or the object's type. One difference is documented: a method of
 * undefined throws after the arguments have been evaluated.
 */

/** Whether a look-up certainly finds a method of the object's class. */
export type FindsMethod = (entry: ImageFunction, each: Statement, field: Expression) => boolean

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

const ALLOCATIONS = new Set<number>([Op.allocMap, Op.allocArray, Op.allocBuffer])
const QUIET = new Set<number>([...ALLOCATIONS, Op.storeLocal, Op.storeRetVal])

/**
 * Whether only arguments are evaluated between two statements: straight-line code with calls that stores into new
 * objects only.
 */
function areArguments(body: Statement[], from: number, to: number): boolean {
    const targets = new Set(body.map(({ target }) => target))
    const fresh = new Set<number>()
    let isNew = false
    for (let i = from + 1; i <= to; i++) {
        const { opcode, value, operands, target } = body[i]
        if (target !== null || targets.has(body[i])) return false
        const [place] = operands
        const stores = opcode === Op.indexSet
        const known =
            (place?.opcode === Op.loadLocal && fresh.has(place.value)) || (isNew && place?.opcode === Op.retVal)
        if (stores ? !known : !QUIET.has(opcode) && !isCall(body[i])) return false
        if (opcode === Op.storeLocal && known) fresh.add(value)
        else if (opcode === Op.storeLocal) fresh.delete(value)
        if (!stores && opcode !== Op.storeLocal) isNew = ALLOCATIONS.has(opcode)
    }
    return true
}

const isSlot = ({ opcode, value }: Expression, slot: number): boolean => opcode === Op.loadLocal && value === slot

/** Returns true when something changed. */
export function sinkMethodLookups(entry: ImageFunction, findsMethod: FindsMethod): boolean {
    let changed = false
    const isKept = (each: Statement): boolean => {
        const [found] = each.operands
        return slotStored(each) !== undefined && fieldKey(found) !== undefined && findsMethod(entry, each, found)
    }
    if (!entry.body.some(isKept)) return false
    for (const [slot, { stores, reads }] of usesOf(entry)) {
        const [store, call] = [stores.at(0), reads.at(0)]
        if (slot < entry.arguments || store === undefined || call === undefined) continue
        if (stores.length > 1 || reads.length > 1 || !isCall(call) || !isSlot(call.operands[0], slot)) continue
        const [method] = store.operands
        const [from, to] = [entry.body.indexOf(store), entry.body.indexOf(call)]
        if (to < from || !areArguments(entry.body, from, to)) continue
        if (!isKept(store)) continue
        const object = expression(Op.loadLocal, slot, [], method.origin)
        store.operands = method.operands
        call.operands[0] = { ...method, operands: [object] }
        changed = true
    }
    return changed
}
