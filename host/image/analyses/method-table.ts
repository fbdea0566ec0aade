import { fieldKey, nameKey } from "../ir/names.js"
import { builtinObjects } from "../../abi/abi.js"
import { isCall } from "../ir/expressions.js"
import { builtinObject, builtinString, Op } from "../ir/operations.js"
import { type Expression, type ImageFunction, type ImageProgram, type Statement, walk } from "../ir/program.js"

/* Which names are methods, and of which class. The compiler stores methods on prototypes, one statement each. */

const PROTOTYPE = builtinString("prototype")
const SET_PROTOTYPE_OF = builtinString("setPrototypeOf")
/** Array.prototype, Buffer.prototype and the others in the list of builtin objects. */
const BUILTIN_PROTOTYPES = new Set(
    builtinObjects.filter((name) => name.endsWith("_prototype")).map((name) => builtinObject(name)),
)

/** `C.prototype.name = function`, with C a class of the program or of the machine. */
export function isMethodStore({ opcode, operands }: Statement): boolean {
    if (opcode !== Op.indexSet || operands[2].opcode !== Op.staticFunction) return false
    const [object, key] = operands
    return isPrototype(object) && nameKey(key) !== undefined
}

export function isPrototype({ opcode, value, operands }: Expression): boolean {
    if (opcode === Op.builtinObject) return BUILTIN_PROTOTYPES.has(value)
    return opcode === Op.builtinField && value === PROTOTYPE && operands[0].opcode === Op.staticFunction
}

/** setPrototypeOf, or a prototype that is used for anything but a store of a named field. */
function changesClasses(expression: Expression, statement: Statement): boolean {
    if (expression.opcode === Op.objectField) return expression.value === SET_PROTOTYPE_OF
    const { opcode, value } = expression
    const mentions = opcode === Op.builtinField ? value === PROTOTYPE : isPrototype(expression)
    if (!mentions) return false
    const isPlace = statement.opcode === Op.indexSet && statement.operands[0] === expression
    return !isPlace || nameKey(statement.operands[1]) === undefined
}

/** Names and functions of methods. Only those count that classes have from the start and keep. */
export class MethodTable {
    private readonly methods = new Map<string, number[]>()
    /** names of something that may be no method, or that are used as text */
    private readonly others = new Set<string>()
    private readonly fields = new Map<string, number>()
    private readonly calls = new Map<string, number>()
    /** functions that are nothing but methods: their `this` is an object */
    private readonly functions = new Set<ImageFunction>()
    /** prototypes are changed or passed around at run time: methods are unknown */
    private dynamic = false

    constructor(program: ImageProgram) {
        const values = new Set<number>()
        for (const entry of program.functions) {
            const isSetup = entry === program.setup
            for (const statement of entry.body) this.add(statement, isSetup, values)
        }
        for (const indexes of this.methods.values())
            for (const index of indexes) if (!values.has(index)) this.functions.add(program.functions[index])
    }

    private add(statement: Statement, isSetup: boolean, values: Set<number>): void {
        const isStore = isSetup && isMethodStore(statement)
        const [, key, value] = statement.operands
        if (isStore) this.addMethod(nameKey(key) ?? "", value.value)
        const callee = statement.operands.at(0)
        const called = callee === undefined ? undefined : fieldKey(callee)
        if (called !== undefined && isCall(statement)) this.calls.set(called, (this.calls.get(called) ?? 0) + 1)
        walk(statement, (expression) => {
            const field = fieldKey(expression)
            if (field !== undefined) this.fields.set(field, (this.fields.get(field) ?? 0) + 1)
            const name = nameKey(expression)
            if (name !== undefined && !(isStore && expression === key)) this.others.add(name)
            const { opcode } = expression
            if (opcode === Op.staticFunction && !(isStore && expression === value)) values.add(expression.value)
            if (!isSetup && changesClasses(expression, statement)) this.dynamic = true
        })
    }

    private addMethod(name: string, index: number): void {
        this.methods.set(name, [...(this.methods.get(name) ?? []), index])
    }

    /** True when prototypes change while the program runs. */
    get isDynamic(): boolean {
        return this.dynamic
    }

    /** How often a field of this name is looked up. */
    uses(name: string | undefined): number {
        return this.fields.get(name ?? "") ?? 0
    }

    /** True for the look-up of a name that no object has but from its class. */
    isMethod(field: Expression): boolean {
        const name = fieldKey(field)
        return name !== undefined && !this.dynamic && !this.others.has(name)
    }

    /** True when a function is called with an object for `this` and no other path. */
    hasObject(entry: ImageFunction): boolean {
        return !this.dynamic && this.functions.has(entry)
    }

    /** Index of the function that is called, when only one class has a method of this name and it is always called. */
    onlyMethod(field: Expression): number | undefined {
        // The machine's own names may be those of its own methods.
        if (field.opcode !== Op.asciiField || this.dynamic) return undefined
        const name = fieldKey(field) ?? ""
        const [method, ...others] = this.methods.get(name) ?? []
        if (method === undefined || others.length > 0 || this.others.has(name)) return undefined
        return this.calls.get(name) === this.fields.get(name) ? method : undefined
    }

    /** True when every look-up of this name is a call. */
    isOnlyCalled(name: string): boolean {
        return !this.others.has(name) && (this.calls.get(name) ?? 0) === (this.fields.get(name) ?? 0)
    }

    /** Indexes of the image's own names that only methods have, and that are looked up for calls alone. */
    methodNames(): number[] {
        if (this.dynamic) return []
        return [...this.methods.keys()]
            .filter((name) => name.startsWith("ascii ") && this.isOnlyCalled(name))
            .map((name) => Number(name.slice("ascii ".length)))
    }

    /** True when no method of this name is looked up. */
    isUnused(name: string): boolean {
        return !this.dynamic && !this.fields.has(name) && !this.others.has(name)
    }
}
