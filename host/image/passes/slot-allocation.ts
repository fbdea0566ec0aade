import { Op } from "../ir/operations.js"
import { type Expression, FunctionFlag, type ImageFunction, type Statement, walk } from "../ir/program.js"
import { isBarrier, slotsRead, successors } from "../ir/expressions.js"

/* Where the value of a slot is still wanted, and which stores belong to one variable. */

/** The slot that a statement stores into. */
export function slotStored({ opcode, value }: Statement): number | undefined {
    return opcode === Op.storeLocal ? value : undefined
}

/** The slot of `this`. */
const THIS = 0

/** Slots that a statement wants. A constructor's return reads `this`: the machine gives it to who made the object. */
function slotsWanted(statement: Statement, flags: number): Set<number> {
    const wanted = new Set(slotsRead(statement).keys())
    if (statement.opcode === Op.return && (flags & FunctionFlag.constructor) !== 0) wanted.add(THIS)
    return wanted
}

/** Slots that are wanted behind each statement. */
export function liveBehind({ body, flags }: ImageFunction): Map<Statement, Set<number>> {
    const behind = new Map(body.map((statement) => [statement, new Set<number>()]))
    const before = new Map(body.map((statement) => [statement, slotsWanted(statement, flags)]))
    // An error may lead to any of them at any time: what a handler wants is wanted everywhere.
    const handlers = body.filter(({ opcode }) => opcode === Op.catch || opcode === Op.finally)
    for (let changed = true; changed;) {
        changed = false
        for (let i = body.length - 1; i >= 0; i--) {
            const statement = body[i]
            const after = behind.get(statement) as Set<number>
            const here = before.get(statement) as Set<number>
            const size = after.size + here.size
            for (const next of [...successors(body, i), ...handlers])
                for (const slot of before.get(next) as Set<number>) after.add(slot)
            for (const slot of after) if (slot !== slotStored(statement)) here.add(slot)
            for (const next of handlers) for (const slot of before.get(next) as Set<number>) here.add(slot)
            changed = changed || after.size + here.size !== size
        }
    }
    return behind
}

/** Slots whose first value, an argument or undefined, is wanted. */
export function liveAtStart(entry: ImageFunction): Set<number> {
    const [first] = entry.body
    const live = new Set(liveBehind(entry).get(first))
    const stored = slotStored(first)
    if (stored !== undefined && !entry.body.some(isBarrier)) live.delete(stored)
    for (const slot of slotsRead(first).keys()) live.add(slot)
    return live
}

/** The store that a slot has before the first statement. */
const START = "start"

class Webs {
    private readonly parents = new Map<string, string>()

    root(name: string): string {
        const parent = this.parents.get(name)
        if (parent === undefined || parent === name) return name
        const root = this.root(parent)
        this.parents.set(name, root)
        return root
    }

    join(a: string, b: string): void {
        const roots = [this.root(a), this.root(b)].sort()
        // What has a value from the start keeps its slot.
        const first = roots.find((root) => root.startsWith(START)) ?? roots[0]
        for (const root of roots) this.parents.set(root, first)
    }
}

type Stores = Map<number, Set<string>>

function merge(into: Stores, from: Stores): boolean {
    let changed = false
    for (const [slot, names] of from) {
        const known = into.get(slot) ?? new Set()
        into.set(slot, known)
        for (const name of names) {
            changed = changed || !known.has(name)
            known.add(name)
        }
    }
    return changed
}

function storesBefore({ body, slots }: ImageFunction): Map<Statement, Stores> {
    const before = new Map<Statement, Stores>(body.map((statement) => [statement, new Map()]))
    const first: Stores = new Map(Array.from({ length: slots }, (_, slot) => [slot, new Set([`${START}${slot}`])]))
    merge(before.get(body[0]) as Stores, first)
    const handlers = body.filter(({ opcode }) => opcode === Op.catch || opcode === Op.finally)
    for (let changed = true; changed;) {
        changed = false
        body.forEach((statement, i) => {
            const here = before.get(statement) as Stores
            const stored = slotStored(statement)
            const after = stored === undefined ? here : new Map(here).set(stored, new Set([String(i)]))
            for (const next of successors(body, i)) changed = merge(before.get(next) as Stores, after) || changed
            for (const next of handlers) {
                changed = merge(before.get(next) as Stores, here) || changed
                changed = merge(before.get(next) as Stores, after) || changed
            }
        })
    }
    return before
}

/**
 * Gives every variable a slot of its own: stores that no read has in common become different slots. Arguments keep
 * theirs. Not for captured functions.
 */
export function splitSlots(entry: ImageFunction): void {
    const { body } = entry
    const before = storesBefore(entry)
    const webs = new Webs()
    const reads: { expression: Expression; name: string }[] = []
    for (const statement of body)
        walk(statement, (expression) => {
            if (expression.opcode !== Op.loadLocal) return
            const [name, ...others] = (before.get(statement) as Stores).get(expression.value) ?? []
            for (const other of others) webs.join(name, other)
            reads.push({ expression, name })
        })
    const slots = new Map<string, number>()
    let count = entry.slots
    const slotOf = (name: string): number => {
        const root = webs.root(name)
        if (root.startsWith(START)) return Number(root.slice(START.length))
        const slot = slots.get(root) ?? count++
        slots.set(root, slot)
        return slot
    }
    const stores = body.map((statement, i) => (slotStored(statement) === undefined ? 0 : slotOf(String(i))))
    for (const { expression, name } of reads) expression.value = slotOf(name)
    body.forEach((statement, i) => {
        if (slotStored(statement) !== undefined) statement.value = stores[i]
    })
    entry.slots = count
}

/** Lets variables that are never wanted together share a slot; copies between them vanish where that is possible. */
export function shareSlots(entry: ImageFunction): void {
    const { body } = entry
    const behind = liveBehind(entry)
    const conflicts = new Map<number, Set<number>>()
    const conflict = (a: number, b: number): void => {
        if (a === b) return
        conflicts.set(a, (conflicts.get(a) ?? new Set()).add(b))
        conflicts.set(b, (conflicts.get(b) ?? new Set()).add(a))
    }
    const first = [...liveAtStart(entry)]
    for (let slot = 0; slot < entry.arguments; slot++) for (const other of first) conflict(slot, other)
    for (const a of first) for (const b of first) conflict(a, b)
    const preferences = new Map<number, number[]>()
    for (const statement of body) {
        const stored = slotStored(statement)
        if (stored === undefined) continue
        const [value] = statement.operands
        const copied = value.opcode === Op.loadLocal ? value.value : -1
        for (const other of behind.get(statement) as Set<number>) if (other !== copied) conflict(stored, other)
        if (copied < 0) continue
        preferences.set(stored, [...(preferences.get(stored) ?? []), copied])
        preferences.set(copied, [...(preferences.get(copied) ?? []), stored])
    }
    assign(entry, conflicts, preferences)
}

function assign(entry: ImageFunction, conflicts: Map<number, Set<number>>, preferences: Map<number, number[]>): void {
    const colours = new Map<number, number>()
    for (let slot = 0; slot < entry.arguments; slot++) colours.set(slot, slot)
    const uses = usesOfSlots(entry)
    for (const slot of [...uses.keys()].sort((a, b) => a - b)) {
        if (colours.has(slot)) continue
        const taken = new Set([...(conflicts.get(slot) ?? [])].map((other) => colours.get(other)))
        for (const captured of entry.captured) taken.add(captured)
        const wanted = (preferences.get(slot) ?? []).map((other) => colours.get(other) ?? -1)
        let colour = wanted.find((candidate) => candidate >= 0 && !taken.has(candidate)) ?? 0
        while (taken.has(colour)) colour++
        colours.set(slot, colour)
    }
    for (const [slot, places] of uses) for (const place of places) place.value = colours.get(slot) ?? slot
    const used = [...colours.values(), ...entry.captured]
    entry.slots = Math.max(entry.arguments, ...used.map((colour) => colour + 1))
    for (let i = entry.body.length - 2; i >= 0; i--) if (isCopyOntoItself(entry.body[i])) remove(entry.body, i)
}

/** Takes a statement away; jumps to it lead to what follows. */
export function remove(body: Statement[], i: number): void {
    const [gone] = body.splice(i, 1)
    for (const other of body) if (other.target === gone) other.target = body[i]
}

function isCopyOntoItself({ opcode, value, operands }: Statement): boolean {
    return opcode === Op.storeLocal && operands[0].opcode === Op.loadLocal && operands[0].value === value
}

function usesOfSlots({ body }: ImageFunction): Map<number, Expression[]> {
    const uses = new Map<number, Expression[]>()
    for (const statement of body)
        walk(statement, (expression) => {
            if (expression.opcode !== Op.loadLocal && expression.opcode !== Op.storeLocal) return
            uses.set(expression.value, [...(uses.get(expression.value) ?? []), expression])
        })
    return uses
}
