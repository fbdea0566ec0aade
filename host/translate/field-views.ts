import { isCall, slotStored } from "../image/ir/expressions.js"
import { Op, operation } from "../image/ir/operations.js"
import type { ImageFunction, Statement } from "../image/ir/program.js"

/** What is known about the object in a slot. */
interface View {
    /** the number of its class in the C; undefined when that was not checked */
    classNumber: number | undefined
    /** its least number of fields */
    count: number
    /** where the key was checked */
    places: Set<number>
    /** whether its variable points to them */
    isSet: boolean
}

type Views = Map<number, View>

const UNKNOWN = { classNumber: undefined, count: 0 }

/** What two paths to one place both know. */
function meet(one: Views, other: Views): Views {
    const met: Views = new Map()
    for (const [slot, view] of one) {
        const known = other.get(slot)
        if (known === undefined) continue
        const places = new Set([...view.places].filter((place) => known.places.has(place)))
        const isOfOne = view.classNumber === known.classNumber
        met.set(slot, {
            classNumber: isOfOne ? view.classNumber : undefined,
            count: Math.min(view.count, known.count),
            places,
            isSet: view.isSet && known.isSet,
        })
    }
    return met
}

/** C of what is known about an object: its least number of fields, and the key of one. */
export const known = (count: number, place: number, key: string): string =>
    `TRANSLATED_KNOWN(${count}, ${place}, ${key})`

/** How the C gets to an object's fields. */
export enum Way {
    /** the object must be checked */
    check,
    /** the object is known, its fields must be located */
    find,
    /** the variable points to them */
    none,
}

/**
 * Tracks for which slots a C variable points to the object's fields, while a function is written from its first
 * statement to its last. Objects never lose fields, so a check of an argument that is never stored to holds until the
 * function's end.
 */
export class FieldViews {
    private known: Views = new Map()
    /** what is known at each jump target */
    private readonly arriving = new Map<number, Views>()
    private readonly used = new Set<number>()
    /** arguments that are never stored to */
    private readonly kept: Set<number>
    /** what is assumed about them everywhere, as C of translated_assumption: one for each checked class or place */
    private readonly assumed = new Map<string, string>()
    /** whether the previous statement falls through to the next one */
    private goesOn = true

    constructor({ body, arguments: count }: ImageFunction, isCaptured: boolean) {
        const stored = new Set(body.map(slotStored))
        const slots = Array.from({ length: isCaptured ? 0 : count }, (_, slot) => slot)
        this.kept = new Set(slots.filter((slot) => !stored.has(slot)))
    }

    /**
     * What must be done before the first `count` fields of the object in a slot are used; it counts as done afterwards.
     */
    need(slot: number, count: number): Way {
        const view = this.known.get(slot)
        this.used.add(slot)
        if (view !== undefined && view.count >= count) {
            const way = view.isSet ? Way.none : Way.find
            view.isSet = true
            return way
        }
        this.known.set(slot, { ...UNKNOWN, places: new Set(), ...view, count, isSet: true })
        return Way.check
    }

    /** The same for fields that all objects of a class have in the same places. @param number of the class in the C */
    needClass(slot: number, number: number): Way {
        const view = this.known.get(slot)
        if (view?.classNumber === number) return this.needFound(slot)
        this.used.add(slot)
        this.known.set(slot, { ...UNKNOWN, places: new Set(), ...view, classNumber: number, isSet: true })
        if (this.kept.has(slot)) this.assumed.set(`${slot} of ${number}`, `{${slot}, TRANSLATED_OF(${number})}`)
        return Way.check
    }

    /** The same for fields that the object in a slot certainly has in these places. */
    needFound(slot: number): Way {
        const view = this.known.get(slot)
        this.used.add(slot)
        this.known.set(slot, { ...UNKNOWN, places: new Set(), ...view, isSet: true })
        return view?.isSet === true ? Way.none : Way.find
    }

    /** Whether a slot has the same argument everywhere. */
    isKept(slot: number): boolean {
        return this.kept.has(slot)
    }

    /**
     * Whether the key at a place must be checked before the field there is used, in an object that was needed; it
     * counts as checked afterwards.
     */
    needKey(slot: number, place: number, key: string): boolean {
        const { count, places } = this.known.get(slot) as View
        if (places.has(place)) return false
        places.add(place)
        if (this.kept.has(slot)) this.assumed.set(`${slot} ${place}`, `{${slot}, ${known(count, place, key)}}`)
        return true
    }

    /** Fields may have moved. */
    move(): void {
        for (const view of this.known.values()) view.isSet = false
    }

    /** The function may resume here in another turn, which checks its assumptions then. */
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

    /** A statement starts, perhaps as a target of earlier jumps; jumps that are written later are loops. */
    arrive(at: number): void {
        const jumped = this.arriving.get(at)
        if (!this.goesOn) this.known = jumped ?? new Map<number, View>()
        else if (jumped !== undefined) this.known = meet(jumped, this.known)
    }

    /** The interpreter takes over. */
    stop(): void {
        this.goesOn = false
    }

    /** Whether the previous statement falls through. */
    isReached(): boolean {
        return this.goesOn
    }

    /** A statement is written. */
    follow(statement: Statement): void {
        const { opcode, value } = statement
        if (opcode === Op.storeLocal) this.known.delete(value)
        // A call may store to any slot that closures share.
        if (opcode === Op.storeClosure) this.known.clear()
        if (isCall(statement)) this.move()
        this.goesOn = operation(opcode)?.kind !== "final" || opcode === Op.reThrow
    }

    /** Slots with a variable. */
    names(): number[] {
        return [...this.used].sort((a, b) => a - b)
    }

    /** C of what must be checked where the function resumes. */
    assumptions(): string[] {
        return [...this.assumed.values()]
    }
}
