import { isCall, slotStored } from "../image/ir/expressions.js"
import { Op, operation } from "../image/ir/operations.js"
import type { ImageFunction, Statement } from "../image/ir/program.js"

/** What is known of the object in a slot. */
interface View {
    /** how many fields it has at least */
    count: number
    /** the words of their keys, as C, by places that were looked at */
    keys: Map<number, string>
    /** whether its variable points to them */
    isSet: boolean
}

type Views = Map<number, View>

/** What two ways to one place both know. */
function meet(one: Views, other: Views): Views {
    const met: Views = new Map()
    for (const [slot, view] of one) {
        const known = other.get(slot)
        if (known === undefined) continue
        const keys = new Map([...view.keys].filter(([place]) => known.keys.has(place)))
        met.set(slot, { count: Math.min(view.count, known.count), keys, isSet: view.isSet && known.isSet })
    }
    return met
}

/** How C comes to the fields of an object. */
export enum Way {
    /** the object is to be checked */
    check,
    /** the object is known, its fields are to be found */
    find,
    /** the variable points to them */
    none,
}

/**
 * For which slots a C variable points to the fields of the object, while a function is written from its first statement
 * to its last. Objects never lose fields; so what was checked of an argument that is never stored to holds to the
 * function's end.
 */
export class FieldViews {
    private known: Views = new Map()
    /** where jumps lead: what is known at each of them */
    private readonly arriving = new Map<number, Views>()
    private readonly used = new Set<number>()
    /** arguments that are never stored to */
    private readonly kept: Set<number>
    /** what is taken for known of them anywhere */
    private readonly assumed: Views = new Map()
    /** whether the statement before goes on with the next one */
    private goesOn = true

    constructor({ body, arguments: count }: ImageFunction, isCaptured: boolean) {
        const stored = new Set(body.map(slotStored))
        const slots = Array.from({ length: isCaptured ? 0 : count }, (_, slot) => slot)
        this.kept = new Set(slots.filter((slot) => !stored.has(slot)))
    }

    /** What is to be done before so many fields of the object in a slot are used; it is done then. */
    need(slot: number, count: number): Way {
        const view = this.known.get(slot)
        this.used.add(slot)
        if (view !== undefined && view.count >= count) {
            const way = view.isSet ? Way.none : Way.find
            view.isSet = true
            return way
        }
        this.known.set(slot, { count, keys: view?.keys ?? new Map<number, string>(), isSet: true })
        if (this.kept.has(slot)) this.assume(slot, count)
        return Way.check
    }

    private assume(slot: number, count: number): Map<number, string> {
        const assumed = this.assumed.get(slot) ?? { count: 0, keys: new Map<number, string>(), isSet: false }
        assumed.count = Math.max(assumed.count, count)
        this.assumed.set(slot, assumed)
        return assumed.keys
    }

    /** Whether the key at a place is to be looked at before the field there is used, whose slot was needed; it is then. */
    needKey(slot: number, place: number, key: string): boolean {
        const { count, keys } = this.known.get(slot) as View
        if (keys.has(place)) return false
        keys.set(place, key)
        if (this.kept.has(slot)) this.assume(slot, count).set(place, key)
        return true
    }

    /** Fields may lie elsewhere now. */
    move(): void {
        for (const view of this.known.values()) view.isSet = false
    }

    /** The function may go on here in another turn: what it assumes is checked then. */
    enter(): void {
        for (const slot of this.known.keys()) if (!this.kept.has(slot)) this.known.delete(slot)
        this.move()
    }

    /** A jump to a place is written. */
    leave(to: number): void {
        const before = this.arriving.get(to)
        const now = meet(this.known, this.known)
        this.arriving.set(to, before === undefined ? now : meet(before, now))
    }

    /** A place that jumps lead to; those that are not written yet are of loops. */
    arrive(at: number): void {
        const jumped = this.arriving.get(at)
        if (jumped === undefined) {
            if (!this.goesOn) this.known = new Map()
        } else this.known = this.goesOn ? meet(jumped, this.known) : jumped
    }

    /** A statement is written. */
    follow(statement: Statement): void {
        const { opcode, value } = statement
        if (opcode === Op.storeLocal) this.known.delete(value)
        // It may store to any slot that closures share.
        if (opcode === Op.storeClosure) this.known.clear()
        if (isCall(statement)) this.move()
        this.goesOn = operation(opcode)?.kind !== "final" || opcode === Op.reThrow
    }

    /** Slots with a variable. */
    names(): number[] {
        return [...this.used].sort((a, b) => a - b)
    }

    /** C that is true where the function goes on when something is not as it is assumed to be. */
    assumptions(variable: (slot: number) => string): string[] {
        return [...this.assumed].flatMap(([slot, { count, keys }]) => {
            const name = variable(slot)
            const each = [...keys].map(([place, key]) => `${name}[${2 * place}] != ${key}`)
            return [`(${name} = mote_translated_fields(vm, s[${slot}], ${count})) == NULL`, ...each]
        })
    }
}
