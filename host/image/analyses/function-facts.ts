import { builtinObjects } from "../../abi/abi.js"
import { isCall } from "../ir/expressions.js"
import { fieldKey, nameKey } from "../ir/names.js"
import { builtinObject, builtinString, Op } from "../ir/operations.js"
import type { Expression, ImageFunction, ImageProgram, Statement } from "../ir/program.js"

/*
 * What the code of one function says about names and other functions. Analyses of a whole program add these facts up; they are
 * collected again for functions that have changed alone.
 */

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

export function isPrototype(expression: Expression): boolean {
    if (expression.opcode === Op.builtinObject) return BUILTIN_PROTOTYPES.has(expression.value)
    return isPrototypeField(expression) && expression.operands[0].opcode === Op.staticFunction
}

/** `value.prototype` */
export function isPrototypeField({ opcode, value }: Expression): boolean {
    return opcode === Op.builtinField && value === PROTOTYPE
}

/** setPrototypeOf, or a prototype that is used for anything but a store of a named field. */
function changesClasses(expression: Expression, statement: Statement): boolean {
    if (expression.opcode === Op.objectField) return expression.value === SET_PROTOTYPE_OF
    const { opcode } = expression
    const mentions = opcode === Op.builtinField ? isPrototypeField(expression) : isPrototype(expression)
    if (!mentions) return false
    const isPlace = statement.opcode === Op.indexSet && statement.operands[0] === expression
    return !isPlace || nameKey(statement.operands[1]) === undefined
}

type Counts<Key> = Map<Key, number>

function count<Key>(counts: Counts<Key>, key: Key): void {
    counts.set(key, (counts.get(key) ?? 0) + 1)
}

/** Facts about one function; other functions are named by themselves, since their numbers change. */
export class FunctionFacts {
    /** names that are looked up as fields, how often */
    readonly fields: Counts<string> = new Map()
    /** those among them that are called */
    readonly calls: Counts<string> = new Map()
    /** names that are values; not those of methods in the setup */
    readonly names = new Set<string>()
    /** functions that it mentions, how often */
    readonly functions: Counts<ImageFunction> = new Map()
    readonly closures: Counts<ImageFunction> = new Map()
    /** functions that are values; not the methods in the setup */
    readonly values = new Set<ImageFunction>()
    /** methods that the setup stores, in order */
    readonly methods: { name: string; method: ImageFunction }[] = []
    /** it changes prototypes, or passes them around */
    isDynamic = false

    constructor(
        private readonly program: ImageProgram,
        entry: ImageFunction,
    ) {
        const isSetup = entry === program.setup
        for (const each of entry.body) {
            const [callee, key, value] = each.operands
            const called = isCall(each) ? fieldKey(callee) : undefined
            if (called !== undefined) count(this.calls, called)
            if (!isSetup || !isMethodStore(each)) this.add(each, isSetup ? undefined : each)
            else this.addMethodStore(callee, nameKey(key) ?? "", program.functions[value.value])
        }
    }

    private addMethodStore(object: Expression, name: string, method: ImageFunction): void {
        this.methods.push({ name, method })
        count(this.functions, method)
        this.add(object, undefined)
    }

    /** @param statement that it is in, unless that may change classes */
    private add(found: Expression, statement: Statement | undefined): void {
        for (const operand of found.operands) this.add(operand, statement)
        const field = fieldKey(found)
        if (field !== undefined) count(this.fields, field)
        const name = field === undefined ? nameKey(found) : undefined
        if (name !== undefined) this.names.add(name)
        if (statement !== undefined && changesClasses(found, statement)) this.isDynamic = true
        this.addFunction(found)
    }

    private addFunction({ opcode, value }: Expression): void {
        if (opcode === Op.makeClosure) count(this.closures, this.program.functions[value])
        if (opcode !== Op.staticFunction) return
        count(this.functions, this.program.functions[value])
        this.values.add(this.program.functions[value])
    }
}

/** The facts about the functions of a program, each collected once until it is forgotten. */
export class ProgramFacts {
    private readonly known = new Map<ImageFunction, FunctionFacts>()

    constructor(readonly program: ImageProgram) {}

    of(entry: ImageFunction): FunctionFacts {
        const known = this.known.get(entry)
        if (known !== undefined) return known
        const facts = new FunctionFacts(this.program, entry)
        this.known.set(entry, facts)
        return facts
    }

    /** A function has changed; its references may have. */
    forget(entry: ImageFunction): void {
        this.known.delete(entry)
    }
}
