import { ObjectLayout } from "../image/analyses/object-layout.js"
import { fieldKey, nameKey } from "../image/ir/names.js"
import { Op } from "../image/ir/operations.js"
import type { Expression, ImageFunction, ImageProgram, Statement } from "../image/ir/program.js"
import { type Addition, additionsOf } from "./additions.js"
import type { ObjectTypes } from "./object-types.js"
import { nameWord } from "./words.js"

/** Where an object of known class certainly has a field once it is constructed, unless the program deletes fields. */
export interface FixedField {
    place: number
    /** the object's least number of fields */
    count: number
    /** of the class all of whose objects have the field there; undefined: the key must be checked */
    constructorIndex?: number
    /** whether the object certainly has the field there */
    isCertain: boolean
}

/** Most fields of an object that a check can cover (translated_assumption of firmware/translated/translated.h). */
export const MOST_FIELDS = 255

/** The predicted index of each field in its objects (their shape); the machine checks the prediction. */
export class Shapes {
    private readonly additions = new Map<ImageFunction, Map<Statement, Addition>>()
    private readonly literals = new Map<Statement, string[]>()
    private readonly places = new Map<string, Map<number, number>>()
    private readonly ofLiterals = new Map<string, Map<number, number>>()
    private readonly layout: ObjectLayout

    constructor(
        private readonly program: ImageProgram,
        private readonly types: ObjectTypes,
    ) {
        this.layout = new ObjectLayout(program)
        for (const entry of program.functions) {
            const { stores: found, literals } = additionsOf(entry, this.layout)
            for (const [statement, fields] of literals) this.literals.set(statement, fields)
            // If the program deletes fields, an object's number of fields does not show which ones it has.
            this.additions.set(entry, this.layout.losesFields ? new Map<Statement, Addition>() : found)
            for (const { index: place, fields, isLiteral } of found.values())
                count(isLiteral ? this.ofLiterals : this.places, fields[place], place)
        }
    }

    /** Words of the names, as C, in these functions' additions. */
    keys(functions: ReadonlySet<number>): string[] {
        const statements = [...functions].flatMap((index) => [
            ...(this.additions.get(this.program.functions[index])?.keys() ?? []),
        ])
        return [...new Set(statements.map(({ operands }) => nameWord(operands[1])))]
    }

    /** How many fields a constructor's objects probably have. */
    fieldCount(constructor: number): number {
        return this.layout.fieldsOf(constructor).length
    }

    /** How many fields the object that a statement makes probably gets. */
    literalFieldCount(statement: Statement): number {
        return Math.min(MOST_FIELDS, this.literals.get(statement)?.length ?? 0)
    }

    addition(source: ImageFunction, statement: Statement): Addition | undefined {
        return this.additions.get(source)?.get(statement)
    }

    /** Where an object has a field; undefined when its class is unknown, or may keep the field anywhere. */
    fixed(object: Expression, key: string): FixedField | undefined {
        const classes = this.types.likelyClassesOf(object)
        const exact = classes.length === 1 ? this.exactPlace(classes, key) : undefined
        if (exact !== undefined) return { ...exact, constructorIndex: classes[0] }
        return placeIn(
            classes.map((index) => this.layout.steadyFieldsOf(index)),
            key,
        )
    }

    /** Where `this` of a method certainly has a field, without any check of its class; undefined when that is unknown. */
    ofReceiver(method: ImageFunction, key: string): FixedField | undefined {
        const exact = this.exactPlace(this.types.receiversOf(this.program.functions.indexOf(method)), key)
        return exact === undefined ? undefined : { ...exact, isCertain: true }
    }

    /** Where all objects of these classes have a field from the start. */
    private exactPlace(classes: number[], key: string): FixedField | undefined {
        // Objects may change their classes if the program changes prototypes.
        if (this.types.classes.isDynamic) return undefined
        return placeIn(
            classes.map((index) => this.layout.exactFieldsOf(index)),
            key,
        )
    }

    /** Whether the field that is read contains no function, which would be bound. */
    isPlain(field: Expression): boolean {
        return this.types.isPlain(field)
    }

    /** Whether it probably contains one. */
    isBinding(field: Expression): boolean {
        return this.types.isBinding(field)
    }

    /** Index among the object's fields; undefined without a prediction. */
    place(object: Expression, key: string): number | undefined {
        const ofClasses = new Map<string, Map<number, number>>()
        const classes = this.types.classesOf(object)
        for (const index of classes) {
            const place = this.layout.fieldsOf(index).indexOf(key)
            if (place >= 0) count(ofClasses, key, place)
        }
        // A field that no constructor stores may be added at any time, and so may be anywhere.
        const isOther = this.types.likelyClassesOf(object).length === 0
        if (isOther) for (const [place, n] of this.ofLiterals.get(key) ?? []) count(ofClasses, key, place, n)
        const ofUnknown = classes.length > 0 ? undefined : this.places.get(key)
        const places = [...(ofClasses.get(key) ?? ofUnknown ?? [])]
        return places.sort(([, a], [, b]) => b - a).at(0)?.[0]
    }
}

/** The field's place if it is the same in all of these objects. */
function placeIn(shapes: (readonly string[])[], key: string): FixedField | undefined {
    const [place, ...others] = new Set(shapes.map((fields) => fields.indexOf(key)))
    if (place === undefined || place < 0 || others.length > 0) return undefined
    const count = Math.min(MOST_FIELDS, ...shapes.map((fields) => fields.length))
    return place < count ? { place, count, isCertain: false } : undefined
}

function count(places: Map<string, Map<number, number>>, field: string, place: number, more = 1): void {
    const known = places.get(field) ?? new Map<number, number>()
    places.set(field, known.set(place, (known.get(place) ?? 0) + more))
}

/** The field that an expression reads, or a statement stores. */
export const keyOf = (found: Expression): string | undefined =>
    found.opcode === Op.indexSet ? nameKey(found.operands[1]) : fieldKey(found)
