import { BitRows } from "../ir/bit-rows.js"
import { edges } from "../ir/control-flow.js"
import { isHandlerBoundary, slotsRead, slotStored } from "../ir/expressions.js"
import { Op } from "../ir/operations.js"
import { type Expression, FunctionFlag, type ImageFunction, type Statement } from "../ir/program.js"

/*
 * Liveness: which slots may be read before they are stored again. A backward data-flow analysis over the statements of one
 * function. A handler may be entered from any statement, so what is live where it begins is live everywhere.
 */

/** The slot of `this`. */
const THIS = 0

/** Which slots are live after each statement of a function. */
export class Liveness {
    private readonly rows: BitRows
    private readonly places: Map<Statement, number>

    constructor(entry: ImageFunction) {
        const { body, slots } = entry
        this.places = new Map(body.map((each, i) => [each, i]))
        // One row for what is live after each statement, one for what is live before it, and one for all handlers.
        this.rows = new BitRows(2 * body.length + 1, Math.max(1, slots))
        body.forEach((each, i) => this.addUses(each, body.length + i, entry.flags))
        const next = edges(body)
        while (this.propagate(body, next));
    }

    /** A constructor's return reads `this`, which is the result of `new`. */
    private addUses(each: Statement, row: number, flags: number): void {
        this.addReads(each, row)
        if (each.opcode === Op.return && (flags & FunctionFlag.constructor) !== 0) this.rows.add(row, THIS)
    }

    private addReads(found: Expression, row: number): void {
        if (found.opcode === Op.loadLocal) this.rows.add(row, found.value)
        for (const operand of found.operands) this.addReads(operand, row)
    }

    /** Returns false when nothing changed. */
    private propagate(body: Statement[], next: number[][]): boolean {
        const { rows } = this
        const [before, handlers] = [body.length, 2 * body.length]
        let changed = false
        for (let i = body.length - 1; i >= 0; i--) {
            const { opcode } = body[i]
            for (const following of next[i]) changed = rows.merge(i, before + following) || changed
            changed = rows.merge(i, handlers) || changed
            changed = this.passOn(body[i], i, before + i) || changed
            changed = rows.merge(before + i, handlers) || changed
            if (opcode === Op.catch || opcode === Op.finally) changed = rows.merge(handlers, before + i) || changed
        }
        return changed
    }

    /** What is live after a statement is live before it, except what it stores. */
    private passOn(each: Statement, after: number, before: number): boolean {
        const stored = slotStored(each)
        if (stored === undefined || this.rows.has(before, stored)) return this.rows.merge(before, after)
        const isLive = this.rows.has(after, stored)
        this.rows.delete(after, stored)
        const changed = this.rows.merge(before, after)
        if (isLive) this.rows.add(after, stored)
        return changed
    }

    /** Whether a slot is live after a statement. */
    has(each: Statement, slot: number): boolean {
        return this.rows.has(this.places.get(each) as number, slot)
    }

    /** The slots that are live after a statement. */
    after(each: Statement): number[] {
        return this.rows.members(this.places.get(each) as number)
    }

    /**
     * Updates liveness when a value is evaluated by the statement that read it, without the slot between.
     * @param path the statements between the store, which is removed, and the reader
     */
    moveValue(slot: number, value: Expression, path: Statement[]): void {
        for (const each of path) {
            const row = this.places.get(each) as number
            this.rows.delete(row, slot)
            this.addReads(value, row)
        }
    }
}

/** The slots that are live before a statement. */
export function liveBefore(each: Statement, liveness: Liveness): number[] {
    const live = new Set(liveness.after(each))
    const stored = slotStored(each)
    if (stored !== undefined) live.delete(stored)
    for (const slot of slotsRead(each).keys()) live.add(slot)
    return [...live]
}

/**
 * Slots whose initial value, an argument or undefined, is live. @param liveness of the function, if already computed
 */
export function liveAtEntry(entry: ImageFunction, liveness = new Liveness(entry)): Set<number> {
    const [first] = entry.body
    const live = new Set(liveness.after(first))
    const stored = slotStored(first)
    if (stored !== undefined && !entry.body.some(isHandlerBoundary)) live.delete(stored)
    for (const slot of slotsRead(first).keys()) live.add(slot)
    return live
}
