import { MAX_STACK, Op } from "../ir/operations.js"
import { type Expression, FunctionFlag, type ImageFunction, type Statement, walk } from "../ir/program.js"
import {
    copyOf,
    isBarrier,
    isCall,
    isConstant,
    mayThrow,
    readsHeap,
    readsRetVal,
    setsRetVal,
    slotsRead,
    stackDepth,
    successors,
} from "../ir/expressions.js"
import { liveBehind, remove, slotStored } from "./slot-allocation.js"
import { fieldKey, type MethodTable, nameKey } from "../analyses/method-table.js"

/* Values go where they are used, without a slot between; stores that nobody reads go. */

/** Moves values to their uses. Returns true when something changed. */
export function forwardValues(entry: ImageFunction, methods: MethodTable): boolean {
    let changed = false
    for (const pass of [forwardSlots, forwardRetVal, propagateCopies, dropStores])
        changed = pass(entry, methods) || changed
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
        if (stored !== undefined) stores.set(stored, [...(stores.get(stored) ?? []), statement])
        for (const [slot, n] of slotsRead(statement)) reads.set(slot, (reads.get(slot) ?? 0) + n)
    }
    return { stores, reads }
}

function replace(root: Expression, test: (expression: Expression) => boolean, by: Expression): void {
    root.operands.forEach((operand, i) => {
        if (test(operand)) root.operands[i] = copyOf(by)
        else replace(operand, test, by)
    })
}

function targetsOf(body: Statement[]): Set<Statement | null> {
    return new Set(body.map(({ target }) => target))
}

/** A constant, or another variable that never changes, instead of a variable that is it. */
function propagateCopies(entry: ImageFunction): boolean {
    const { stores, reads } = count(entry)
    let changed = false
    for (const [slot, [store, ...others]] of stores) {
        // An argument is stored once more by the caller.
        if (others.length > 0 || slot < entry.arguments || (reads.get(slot) ?? 0) === 0) continue
        const [value] = store.operands
        const sameEverywhere = value.opcode === Op.loadLocal && !stores.has(value.value)
        if (!isConstant(value) && !sameEverywhere) continue
        if (value.opcode === Op.literalF64 && (reads.get(slot) ?? 0) > 1) continue
        if (!isOnlyStore(entry, slot, store)) continue
        for (const statement of entry.body)
            replace(statement, ({ opcode, value: read }) => opcode === Op.loadLocal && read === slot, value)
        changed = true
    }
    return changed
}

/** False when a read may come before the store and see undefined. */
function isOnlyStore(entry: ImageFunction, slot: number, store: Statement): boolean {
    const [first] = entry.body
    if (first === store) return true
    if (slotsRead(first).has(slot)) return false
    return !wantedAtStart(entry, slot)
}

function wantedAtStart(entry: ImageFunction, slot: number): boolean {
    const behind = liveBehind(entry)
    const [first] = entry.body
    return behind.get(first)?.has(slot) === true && slotStored(first) !== slot
}

/** What stands between a value and its use. */
interface Way {
    retVal: boolean
    /** anything may have changed */
    heap: boolean
    jumps: boolean
    stored: Set<number>
    /** names of fields that were stored */
    fields: Set<string>
}

/** `this` of a method is an object, so that its fields can be read at any time. */
function isSelfRead(value: Expression, entry: ImageFunction, methods: MethodTable): boolean {
    return fieldKey(value) !== undefined && methods.hasObject(entry) && isSelf(entry, value.operands[0])
}

/** `this`, in a function that keeps it. */
export function isSelf(entry: ImageFunction, { opcode, value }: Expression): boolean {
    if ((entry.flags & FunctionFlag.needsThis) === 0 || opcode !== Op.loadLocal || value !== 0) return false
    return !entry.body.some((each) => slotStored(each) === 0)
}

function readsOneOf(value: Expression, fields: Set<string>): boolean {
    let found = false
    walk(value, (each) => {
        const key = fieldKey(each)
        if ((key !== undefined && fields.has(key)) || each.opcode === Op.index) found = true
    })
    return found
}

function mayMove(value: Expression, way: Way, entry: ImageFunction, methods: MethodTable): boolean {
    if (readsRetVal(value) && way.retVal) return false
    if (readsHeap(value) && (way.heap || (way.fields.size > 0 && readsOneOf(value, way.fields)))) return false
    if (hasEffects(way, entry) && mayThrow(value) && !isSelfRead(value, entry, methods)) return false
    return ![...slotsRead(value).keys()].some((slot) => way.stored.has(slot))
}

/** True when an error behind the way leaves other things behind than one before it: handlers see slots, too. */
function hasEffects(way: Way, entry: ImageFunction): boolean {
    return way.heap || way.jumps || way.fields.size > 0 || (way.stored.size > 0 && entry.body.some(isBarrier))
}

/** They change nothing but what they are there for. */
const HARMLESS_STATEMENTS = new Set<number>([Op.storeRetVal, Op.jmpZ, Op.allocMap, Op.allocArray])

function pass(way: Way, statement: Statement): void {
    if (statement.target !== null) way.jumps = true
    if (setsRetVal(statement)) way.retVal = true
    const stored = slotStored(statement)
    const field = statement.opcode === Op.indexSet ? nameKey(statement.operands[1]) : undefined
    if (stored !== undefined) way.stored.add(stored)
    else if (field !== undefined) way.fields.add(field)
    else if (!HARMLESS_STATEMENTS.has(statement.opcode)) way.heap = true
}

function forwardSlots(entry: ImageFunction, methods: MethodTable): boolean {
    const { body } = entry
    const hasHandlers = body.some(isBarrier)
    let targets = targetsOf(body)
    let behind = liveBehind(entry)
    let changed = false
    for (let i = body.length - 2; i >= 0; i--) {
        const slot = slotStored(body[i])
        if (slot === undefined) continue
        const [value] = body[i].operands
        const way: Way = { retVal: false, heap: false, jumps: false, stored: new Set(), fields: new Set() }
        for (let j = i + 1; j < body.length && !targets.has(body[j]) && !isBarrier(body[j]); j++) {
            const reads = slotsRead(body[j]).get(slot) ?? 0
            if (reads === 0) {
                if (slotStored(body[j]) === slot) break
                pass(way, body[j])
                // What a jump leads to may want it, too.
                if (
                    body[j].target !== null &&
                    behind.get(body[j])?.has(slot) === true &&
                    isWantedElsewhere(entry, body[j], slot)
                )
                    break
                continue
            }
            // A handler sees the old value when the statement that replaces it throws.
            const replaced = slotStored(body[j]) === slot && !hasHandlers
            const wantedLater = !replaced && behind.get(body[j])?.has(slot) === true
            if (reads > 1 || wantedLater) break
            if (!mayMove(value, way, entry, methods) && !isLateMethod(value, way, body[j], slot, methods)) break
            const trial = copyOf(body[j])
            replace(trial, ({ opcode, value: read }) => opcode === Op.loadLocal && read === slot, value)
            if (stackDepth(trial) > MAX_STACK) break
            body[j].operands = trial.operands
            remove(body, i)
            // What the value reads is wanted for longer now, and other statements may be jumped to.
            targets = targetsOf(body)
            behind = liveBehind(entry)
            changed = true
            break
        }
    }
    return changed
}

/** True when the jump's target wants the slot. */
function isWantedElsewhere(entry: ImageFunction, jump: Statement, slot: number): boolean {
    const { target } = jump
    if (target === null) return false
    return (
        slotsRead(target).has(slot) ||
        (liveBehind(entry).get(target)?.has(slot) === true && slotStored(target) !== slot)
    )
}

/**
 * The method of a variable that is called after its arguments have been worked out. The compiler looks it up first
 * and makes a bound function; nobody changes methods, so a look-up with the call finds the same.
 */
function isLateMethod(value: Expression, way: Way, call: Statement, slot: number, methods: MethodTable): boolean {
    if (value.opcode !== Op.asciiField && value.opcode !== Op.builtinField) return false
    const [receiver] = value.operands
    const [callee] = call.operands
    if (receiver.opcode !== Op.loadLocal || way.stored.has(receiver.value)) return false
    if (callee?.opcode !== Op.loadLocal || callee.value !== slot) return false
    return isCall(call) && methods.isMethod(value) && !way.jumps && way.fields.size === 0 && way.stored.size === 0
}

/** A value that a statement leaves in ret_val goes into the next one, or goes when nobody reads it. */
function forwardRetVal({ body }: ImageFunction): boolean {
    let changed = false
    for (let i = body.length - 2; i >= 0; i--) {
        if (body[i].opcode !== Op.storeRetVal) continue
        const targets = targetsOf(body)
        const wanted = retValWanted(body)
        const next = body[i + 1]
        const [value] = body[i].operands
        // ret_val stored into itself changes nothing.
        if (value.opcode === Op.retVal || (!wanted.has(body[i]) && !mayThrow(value))) {
            remove(body, i)
            changed = true
            continue
        }
        if (targets.has(next) || isBarrier(next) || next.opcode === Op.jmpRetValZ) continue
        if (countRetVal(next) !== 1 || wanted.has(next)) continue
        const trial = copyOf(next)
        replace(trial, ({ opcode }) => opcode === Op.retVal, body[i].operands[0])
        if (stackDepth(trial) > MAX_STACK) continue
        next.operands = trial.operands
        remove(body, i)
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

/** Statements behind which ret_val is wanted. */
function retValWanted(body: Statement[]): Set<Statement> {
    const behind = new Set<Statement>()
    const before = new Set(body.filter(readsRetVal))
    for (let changed = true; changed;) {
        changed = false
        for (let i = body.length - 1; i >= 0; i--) {
            if (behind.has(body[i]) || !successors(body, i).some((next) => before.has(next))) continue
            behind.add(body[i])
            if (!setsRetVal(body[i])) before.add(body[i])
            changed = true
        }
    }
    return behind
}

function dropStores(entry: ImageFunction): boolean {
    const { body } = entry
    const behind = liveBehind(entry)
    let changed = false
    for (let i = body.length - 2; i >= 0; i--) {
        const slot = slotStored(body[i])
        if (slot === undefined || mayThrow(body[i].operands[0]) || behind.get(body[i])?.has(slot) === true) continue
        remove(body, i)
        changed = true
    }
    return changed
}
