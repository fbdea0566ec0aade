import { setsRetVal } from "../image/ir/expressions.js"
import { fieldKey, nameKey } from "../image/ir/names.js"
import { Op } from "../image/ir/operations.js"
import {
    type Expression,
    FunctionFlag,
    type ImageFunction,
    type ImageProgram,
    type Statement,
    walk,
    walkProgram,
} from "../image/ir/program.js"
import { type Classes } from "./classes.js"

/** A store that adds the object's next field, if no other code has added one. */
export interface Addition {
    /** how many fields the function has stored there before, none of them with this name */
    index: number
    /** how many it stores in all */
    fields: string[]
}

/** Slot number of the last result. */
const RESULT = -1

/**
 * The additions of one function: consecutive stores to `this` of a constructor or to a new object. All earlier ones have run
 * when one of them does, so an object with exactly that many fields does not have the name yet.
 */
export function additionsOf(source: ImageFunction): Map<Statement, Addition> {
    const additions = new Map<Statement, Addition>()
    const targets = new Set(source.body.map(({ target }) => target))
    let fresh = new Map<number, string[]>()
    if ((source.flags & FunctionFlag.constructor) !== 0) fresh.set(0, [])
    for (const statement of source.body) {
        if (targets.has(statement)) fresh = new Map()
        const fields = statement.opcode === Op.indexSet ? fresh.get(slotOf(statement.operands[0])) : undefined
        const key = fields === undefined ? undefined : nameKey(statement.operands[1])
        if (fields !== undefined && key !== undefined && !fields.includes(key)) {
            additions.set(statement, { index: fields.length, fields })
            fields.push(key)
        }
        follow(statement, fresh)
    }
    return additions
}

const slotOf = ({ opcode, value }: Expression): number =>
    opcode === Op.loadLocal ? value : opcode === Op.retVal ? RESULT : -2

/** Which slots hold the new object after a statement. */
function follow(statement: Statement, fresh: Map<number, string[]>): void {
    if (statement.opcode === Op.storeLocal) {
        const same = fresh.get(slotOf(statement.operands[0]))
        if (same === undefined) fresh.delete(statement.value)
        else fresh.set(statement.value, same)
    }
    if (setsRetVal(statement)) fresh.delete(RESULT)
    if (statement.opcode === Op.allocMap) fresh.set(RESULT, [])
}

/** Predicted index of each field in its objects (their shape); the machine checks the prediction. */
export class Shapes {
    private readonly additions = new Map<ImageFunction, Map<Statement, Addition>>()
    private readonly places = new Map<string, Map<number, number>>()
    private readonly used = new Map<ImageFunction, Set<string>>()
    private readonly ofClass = new Map<number, string[]>()

    constructor(
        private readonly program: ImageProgram,
        private readonly classes: Classes,
    ) {
        let deletes = false
        walkProgram(program, ({ opcode }) => (deletes ||= opcode === Op.indexDelete))
        program.functions.forEach((entry, index) => {
            const found = additionsOf(entry)
            // What deletes fields could make room for one that is there.
            this.additions.set(entry, deletes ? new Map<Statement, Addition>() : found)
            for (const { fields } of found.values())
                for (const [place, field] of fields.entries()) this.count(field, place)
            if ((entry.flags & FunctionFlag.constructor) !== 0) this.ofClass.set(index, fieldsOf(entry))
        })
    }

    private count(field: string, place: number): void {
        const places = this.places.get(field) ?? new Map<number, number>()
        this.places.set(field, places.set(place, (places.get(place) ?? 0) + 1))
    }

    addition(source: ImageFunction, statement: Statement): Addition | undefined {
        return this.additions.get(source)?.get(statement)
    }

    /** The class with this field that has most of the fields that a function uses of its first argument, a method's object once. */
    private classLike(source: ImageFunction, key: string): number | undefined {
        const used = this.used.get(source) ?? fieldsUsed(source)
        this.used.set(source, used)
        let best: number | undefined
        let most = 0
        for (const [index, fields] of this.ofClass) {
            const common = fields.includes(key) ? fields.filter((field) => used.has(field)).length : 0
            if (common > most) [best, most] = [index, common]
        }
        return best
    }

    /** Index among the object's fields; undefined without a prediction. */
    place(source: ImageFunction, object: Expression, key: string): number | undefined {
        const index = this.program.functions.indexOf(source)
        const isMethod = (source.flags & FunctionFlag.needsThis) !== 0
        const guess = (): number | undefined => (isMethod ? this.classes.ownerOf(index) : this.classLike(source, key))
        const owner = slotOf(object) === 0 ? guess() : undefined
        const own = owner === undefined ? -1 : (this.ofClass.get(owner) ?? []).indexOf(key)
        if (own >= 0) return own
        const places = [...(this.places.get(key) ?? [])]
        return places.sort(([, a], [, b]) => b - a).at(0)?.[0]
    }
}

/** Fields that a function reads or stores of its first argument. */
function fieldsUsed({ body }: ImageFunction): Set<string> {
    const found = new Set<string>()
    for (const statement of body)
        walk(statement, (each) => {
            const key = keyOf(each)
            if (key !== undefined && slotOf(each.operands[0]) === 0) found.add(key)
        })
    return found
}

/** Every field that a constructor stores, in order. */
function fieldsOf({ body }: ImageFunction): string[] {
    const stores = body.filter(({ opcode, operands }) => opcode === Op.indexSet && slotOf(operands[0]) === 0)
    return [...new Set(stores.flatMap(({ operands }) => nameKey(operands[1]) ?? []))]
}

/** The field that an expression reads, or a statement stores. */
export const keyOf = (found: Expression): string | undefined =>
    found.opcode === Op.indexSet ? nameKey(found.operands[1]) : fieldKey(found)
