import { isCall, slotStored } from "../image/ir/expressions.js"
import { Op, operation } from "../image/ir/operations.js"
import type { ImageFunction, Statement } from "../image/ir/program.js"

/** What is known of the object in a slot. */
interface View {
    /** how many fields it has at least */
    count: number
    /** where the key was looked at */
    places: Set<number>
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
        const places = new Set([...view.places].filter((place) => known.places.has(place)))
        met.set(slot, { count: Math.min(view.count, known.count), places, isSet: view.isSet && known.isSet })
    }
    return met
}

/** C of what is known of an object: how many fields it has at least, and the key of one. */
export const known = (count: number, place: number, key: string): string =>
    `TRANSLATED_KNOWN(${count}, ${place}, ${key})`

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
    /** what is taken for known of them anywhere, as C of translated_assumption: one for each place that was looked at */
    private readonly assumed = new Map<string, string>()
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
        this.known.set(slot, { count, places: view?.places ?? new Set<number>(), isSet: true })
        return Way.check
    }

    /** Whether the key at a place is to be looked at before the field there is used, whose slot was needed; it is then. */
    needKey(slot: number, place: number, key: string): boolean {
        const { count, places } = this.known.get(slot) as View
        if (places.has(place)) return false
        places.add(place)
        if (this.kept.has(slot)) this.assumed.set(`${slot} ${place}`, `{${slot}, ${known(count, place, key)}}`)
        return true
    }

    /** Fields may lie elsewhere now. */
    move(): void {
        for (const view of this.known.values()) view.isSet = false
    }

    /** The function may go on here in another turn: what it assumes is looked at then. */
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

    /** A statement begins, perhaps where jumps lead to; those that are not written yet are of loops. */
    arrive(at: number): void {
        const jumped = this.arriving.get(at)
        if (!this.goesOn) this.known = jumped ?? new Map<number, View>()
        else if (jumped !== undefined) this.known = meet(jumped, this.known)
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

    /** C of what is to be looked at where the function goes on. */
    assumptions(): string[] {
        return [...this.assumed.values()]
    }
}
