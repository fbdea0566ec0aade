import { isCall, setsRetVal } from "../image/ir/expressions.js"
import { fieldKey, nameKey } from "../image/ir/names.js"
import { Op } from "../image/ir/operations.js"
import {
    type Expression,
    FunctionFlag,
    type ImageFunction,
    type ImageProgram,
    type Statement,
    walkProgram,
} from "../image/ir/program.js"
import type { ObjectTypes } from "./object-types.js"
import { nameWord } from "./words.js"

/** Where an object of known class has a field for certain, once it is constructed, unless somebody deletes fields. */
export interface FixedField {
    place: number
    /** how many fields the object has at least */
    count: number
}

/** A store that adds the object's next field, if no other code has added one. */
export interface Addition {
    /** how many fields the function has stored there before, none of them with this name */
    index: number
    /** how many it stores in all */
    fields: string[]
}

/** How many fields of an object are known at most (translated_assumption of firmware/translated/translated.h). */
const MOST_FIELDS = 255
/** Slot number of the last result. */
const RESULT = -1

const isConstructor = ({ flags }: ImageFunction): boolean => (flags & FunctionFlag.constructor) !== 0

const slotOf = ({ opcode, value }: Expression): number =>
    opcode === Op.loadLocal ? value : opcode === Op.retVal ? RESULT : -2

/** The constructor that a derived one calls for its own object (`super()`); undefined when a statement is no such call. */
function superConstructor(statement: Statement): number | undefined {
    const callee = statement.operands.at(0)
    if (!isCall(statement) || callee?.opcode !== Op.bind) return undefined
    const [constructor, object] = callee.operands
    return constructor.opcode === Op.staticFunction && slotOf(object) === 0 ? constructor.value : undefined
}

/**
 * The additions of one function: consecutive stores to `this` of a constructor or to a new object. All earlier ones have run
 * when one of them does, so an object with exactly that many fields does not have the name yet.
 */
function additionsOf(program: ImageProgram, source: ImageFunction): Map<Statement, Addition> {
    const additions = new Map<Statement, Addition>()
    const targets = new Set(source.body.map(({ target }) => target))
    let fresh = new Map<number, string[]>()
    if (isConstructor(source)) fresh.set(0, [])
    for (const statement of source.body) {
        if (targets.has(statement)) fresh = new Map()
        const base = superConstructor(statement)
        if (base !== undefined) follow(fresh, 0, straightFieldsOf(program, base))
        const fields = statement.opcode === Op.indexSet ? fresh.get(slotOf(statement.operands[0])) : undefined
        const key = fields === undefined ? undefined : nameKey(statement.operands[1])
        if (fields !== undefined && key !== undefined && !fields.includes(key)) {
            additions.set(statement, { index: fields.length, fields })
            fields.push(key)
        }
        followSlots(statement, fresh)
    }
    return additions
}

/** The fields of a constructor that stores all of them whenever it returns; undefined of one with branches. */
function straightFieldsOf(program: ImageProgram, index: number): string[] | undefined {
    const source = program.functions[index]
    const branches = source.body.some(({ target }) => target !== null)
    return branches || source.tries > 0 ? undefined : fieldsOf(program, source)
}

/** Fields that a constructor stores in any case, in order, up to the first that it may leave out. */
function steadyFieldsOf(program: ImageProgram, source: ImageFunction): string[] {
    const fields: string[] = []
    if (source.tries > 0) return fields
    for (const [place, statement] of source.body.entries()) {
        const base = superConstructor(statement)
        const key = statement.opcode === Op.indexSet && slotOf(statement.operands[0]) === 0
        if (base === undefined && !key) continue
        if (isSkipped(source.body, place)) break
        const name = key ? nameKey(statement.operands[1]) : undefined
        if (key && name === undefined) break
        if (name !== undefined) fields.push(name)
        else if (base !== undefined) fields.push(...steadyFieldsOf(program, program.functions[base]))
    }
    return [...new Set(fields)]
}

/** Whether a jump leads past a statement, or the function may end in front of it. */
const isSkipped = (body: Statement[], place: number): boolean =>
    body.slice(0, place).some(({ opcode, target }) => opcode === Op.return || body.indexOf(target as Statement) > place)

function follow(fresh: Map<number, string[]>, slot: number, fields: string[] | undefined): void {
    if (fields === undefined) fresh.delete(slot)
    else fresh.set(slot, fields)
}

/** Which slots hold the new object after a statement. */
function followSlots(statement: Statement, fresh: Map<number, string[]>): void {
    if (statement.opcode === Op.storeLocal) follow(fresh, statement.value, fresh.get(slotOf(statement.operands[0])))
    if (setsRetVal(statement)) fresh.delete(RESULT)
    if (statement.opcode === Op.allocMap) fresh.set(RESULT, [])
}

/** Every field that a constructor stores, in order, those of the class that it extends first. */
function fieldsOf(program: ImageProgram, source: ImageFunction): string[] {
    const fields = source.body.flatMap((statement) => {
        const base = superConstructor(statement)
        if (base !== undefined && program.functions[base] !== source) return fieldsOf(program, program.functions[base])
        const { opcode, operands } = statement
        return opcode === Op.indexSet && slotOf(operands[0]) === 0 ? (nameKey(operands[1]) ?? []) : []
    })
    return [...new Set(fields)]
}

/** Predicted index of each field in its objects (their shape); the machine checks the prediction. */
export class Shapes {
    private readonly additions = new Map<ImageFunction, Map<Statement, Addition>>()
    private readonly places = new Map<string, Map<number, number>>()
    private readonly ofClass = new Map<number, string[]>()
    /** without those that an object may lack */
    private readonly steady = new Map<number, string[]>()

    constructor(
        private readonly program: ImageProgram,
        private readonly types: ObjectTypes,
    ) {
        let deletes = false
        walkProgram(program, ({ opcode }) => (deletes ||= opcode === Op.indexDelete))
        program.functions.forEach((entry, index) => {
            const found = additionsOf(program, entry)
            // What deletes fields could make room for one that is there.
            this.additions.set(entry, deletes ? new Map<Statement, Addition>() : found)
            for (const { fields } of found.values())
                for (const [place, field] of fields.entries()) count(this.places, field, place)
            if (!isConstructor(entry)) return
            this.ofClass.set(index, fieldsOf(program, entry))
            if (!deletes) this.steady.set(index, steadyFieldsOf(program, entry))
        })
    }

    /** Words of the names, as C, that additions of these functions have. */
    keys(functions: ReadonlySet<number>): string[] {
        const statements = [...functions].flatMap((index) => [
            ...(this.additions.get(this.program.functions[index])?.keys() ?? []),
        ])
        return [...new Set(statements.map(({ operands }) => nameWord(operands[1])))]
    }

    addition(source: ImageFunction, statement: Statement): Addition | undefined {
        return this.additions.get(source)?.get(statement)
    }

    /** Where an object has a field; undefined when its class is not known, or may keep the field anywhere. */
    fixed(object: Expression, key: string): FixedField | undefined {
        const shapes = this.types.likelyClassesOf(object).map((index) => this.steady.get(index) ?? [])
        const [place, ...others] = new Set(shapes.map((fields) => fields.indexOf(key)))
        if (place === undefined || place < 0 || others.length > 0) return undefined
        const count = Math.min(MOST_FIELDS, ...shapes.map((fields) => fields.length))
        return place < count ? { place, count } : undefined
    }

    /** Whether the field that is read holds no function, which would be bound. */
    isPlain(field: Expression): boolean {
        return this.types.isPlain(field)
    }

    /** Index among the object's fields; undefined without a prediction. */
    place(object: Expression, key: string): number | undefined {
        const ofClasses = new Map<string, Map<number, number>>()
        const classes = this.types.classesOf(object)
        for (const index of classes) {
            const place = (this.ofClass.get(index) ?? []).indexOf(key)
            if (place >= 0) count(ofClasses, key, place)
        }
        // A field that no constructor stores is added at any time, so that it may lie anywhere.
        const places = [...((classes.length > 0 ? ofClasses : this.places).get(key) ?? [])]
        return places.sort(([, a], [, b]) => b - a).at(0)?.[0]
    }
}

function count(places: Map<string, Map<number, number>>, field: string, place: number): void {
    const known = places.get(field) ?? new Map<number, number>()
    places.set(field, known.set(place, (known.get(place) ?? 0) + 1))
}

/** The field that an expression reads, or a statement stores. */
export const keyOf = (found: Expression): string | undefined =>
    found.opcode === Op.indexSet ? nameKey(found.operands[1]) : fieldKey(found)
