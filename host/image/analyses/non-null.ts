import { successors } from "../ir/control-flow.js"
import { isCall, isHandlerBoundary, mayThrow, slotStored } from "../ir/expressions.js"
import { Op } from "../ir/operations.js"
import { type Expression, type ImageFunction, type Statement, walk } from "../ir/program.js"
import { fieldKey } from "../ir/names.js"

/* Non-null analysis: which slots cannot hold undefined or null. A forward data-flow analysis over the statements of a function. */

/** Stands for ret_val among the slots. */
const RET_VAL = -1

type Known = Set<number>

const ALLOCATIONS = new Set<number>([Op.allocMap, Op.allocArray, Op.allocBuffer])
const ALWAYS = new Set<number>([
    ...[Op.builtinObject, Op.staticFunction, Op.makeClosure, Op.literal, Op.true, Op.false],
    ...[Op.staticAsciiString, Op.staticUtf8String, Op.staticBuiltinString, Op.staticBuffer],
])

/** Slots whose fields a statement reads or writes: it throws a TypeError when one holds undefined or null. */
export function dereferenced(above: Statement): Set<number> {
    const found = new Set<number>()
    const note = (object: Expression): void => {
        if (object.opcode === Op.loadLocal) found.add(object.value)
        if (object.opcode === Op.retVal) found.add(RET_VAL)
    }
    walk(above, (each) => {
        if (fieldKey(each) !== undefined || each.opcode === Op.indexSet) note(each.operands[0])
    })
    return found
}

function isKnown({ opcode, value }: Expression, known: Known): boolean {
    if (opcode === Op.loadLocal) return known.has(value)
    return ALWAYS.has(opcode) || (opcode === Op.retVal && known.has(RET_VAL))
}

/** The transfer function of a statement. */
function transfer(each: Statement, before: Known): Known {
    const known = new Set([...before, ...dereferenced(each)])
    const stored = slotStored(each)
    if (stored !== undefined) {
        const [value] = each.operands
        if (isKnown(value, known)) known.add(stored)
        else known.delete(stored)
    } else if (each.opcode === Op.storeRetVal) {
        if (isKnown(each.operands[0], known)) known.add(RET_VAL)
        else known.delete(RET_VAL)
    } else if (ALLOCATIONS.has(each.opcode) || constructs(each)) known.add(RET_VAL)
    else if (each.target === null) known.delete(RET_VAL)
    return known
}

/** `new C(...)`: a constructor's result is an object. */
function constructs(each: Statement): boolean {
    return isCall(each) && each.operands[0].opcode === Op.new
}

/** Where a conditional jump falls through, its condition is true. */
function fallThrough({ opcode, operands }: Statement, known: Known): Known {
    if (opcode === Op.jmpRetValZ) return new Set([...known, RET_VAL])
    if (opcode !== Op.jmpZ || operands[0].opcode !== Op.loadLocal) return known
    return new Set([...known, operands[0].value])
}

/**
 * Slots that hold neither undefined nor null before each statement.
 * @param self true when `this` is an object, in slot 0
 */
function nonNullSlots({ body }: ImageFunction, self: boolean): Map<Statement, Known> {
    const kept = self && !body.some((each) => slotStored(each) === 0)
    const before = new Map<Statement, Known>([[body[0], new Set(self ? [0] : [])]])
    // A handler may be entered from any statement.
    for (const each of body) if (isHandlerBoundary(each)) before.set(each, new Set(kept ? [0] : []))
    for (let changed = true; changed;) {
        changed = false
        body.forEach((each, i) => {
            const here = before.get(each)
            if (here === undefined) return
            const known = transfer(each, here)
            for (const next of successors(body, i)) {
                const incoming = next === body[i + 1] && next !== each.target ? fallThrough(each, known) : known
                const old = before.get(next)
                const met =
                    old === undefined ? new Set(incoming) : new Set([...old].filter((slot) => incoming.has(slot)))
                if (old !== undefined && met.size === old.size) continue
                before.set(next, met)
                changed = true
            }
        })
    }
    return before
}

/** The results of `nonNullSlots` for functions that do not change meanwhile. */
export class NonNullSlots {
    private readonly known = new Map<ImageFunction, Map<Statement, Known>[]>()

    before(entry: ImageFunction, self: boolean, each: Statement): Known | undefined {
        const bySelf = this.known.get(entry) ?? []
        this.known.set(entry, bySelf)
        return (bySelf[Number(self)] ??= nonNullSlots(entry, self)).get(each)
    }
}

const WITHOUT_EFFECT = new Set<number>([Op.storeLocal, Op.storeRetVal, Op.jmp, Op.jmpZ, Op.allocMap, Op.allocArray])

/**
 * True when a function that runs with undefined for `this`, in slot 0, throws the TypeError of a field before it does
 * anything else, on every path.
 */
export function failsWithoutThis({ body }: ImageFunction): boolean {
    const reached = new Set([0])
    for (const i of reached) {
        const each = body[i]
        if (dereferenced(each).has(0)) continue
        if (!WITHOUT_EFFECT.has(each.opcode) || each.operands.some(mayThrow) || slotStored(each) === 0) return false
        const next = successors(body, i).map((following) => body.indexOf(following))
        // A loop might never reach the field.
        if (next.some((at) => at <= i)) return false
        for (const at of next) reached.add(at)
    }
    return true
}
