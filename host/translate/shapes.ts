import { fieldKey, nameKey } from "../image/ir/names.js"
import { Op } from "../image/ir/operations.js"
import {
    type Expression,
    type ImageFunction,
    type ImageProgram,
    type Statement,
    walkProgram,
} from "../image/ir/program.js"
import { type Addition, additionsOf, isConstructor, slotOf, superConstructor } from "./additions.js"
import type { ObjectTypes } from "./object-types.js"
import { nameWord } from "./words.js"

/** Where an object of known class has a field for certain, once it is constructed, unless somebody deletes fields. */
export interface FixedField {
    place: number
    /** how many fields the object has at least */
    count: number
}

/** How many fields of an object are known at most (translated_assumption of firmware/translated/translated.h). */
export const MOST_FIELDS = 255

/** The fields of a constructor that stores all of them whenever it returns; undefined of one that may leave some out. */
function completeFieldsOf(program: ImageProgram, index: number): string[] | undefined {
    const source = program.functions[index]
    const fields = fieldsOf(program, source)
    return steadyFieldsOf(program, source).length === fields.length ? fields : undefined
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
    private readonly ofLiterals = new Map<string, Map<number, number>>()
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
            const found = additionsOf(entry, (base) => completeFieldsOf(program, base))
            // What deletes fields could make room for one that is there.
            this.additions.set(entry, deletes ? new Map<Statement, Addition>() : found)
            for (const { index: place, fields, isLiteral } of found.values())
                count(isLiteral ? this.ofLiterals : this.places, fields[place], place)
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

    /** How many fields the objects of a constructor probably have. */
    fieldCount(constructor: number): number {
        return this.ofClass.get(constructor)?.length ?? 0
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
        const isOther = this.types.likelyClassesOf(object).length === 0
        if (isOther) for (const [place, n] of this.ofLiterals.get(key) ?? []) count(ofClasses, key, place, n)
        const ofUnknown = classes.length > 0 ? undefined : this.places.get(key)
        const places = [...(ofClasses.get(key) ?? ofUnknown ?? [])]
        return places.sort(([, a], [, b]) => b - a).at(0)?.[0]
    }
}

function count(places: Map<string, Map<number, number>>, field: string, place: number, more = 1): void {
    const known = places.get(field) ?? new Map<number, number>()
    places.set(field, known.set(place, (known.get(place) ?? 0) + more))
}

/** The field that an expression reads, or a statement stores. */
export const keyOf = (found: Expression): string | undefined =>
    found.opcode === Op.indexSet ? nameKey(found.operands[1]) : fieldKey(found)
