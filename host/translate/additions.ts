import { type ObjectLayout, superConstructor } from "../image/analyses/object-layout.js"
import { isConstructor, setsRetVal } from "../image/ir/expressions.js"
import { edges } from "../image/ir/control-flow.js"
import { nameKey } from "../image/ir/names.js"
import { Op } from "../image/ir/operations.js"
import type { Expression, ImageFunction, Statement } from "../image/ir/program.js"

/** A store that adds the object's next field, if no other code has added one. */
export interface Addition {
    /** how many fields the function has stored there before; none of them has this name */
    index: number
    /** all fields that it stores */
    fields: string[]
    /** whether a literal made the object, and not a constructor */
    isLiteral: boolean
}

/** A new object that a function stores fields into. */
interface NewObject {
    /** all fields that the function stores, on any path through it */
    fields: string[]
    isLiteral: boolean
}

/** What is known about the object in a slot. */
interface Known {
    object: NewObject
    /** the object's fields, in order */
    fields: readonly string[]
}

type Slots = Map<number, Known>

/** Slot number of the last result. */
const RESULT = -1

const slotOf = ({ opcode, value }: Expression): number =>
    opcode === Op.loadLocal ? value : opcode === Op.retVal ? RESULT : -2

/** Whether both paths to a statement have stored the same fields into the same object. */
const isSame = (one: Known, other: Known | undefined): boolean =>
    one.object === other?.object && one.fields.join() === other.fields.join()

const meet = (one: Slots, other: Slots): Slots =>
    new Map([...one].filter(([slot, known]) => isSame(known, other.get(slot))))

/** Jumps that leave operands and slots as they are. */
const JUMPS = new Set<number>([Op.jmp, Op.jmpZ, Op.jmpRetValZ])

/**
 * The predecessors of each statement; undefined where one may be a later statement, or a thrown error may lead to it.
 */
function predecessorsOf(body: Statement[]): (number[] | undefined)[] {
    const found: (number[] | undefined)[] = body.map(() => [])
    for (const [from, all] of edges(body).entries())
        for (const to of all) {
            const isKnown = from < to && (to === from + 1 || JUMPS.has(body[from].opcode))
            if (isKnown) found[to]?.push(from)
            else found[to] = undefined
        }
    return found
}

/** What a function adds to new objects. */
export interface Additions {
    /**
     * Stores to `this` in a constructor, or to a new object. All earlier ones have run when one runs, so an object with
     * exactly that many fields does not have the name yet.
     */
    stores: Map<Statement, Addition>
    /** all fields that an object literal's object gets, by the statement that makes it */
    literals: Map<Statement, string[]>
}

/** @param layout knows the fields of a base class */
export function additionsOf(entry: ImageFunction, layout: ObjectLayout): Additions {
    const stores = new Map<Statement, Addition>()
    const literals = new Map<Statement, string[]>()
    const { body } = entry
    const before = predecessorsOf(body)
    const after: Slots[] = []
    for (const [at, statement] of body.entries()) {
        const paths = before[at]?.map((from) => after[from]) ?? []
        const slots = new Map(paths.length > 0 ? paths.reduce(meet) : [])
        if (at === 0 && before[0]?.length === 0 && isConstructor(entry))
            slots.set(0, { object: { fields: [], isLiteral: false }, fields: [] })
        const base = superConstructor(statement)
        if (base !== undefined) addAll(slots, layout.completeFieldsOf(base))
        const addition = additionBy(statement, slots)
        if (addition !== undefined) stores.set(statement, addition)
        followSlots(statement, slots)
        const made = statement.opcode === Op.allocMap ? slots.get(RESULT)?.object.fields : undefined
        if (made !== undefined) literals.set(statement, made)
        after.push(slots)
    }
    return { stores, literals }
}

/** Adds the fields that `super()` has stored; undefined when they are unknown. */
function addAll(slots: Slots, fields: readonly string[] | undefined): void {
    const known = slots.get(0)
    if (fields === undefined || known === undefined || known.fields.length > 0) slots.delete(0)
    else store(slots, known, fields)
}

function store(slots: Slots, { object, fields }: Known, more: readonly string[]): void {
    object.fields.push(...more.filter((field) => !object.fields.includes(field)))
    for (const [slot, known] of slots)
        if (known.object === object) slots.set(slot, { object, fields: [...fields, ...more] })
}

function additionBy({ opcode, operands }: Statement, slots: Slots): Addition | undefined {
    const known = opcode === Op.indexSet ? slots.get(slotOf(operands[0])) : undefined
    const key = known === undefined ? undefined : nameKey(operands[1])
    if (known === undefined || key === undefined || known.fields.includes(key)) return undefined
    const { object, fields } = known
    store(slots, known, [key])
    return { index: fields.length, fields: object.fields, isLiteral: object.isLiteral }
}

/** Which slots hold the new object after a statement. */
function followSlots(statement: Statement, slots: Slots): void {
    if (statement.opcode === Op.storeLocal) {
        const known = slots.get(slotOf(statement.operands[0]))
        if (known === undefined) slots.delete(statement.value)
        else slots.set(statement.value, known)
    }
    if (setsRetVal(statement)) slots.delete(RESULT)
    if (statement.opcode === Op.allocMap) slots.set(RESULT, { object: { fields: [], isLiteral: true }, fields: [] })
}
