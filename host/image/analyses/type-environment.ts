import { isCall, isConstructor } from "../ir/expressions.js"
import { BUFFER_FUNCTIONS, BUFFER_METHODS, builtinKey, fieldKey } from "../ir/names.js"
import { Op } from "../ir/operations.js"
import { type Expression, type ImageFunction, type ImageProgram, type Statement, walk } from "../ir/program.js"
import type { ClassModel } from "./class-model.js"
import { Locations } from "./locations.js"
import { resultSources } from "./result-sources.js"
import {
    ANY,
    ARRAY,
    BUFFER,
    BUILTIN,
    classType,
    CONSTANT,
    constructorOf,
    functionsOf,
    functionType,
    Kind,
    kindsOf,
    MAP,
    mayBe,
    NOTHING,
    NUMBER,
    TEXT,
    type Type,
} from "./types.js"

/*
 * The types of expressions, given the types of locations: slots, globals, fields and results. Fields are distinguished
 * by the class of their object; the elements of arrays are not tracked.
 */

const NUMBERS = new Set<number>([
    ...[
        Op.literal,
        Op.literalF64,
        Op.nan,
        Op.inf,
        Op.uplus,
        Op.neg,
        Op.bitNot,
        Op.toInt,
        Op.abs,
        Op.sub,
        Op.mul,
        Op.div,
    ],
    ...[Op.bitAnd, Op.bitOr, Op.bitXor, Op.shiftLeft, Op.shiftRight, Op.shiftRightUnsigned, Op.loadBuffer],
])
const TEXTS = new Set<number>([Op.staticAsciiString, Op.staticUtf8String, Op.staticBuiltinString, Op.typeofStr])
const CONSTANTS = new Set<number>([
    ...[Op.undefined, Op.null, Op.true, Op.false, Op.isUndefined, Op.toBool, Op.isNan, Op.not, Op.isNullish],
    ...[Op.instanceOf, Op.eq, Op.ne, Op.le, Op.lt, Op.approxEq, Op.approxNe],
])

const LENGTH = builtinKey("length")
const NUMERIC_METHODS = new Set((["charCodeAt", "push", "indexOf", "byteLength"] as const).map(builtinKey))
export const MESSAGE = builtinKey("message")
const PROTOTYPE = builtinKey("prototype")

/** The names of all other natives of the host begin with "_". */
const BUFFER_NATIVES = [...BUFFER_FUNCTIONS, ...BUFFER_METHODS]

export class TypeEnvironment {
    /**
     * types by the key of a location: `slot FUNCTION SLOT`, `global N`, `KIND NAME` for a field of a kind of objects, `all NAME`
     * for the fields of that name in any object, `result FUNCTION`, `passed N` for an argument of an unknown callee
     */
    protected readonly locations = new Locations()
    private readonly sources = new Map<ImageFunction, Map<Statement, Statement[]>>()
    private readonly indexes: Map<ImageFunction, number>
    /** the functions that make closures */
    private readonly creators = new Map<number, number | undefined>()

    constructor(
        protected readonly program: ImageProgram,
        protected readonly classes: ClassModel,
    ) {
        this.indexes = new Map(program.functions.map((entry, i) => [entry, i]))
        for (const entry of program.functions) this.findClosures(entry)
    }

    protected index(entry: ImageFunction): number {
        return this.indexes.get(entry) as number
    }

    private findClosures(entry: ImageFunction): void {
        for (const each of entry.body)
            walk(each, ({ opcode, value }) => {
                if (opcode !== Op.makeClosure) return
                const outer = this.index(entry)
                const isOther = this.creators.has(value) && this.creators.get(value) !== outer
                this.creators.set(value, isOther ? undefined : outer)
            })
    }

    protected get(location: string): Type {
        return this.locations.get(location)
    }

    protected add(location: string, type: Type): void {
        this.locations.add(location, type)
    }

    typeOf(entry: ImageFunction, each: Statement, value: Expression): Type {
        const { opcode, operands } = value
        if (NUMBERS.has(opcode)) return NUMBER
        if (TEXTS.has(opcode)) return TEXT
        if (CONSTANTS.has(opcode)) return CONSTANT
        if (opcode === Op.add) return this.sumOf(entry, each, operands)
        if (opcode === Op.staticBuffer) return BUFFER
        if (opcode === Op.loadLocal) return this.get(`slot ${this.index(entry)} ${value.value}`) | CONSTANT
        if (opcode === Op.loadGlobal) return this.get(`global ${value.value}`) | CONSTANT
        if (opcode === Op.loadClosure) return this.closureType(entry, value, operands[0])
        if (opcode === Op.retVal) return this.retValType(entry, each)
        if (fieldKey(value) !== undefined) return this.fieldType(this.typeOf(entry, each, operands[0]), value)
        if (opcode === Op.staticFunction || opcode === Op.makeClosure) return functionType(value.value)
        if (opcode === Op.new) return this.typeOf(entry, each, operands[0])
        return opcode === Op.builtinObject ? BUILTIN : ANY
    }

    private sumOf(entry: ImageFunction, each: Statement, operands: Expression[]): Type {
        const both = operands.map((operand) => this.typeOf(entry, each, operand))
        if (both.some((type) => type === NOTHING)) return NOTHING
        if (both.some((type) => (type & TEXT) !== NOTHING)) return NUMBER | TEXT
        return both.every((type) => !mayBe(type, ~(NUMBER | CONSTANT))) ? NUMBER : ANY
    }

    private closureType(entry: ImageFunction, { value: slot }: Expression, levels: Expression): Type {
        const location = this.closureLocation(entry, slot, levels)
        return location === undefined ? ANY : this.get(location) | CONSTANT
    }

    protected closureLocation(entry: ImageFunction, slot: number, levels: Expression): string | undefined {
        let at: number | undefined = this.index(entry)
        if (levels.opcode !== Op.literal) return undefined
        for (let level = levels.value; level > 0 && at !== undefined; level--) at = this.creators.get(at)
        return at === undefined ? undefined : `slot ${at} ${slot}`
    }

    private retValType(entry: ImageFunction, each: Statement): Type {
        let type = CONSTANT
        for (const source of this.sourcesOf(entry).get(each) ?? []) type |= this.resultType(entry, source)
        return type
    }

    private sourcesOf(entry: ImageFunction): Map<Statement, Statement[]> {
        const known = this.sources.get(entry)
        if (known !== undefined) return known
        const sources = resultSources(entry)
        this.sources.set(entry, sources)
        return sources
    }

    protected resultType(entry: ImageFunction, each: Statement): Type {
        const { opcode, operands } = each
        if (opcode === Op.allocMap) return MAP
        if (opcode === Op.allocArray) return ARRAY
        if (opcode === Op.allocBuffer) return BUFFER
        if (opcode === Op.indexDelete) return CONSTANT
        if (opcode === Op.storeRetVal) return this.typeOf(entry, each, operands[0])
        if (!isCall(each)) return ANY
        const [callee] = operands
        if (callee.opcode === Op.mathField) return this.get(`all builtin ${callee.value}`) === NOTHING ? NUMBER : ANY
        if (callee.opcode === Op.new && callee.operands[0].opcode === Op.staticFunction)
            return classType(callee.operands[0].value)
        if (callee.opcode === Op.staticFunction) return this.resultOf(callee.value)
        const name = fieldKey(callee)
        if (name === undefined) return this.resultOfValue(this.typeOf(entry, each, callee))
        return this.callType(this.typeOf(entry, each, callee.operands[0]), name)
    }

    protected resultOf(index: number): Type {
        return isConstructor(this.program.functions[index]) ? ANY : this.get(`result ${index}`)
    }

    protected resultOfValue(callee: Type): Type {
        if (mayBe(callee, BUILTIN)) return ANY
        return functionsOf(callee).reduce((sum, index) => sum | this.resultOf(index), CONSTANT)
    }

    protected callType(object: Type, name: string): Type {
        let type = NOTHING
        // A field may hide the method.
        if (this.get(`all ${name}`) !== NOTHING) return ANY
        for (const kind of kindsOf(object)) {
            if (kind === Kind.constant) continue
            const constructor = constructorOf(kind)
            const method = constructor === undefined ? undefined : this.classes.resolve(constructor, name)
            if (method !== undefined) type |= this.get(`result ${method}`)
            else if (NUMERIC_METHODS.has(name) && constructor === undefined) type |= NUMBER | this.resultsOf(name)
            else return ANY
        }
        return type
    }

    private resultsOf(name: string): Type {
        return [...this.classes.implementations(name)].reduce((sum, at) => sum | this.get(`result ${at}`), NOTHING)
    }

    /** The type of a field: what the program stores there, if the object is one of its own. */
    private fieldType(object: Type, field: Expression): Type {
        const name = fieldKey(field) as string
        if (name === PROTOTYPE || this.classes.isText(name)) return ANY
        // Any error's message: a text of the machine, or what the program gave it.
        if (name === MESSAGE) return CONSTANT | TEXT | this.storedAs(name)
        let type = CONSTANT | this.get(`${Kind.any} ${name}`)
        for (const kind of kindsOf(object)) {
            if (kind === Kind.constant) continue
            const constructor = constructorOf(kind)
            if (constructor === undefined && kind !== Kind.map) {
                if (name !== LENGTH) return ANY
                type |= NUMBER | this.get(`all ${name}`)
            } else {
                const stored = this.get(`${kind} ${name}`)
                const method = constructor === undefined ? undefined : this.classes.resolve(constructor, name)
                if (field.opcode !== Op.asciiField && (stored === NOTHING || this.isOfMachine(kind))) return ANY
                type |= method === undefined ? stored : stored | BUILTIN
            }
        }
        return type
    }

    /** The machine itself stores fields of such objects, such as the message of an error. */
    private isOfMachine(kind: Kind): boolean {
        const constructor = constructorOf(kind)
        return constructor !== undefined && this.classes.isOfMachine(constructor)
    }

    /** The type of what the program stores in fields of this name, in any object. */
    storedAs(name: string): Type {
        return this.get(`all ${name}`)
    }

    /** Whether objects of a kind may have an own field of this name. */
    mayBeOwn(kind: Kind, name: string): boolean {
        if (kind === Kind.any) return this.storedAs(name) !== NOTHING
        return this.get(`${kind} ${name}`) !== NOTHING || this.get(`${Kind.any} ${name}`) !== NOTHING
    }

    /** Names of natives, and of what natives call. */
    isNativeName(key: string): boolean {
        const text = key.startsWith("ascii ") ? this.program.ascii[Number(key.slice(6))].toString() : "_"
        return text.startsWith("_") || BUFFER_NATIVES.includes(text)
    }
}
