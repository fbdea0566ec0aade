import { isCall } from "../ir/expressions.js"
import { builtinKey, fieldKey, nameKey } from "../ir/names.js"
import { builtinString, Op } from "../ir/operations.js"
import type { Expression, ImageFunction, ImageProgram, Statement } from "../ir/program.js"
import { type ClassSetup, isPrototype, isPrototypeField } from "./class-setup.js"

/*
 * What one function's code says about names and other functions. The class model sums these facts up; only those of
 * changed functions are collected again.
 */

/**
 * Names that give a program access to prototypes, and the functions of Object that do. Short names of fields may be
 * `getPrototypeOf`.
 */
const REVEALING = new Set((["prototype", "setPrototypeOf"] as const).map(builtinKey))
const REVEALING_FUNCTIONS = [builtinString("setPrototypeOf"), builtinString("getPrototypeOf")]

/** Whether it may change prototypes, or pass them around: anything but the store of a named field in one. */
function changesClasses(expression: Expression, statement: Statement): boolean {
    if (isPrototype(expression) || isPrototypeField(expression)) return !isNamedStore(statement, expression)
    if (expression.opcode === Op.objectField) return REVEALING_FUNCTIONS.includes(expression.value)
    const name = fieldKey(expression) ?? nameKey(expression)
    return name !== undefined && REVEALING.has(name)
}

const isNamedStore = ({ opcode, operands }: Statement, object: Expression): boolean =>
    opcode === Op.indexSet && operands[0] === object && nameKey(operands[1]) !== undefined

type Counts<Key> = Map<Key, number>

function count<Key>(counts: Counts<Key>, key: Key): void {
    counts.set(key, (counts.get(key) ?? 0) + 1)
}

/** Whether two maps, or two sets, are equal. */
function isSame<Key>(one: Counts<Key> | Set<Key>, other: Counts<Key> | Set<Key>): boolean {
    const isThere = ([key, n]: [Key, unknown]): boolean =>
        other instanceof Map ? other.get(key) === n : other.has(key)
    return one.size === other.size && [...one.entries()].every(isThere)
}

/** Facts about one function; they refer to other functions as objects, since function numbers change. */
export class FunctionFacts {
    /** names that are looked up as fields, how often */
    readonly fields: Counts<string> = new Map()
    /** those among them that are called */
    readonly calls: Counts<string> = new Map()
    /** names of the fields that it stores; not those of methods in the setup */
    readonly stored = new Set<string>()
    /** names used as values otherwise: one may become a key */
    readonly texts = new Set<string>()
    /** names that it stores on prototypes; not those of methods in the setup */
    readonly replaced = new Set<string>()
    /** functions that it mentions, how often */
    readonly functions: Counts<ImageFunction> = new Map()
    readonly closures: Counts<ImageFunction> = new Map()
    /** functions used as values; not the methods in the setup */
    readonly values = new Set<ImageFunction>()
    /** constructors that it calls with `new` */
    readonly constructed = new Set<ImageFunction>()
    /** whether it changes prototypes, or passes them around */
    isDynamic = false

    constructor(
        private readonly program: ImageProgram,
        entry: ImageFunction,
        { methods }: ClassSetup,
    ) {
        const isSetup = entry === program.setup
        for (const each of entry.body) {
            const store = isSetup ? methods.get(each) : undefined
            const [callee] = each.operands
            const called = isCall(each) ? fieldKey(callee) : undefined
            if (called !== undefined) count(this.calls, called)
            if (store === undefined) this.add(each, isSetup ? undefined : each)
            else {
                count(this.functions, program.functions[store.method.value])
                this.add(callee, undefined)
            }
        }
    }

    equals(other: FunctionFacts): boolean {
        return (
            this.isDynamic === other.isDynamic &&
            isSame(this.fields, other.fields) &&
            isSame(this.calls, other.calls) &&
            isSame(this.functions, other.functions) &&
            isSame(this.closures, other.closures) &&
            isSame(this.stored, other.stored) &&
            isSame(this.texts, other.texts) &&
            isSame(this.replaced, other.replaced) &&
            isSame(this.values, other.values) &&
            isSame(this.constructed, other.constructed)
        )
    }

    /** @param statement that it is in, unless that may change classes */
    private add(found: Expression, statement: Statement | undefined): void {
        const { opcode, operands } = found
        for (const operand of operands) this.add(operand, statement)
        const field = fieldKey(found)
        if (field !== undefined) count(this.fields, field)
        operands.forEach((operand, place) => {
            const name = nameKey(operand)
            if (name !== undefined) (opcode === Op.indexSet && place === 1 ? this.stored : this.texts).add(name)
        })
        if (statement !== undefined) this.addChange(found, statement)
        this.addFunction(found)
    }

    private addChange(found: Expression, statement: Statement): void {
        if (changesClasses(found, statement)) this.isDynamic = true
        const [object, key] = statement.operands
        if (found !== statement || found.opcode !== Op.indexSet) return
        if (isPrototype(object) || isPrototypeField(object)) this.replaced.add(nameKey(key) ?? "")
    }

    private addFunction({ opcode, value, operands }: Expression): void {
        if (opcode === Op.new && operands[0].opcode === Op.staticFunction)
            this.constructed.add(this.program.functions[operands[0].value])
        if (opcode === Op.makeClosure) count(this.closures, this.program.functions[value])
        if (opcode !== Op.staticFunction) return
        count(this.functions, this.program.functions[value])
        this.values.add(this.program.functions[value])
    }
}
