import { isPrototype } from "../image/analyses/function-facts.js"
import { fieldKey, nameKey } from "../image/ir/names.js"
import { builtinString, Op } from "../image/ir/operations.js"
import { type Expression, type ImageProgram, type Statement, walk } from "../image/ir/program.js"
import { setupOf } from "./setup.js"

const PROTOTYPE = builtinString("prototype")
const SET_PROTOTYPE_OF = builtinString("setPrototypeOf")

/** Of the machine's own strings those that somebody asks for. */
const BUILTIN_NAMES: Record<number, string | undefined> = Object.fromEntries(
    (["blitAt", "push"] as const).map((name) => [builtinString(name), name]),
)

/** A function that a class has under some name. */
export interface Method {
    /** number of the class's constructor among the functions */
    constructorIndex: number
    functionIndex: number
}

/** `C.prototype` for a class of the program: the number of its constructor. */
function classOf(expression: Expression): number | undefined {
    const isClass = isPrototype(expression) && expression.opcode === Op.builtinField
    return isClass ? expression.operands[0].value : undefined
}

/**
 * The methods of a program's classes, by name, as its setup stores them. There are none when prototypes change while the
 * program runs.
 */
export class Classes {
    private readonly methods = new Map<string, Method[]>()
    /** names of something that may be no method */
    private readonly others = new Set<string>()
    private readonly twice = new Set<string>()
    /** constructors of objects that the program makes */
    private readonly made = new Set<number>()
    private dynamic = false

    constructor(private readonly program: ImageProgram) {
        const setup = setupOf(program)
        for (const entry of program.functions) {
            const slots = new Map<number, number>()
            for (const statement of entry.body) {
                const key = entry === setup ? this.methodStore(statement, slots) : undefined
                this.note(statement, key, entry === setup)
            }
        }
    }

    /** Takes a statement of the setup; the key of the method that it stores. `slots` hold prototypes. */
    private methodStore({ opcode, value, operands }: Statement, slots: Map<number, number>): Expression | undefined {
        if (opcode === Op.storeLocal) {
            const found = classOf(operands[0])
            if (found === undefined) slots.delete(value)
            else slots.set(value, found)
        }
        if (opcode !== Op.indexSet || operands[2].opcode !== Op.staticFunction) return undefined
        const [object, key, method] = operands
        const name = nameKey(key)
        const owner = object.opcode === Op.loadLocal ? slots.get(object.value) : classOf(object)
        if (owner === undefined || name === undefined) return undefined
        const known = this.methods.get(name) ?? []
        // Of two methods with one name the later one counts, and who knows when: none does here.
        if (known.some(({ constructorIndex }) => constructorIndex === owner)) this.twice.add(name)
        this.methods.set(name, [...known, { constructorIndex: owner, functionIndex: method.value }])
        return key
    }

    private note(statement: Statement, method: Expression | undefined, isSetup: boolean): void {
        walk(statement, (expression) => {
            const name = nameKey(expression)
            const [first] = expression.operands
            if (expression.opcode === Op.new && first.opcode === Op.staticFunction) this.made.add(first.value)
            if (name !== undefined && expression !== method) this.others.add(name)
            const mentions = expression.opcode === Op.builtinField && expression.value === PROTOTYPE
            const changes = expression.opcode === Op.objectField && expression.value === SET_PROTOTYPE_OF
            if (!isSetup && (mentions || changes || isPrototype(expression))) this.dynamic = true
        })
    }

    /**
     * Classes with methods, and those whose constructor is C, by their constructors' numbers in ascending order.
     * @param translated the functions that are C
     */
    constructors(translated: ReadonlySet<number>): number[] {
        const all = [...this.methods.values()].flat().map(({ constructorIndex }) => constructorIndex)
        const made = [...this.made].filter((index) => translated.has(index))
        return [...new Set([...all, ...made])].sort((a, b) => a - b)
    }

    /** The name that a field is read by; undefined when it is not plain text. */
    textOf({ opcode, value }: Expression): string | undefined {
        if (opcode === Op.builtinField) return BUILTIN_NAMES[value]
        return opcode === Op.asciiField ? this.program.ascii[value].toString() : undefined
    }

    /** Whether nothing in the program gives an object a field of this name. */
    isBuiltin(field: Expression): boolean {
        const name = fieldKey(field) ?? ""
        return !this.others.has(name) && !this.methods.has(name)
    }

    /** The class that a function is a method of, or the constructor of; undefined when that is not one alone. */
    ownerOf(functionIndex: number): number | undefined {
        const all = [...this.methods.values()].flat().filter((method) => method.functionIndex === functionIndex)
        const owners = new Set(all.map(({ constructorIndex }) => constructorIndex))
        if (owners.size === 0) return functionIndex
        return owners.size === 1 ? all[0].constructorIndex : undefined
    }

    /** What a call of this field may run; empty when that is not known. */
    methodsOf(field: Expression): Method[] {
        const name = fieldKey(field) ?? ""
        return this.dynamic || this.twice.has(name) ? [] : (this.methods.get(name) ?? [])
    }

    /** Whether objects may have a field of this name for themselves. */
    mayBeOwn(field: Expression): boolean {
        return this.others.has(fieldKey(field) ?? "")
    }
}
