import { BitRows } from "../ir/bit-rows.js"
import { edges } from "../ir/control-flow.js"
import { slotStored } from "../ir/expressions.js"
import { Op } from "../ir/operations.js"
import { type Expression, type ImageFunction, type Statement, walk } from "../ir/program.js"

/*
 * Live-range splitting: every variable gets a slot of its own. Stores that share no read become different slots.
 *
 * Precondition: captured variables are lowered, so that only the function itself accesses its slots. Changes: slot
 * numbers; parameters, and what is read before any store, keep theirs. Sound because reaching stores connect each read
 * with every store that it may see, on exceptional paths, too, and connected ones (a web) stay in one slot.
 */

/**
 * Webs as a forest. Values have numbers: first the slots' initial values, by slot, then those that statements store.
 */
class Webs {
    private readonly parents: number[]

    constructor(
        private readonly slots: number,
        values: number,
    ) {
        this.parents = Array.from({ length: values }, (_, value) => value)
    }

    root(value: number): number {
        const parent = this.parents[value]
        if (parent === value) return value
        return (this.parents[value] = this.root(parent))
    }

    join(a: number, b: number): void {
        const [first, other] = [this.root(a), this.root(b)]
        if (this.precedes(other, first)) this.parents[first] = other
        else this.parents[other] = first
    }

    /** A web with an initial value keeps that slot. */
    private precedes(a: number, b: number): boolean {
        if (a >= this.slots || b >= this.slots) return a < b
        return String(a) < String(b)
    }
}

/** Which values may be in the slots before each statement, one row each. */
class ReachingStores {
    private readonly rows: BitRows
    /** the values of each slot, one row each */
    private readonly ofSlot: BitRows
    /** the value that a statement stores */
    readonly stored: (number | undefined)[]
    readonly values: number

    constructor({ body, slots }: ImageFunction) {
        let values = slots
        this.stored = body.map((each) => (slotStored(each) === undefined ? undefined : values++))
        this.values = values
        this.ofSlot = new BitRows(slots, values)
        for (let slot = 0; slot < slots; slot++) this.ofSlot.add(slot, slot)
        body.forEach((each, i) => {
            if (each.opcode === Op.storeLocal) this.ofSlot.add(each.value, this.stored[i] as number)
        })
        // One more row for what is in the slots after a statement.
        this.rows = new BitRows(body.length + 1, values)
        for (let slot = 0; slot < slots; slot++) this.rows.add(0, slot)
        const next = edges(body)
        const handlers = body.flatMap(({ opcode }, i) => (opcode === Op.catch || opcode === Op.finally ? [i] : []))
        while (this.propagate(body, next, handlers));
    }

    /** Returns false when nothing changed. */
    private propagate(body: Statement[], next: number[][], handlers: number[]): boolean {
        const { rows } = this
        let changed = false
        body.forEach((each, i) => {
            const value = this.stored[i]
            const after = value === undefined ? i : body.length
            if (value !== undefined) {
                rows.assign(after, i)
                rows.removeAll(after, this.ofSlot, each.value)
                rows.add(after, value)
            }
            for (const following of next[i]) changed = rows.merge(following, after) || changed
            for (const handler of handlers) {
                changed = rows.merge(handler, i) || changed
                changed = rows.merge(handler, after) || changed
            }
        })
        return changed
    }

    /** The values that a read of a slot by a statement may see. */
    seen(place: number, slot: number): number[] {
        return this.rows.common(place, this.ofSlot, slot)
    }
}

/**
 * Gives every variable a slot of its own: stores that share no read become different slots. Arguments keep theirs. Not
 * for captured functions.
 */
export function splitLiveRanges(entry: ImageFunction): void {
    const { body } = entry
    const reaching = new ReachingStores(entry)
    const webs = new Webs(entry.slots, reaching.values)
    const reads: { expression: Expression; value: number }[] = []
    body.forEach((statement, i) =>
        walk(statement, (expression) => {
            if (expression.opcode !== Op.loadLocal) return
            const [value, ...others] = reaching.seen(i, expression.value)
            for (const other of others) webs.join(value, other)
            reads.push({ expression, value })
        }),
    )
    const slots = new Map<number, number>()
    let count = entry.slots
    const slotOf = (value: number): number => {
        const root = webs.root(value)
        if (root < entry.slots) return root
        const slot = slots.get(root) ?? count++
        slots.set(root, slot)
        return slot
    }
    body.forEach((statement, i) => {
        const value = reaching.stored[i]
        if (value !== undefined) statement.value = slotOf(value)
    })
    for (const { expression, value } of reads) expression.value = slotOf(value)
    entry.slots = count
}
