import { successors } from "../ir/control-flow.js"
import { slotStored } from "../ir/expressions.js"
import { Op } from "../ir/operations.js"
import { type Expression, type ImageFunction, type Statement, walk } from "../ir/program.js"

/*
 * Live-range splitting: every variable gets a slot of its own. Stores that no read has in common become different slots.
 *
 * Precondition: captured variables are lowered, so that nothing but the function itself reaches its slots.
 * Changes: slot numbers; parameters, and what is read before any store, keep theirs.
 * Sound because reaching stores connect each read with every store that it may see, on exceptional paths, too, and
 * connected ones (a web) stay in one slot.
 */

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

function reachingStores({ body, slots }: ImageFunction): Map<Statement, Stores> {
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
export function splitLiveRanges(entry: ImageFunction): void {
    const { body } = entry
    const before = reachingStores(entry)
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
