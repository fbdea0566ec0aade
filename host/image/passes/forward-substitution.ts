import { Liveness } from "../analyses/liveness.js"
import type { ClassModel } from "../analyses/class-model.js"
import { fieldKey, nameKey } from "../ir/names.js"
import { jumpTargets, removeStatement } from "../ir/control-flow.js"
import {
    copyOf,
    isCall,
    isHandlerBoundary,
    isThis,
    mayThrow,
    readsHeap,
    readsRetVal,
    readsSlot,
    setsRetVal,
    slotsRead,
    slotStored,
    stackDepth,
    substitute,
} from "../ir/expressions.js"
import { MAX_STACK, Op } from "../ir/operations.js"
import { type Expression, type ImageFunction, type Statement, walk } from "../ir/program.js"

/*
 * Forward substitution: the value of a variable that is read once is evaluated where it is read, without a slot between.
 *
 * Precondition: live ranges are split, captured variables are lowered.
 * Changes: replaces the read by the value, removes the store.
 * Sound because the path from the store to the read is straight, without a jump target or handler, and evaluation
 * commutes with every statement on it: none stores a slot that the value reads, none sets `retVal` or memory that it
 * reads, and a value that may throw passes no statement with an effect. Conditional jumps on the path lead to where the variable
 * is not live.
 */

/** What executes between a store and a read. */
interface Path {
    retVal: boolean
    /** whether anything may have changed */
    heap: boolean
    jumps: boolean
    stored: Set<number>
    /** names of fields that were stored */
    fields: Set<string>
}

/** `this` of a method is an object, so that its fields can be read at any time. */
function isFieldOfThis(value: Expression, entry: ImageFunction, classes: ClassModel): boolean {
    return fieldKey(value) !== undefined && classes.hasObject(entry) && isThis(entry, value.operands[0])
}

function readsOneOf(value: Expression, fields: Set<string>): boolean {
    let found = false
    walk(value, (each) => {
        const key = fieldKey(each)
        if ((key !== undefined && fields.has(key)) || each.opcode === Op.index) found = true
    })
    return found
}

function mayMove(value: Expression, path: Path, entry: ImageFunction, classes: ClassModel, flow: Flow): boolean {
    if (readsRetVal(value) && path.retVal) return false
    if (readsHeap(value) && (path.heap || (path.fields.size > 0 && readsOneOf(value, path.fields)))) return false
    if (hasEffects(path, flow) && mayThrow(value) && !isFieldOfThis(value, entry, classes)) return false
    return ![...slotsRead(value).keys()].some((slot) => path.stored.has(slot))
}

/** True when an exception at the path's end leaves another state than one at its start: handlers see slots, too. */
function hasEffects(path: Path, { hasHandlers }: Flow): boolean {
    return path.heap || path.jumps || path.fields.size > 0 || (path.stored.size > 0 && hasHandlers)
}

/** Their only effect is on slots, `retVal` and new objects. */
const HARMLESS_STATEMENTS = new Set<number>([Op.storeRetVal, Op.jmpZ, Op.allocMap, Op.allocArray])

function extend(path: Path, statement: Statement): void {
    if (statement.target !== null) path.jumps = true
    if (setsRetVal(statement)) path.retVal = true
    const stored = slotStored(statement)
    const field = statement.opcode === Op.indexSet ? nameKey(statement.operands[1]) : undefined
    if (stored !== undefined) path.stored.add(stored)
    else if (field !== undefined) path.fields.add(field)
    else if (!HARMLESS_STATEMENTS.has(statement.opcode)) path.heap = true
}

/** Facts about a function, updated with each substitution. */
interface Flow {
    targets: Set<Statement | null>
    live: Liveness
    hasHandlers: boolean
}

/** The first read of a variable after its store, and the path there. */
interface Use {
    at: number
    path: Path
}

/** Substitutes where possible. Returns true when something changed. */
export function substituteForward(entry: ImageFunction, classes: ClassModel): boolean {
    const hasHandlers = entry.body.some(isHandlerBoundary)
    const flow: Flow = { targets: jumpTargets(entry.body), live: new Liveness(entry), hasHandlers }
    let changed = false
    for (let i = entry.body.length - 2; i >= 0; i--) {
        const use = findUse(entry, flow, i)
        if (use === undefined || !substituteAt(entry, classes, flow, i, use)) continue
        changed = true
    }
    return changed
}

/** Undefined when the straight path after the store at `i` ends before a read, or a jump on it leads to one. */
function findUse({ body }: ImageFunction, { targets, live }: Flow, i: number): Use | undefined {
    const slot = slotStored(body[i])
    if (slot === undefined) return undefined
    const path: Path = { retVal: false, heap: false, jumps: false, stored: new Set(), fields: new Set() }
    for (let at = i + 1; at < body.length && !targets.has(body[at]) && !isHandlerBoundary(body[at]); at++) {
        if (readsSlot(body[at], slot)) return { at, path }
        if (slotStored(body[at]) === slot || isLiveAtTarget(body[at], slot, live)) return undefined
        extend(path, body[at])
    }
    return undefined
}

function isLiveAtTarget({ target }: Statement, slot: number, live: Liveness): boolean {
    if (target === null) return false
    return readsSlot(target, slot) || (live.has(target, slot) && slotStored(target) !== slot)
}

function substituteAt(entry: ImageFunction, classes: ClassModel, flow: Flow, i: number, { at, path }: Use): boolean {
    const { body } = entry
    const slot = slotStored(body[i]) as number
    const [value] = body[i].operands
    // A handler sees the old value when the statement that replaces it throws.
    const isReplaced = slotStored(body[at]) === slot && !flow.hasHandlers
    const isReadLater = !isReplaced && flow.live.has(body[at], slot)
    if (isReadLater || (slotsRead(body[at]).get(slot) ?? 0) > 1) return false
    if (!mayMove(value, path, entry, classes, flow) && !isSinkableLookup(value, path, body[at], slot, classes))
        return false
    const trial = copyOf(body[at])
    substitute(trial, ({ opcode, value: read }) => opcode === Op.loadLocal && read === slot, value)
    if (stackDepth(trial) > MAX_STACK) return false
    flow.live.moveValue(slot, value, body.slice(i + 1, at))
    if (flow.targets.delete(body[i])) flow.targets.add(body[i + 1])
    body[at].operands = trial.operands
    removeStatement(body, i)
    return true
}

/**
 * The look-up of a method that is called once its arguments are evaluated. The compiler looks it up before them and
 * makes a bound function; methods never change, so a look-up by the call finds the same.
 */
function isSinkableLookup(value: Expression, path: Path, call: Statement, slot: number, classes: ClassModel): boolean {
    if (value.opcode !== Op.asciiField && value.opcode !== Op.builtinField) return false
    const [receiver] = value.operands
    const [callee] = call.operands
    if (receiver.opcode !== Op.loadLocal || path.stored.has(receiver.value)) return false
    if (callee?.opcode !== Op.loadLocal || callee.value !== slot) return false
    return isCall(call) && classes.isMethod(value) && !path.jumps && path.fields.size === 0 && path.stored.size === 0
}
