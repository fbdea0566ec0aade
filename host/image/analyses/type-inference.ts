import { successors } from "../ir/control-flow.js"
import { isCall, setsRetVal, slotStored } from "../ir/expressions.js"
import { builtinObject, builtinString, Op } from "../ir/operations.js"
import {
    type Expression,
    FunctionFlag,
    type ImageFunction,
    type ImageProgram,
    type Statement,
    walk,
} from "../ir/program.js"
import type { Hierarchy } from "./class-hierarchy.js"
import { isMethodStore, type MethodTable } from "./method-table.js"
import { builtinKey, fieldKey, nameKey } from "../ir/names.js"
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
    kindsOf,
    MAP,
    mayBe,
    NOTHING,
    NUMBER,
    TEXT,
    type Type,
} from "./types.js"

/*
 * What the values of a program may be: a type for each slot, global, field and result, found by following every value
 * from where it is made to where it is stored until nothing new comes up. Fields are told apart by the class of
 * their object; the elements of arrays are not followed.
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

/** Names of the machine. */
const LENGTH = builtinKey("length")
const NUMERIC_METHODS = new Set((["charCodeAt", "push", "indexOf", "byteLength"] as const).map(builtinKey))
const JSON_OBJECT = builtinObject("JSON")
const OBJECT = builtinObject("Object")
const PROTOTYPE = builtinKey("prototype")
const SET_PROTOTYPE_OF = builtinString("setPrototypeOf")
const ASSIGN = builtinString("assign")
const MOST_ARGUMENTS = 8

/** Where ret_val comes from, for each statement that may read it: undefined stands for the start of the function. */
function retValSources({ body }: ImageFunction): Map<Statement, Set<Statement | undefined>> {
    const before = new Map(body.map((each) => [each, new Set<Statement | undefined>()]))
    before.get(body[0])?.add(undefined)
    for (let changed = true; changed;) {
        changed = false
        body.forEach((each, i) => {
            const sets = setsRetVal(each) && each.opcode !== Op.jmpRetValZ
            const after = sets ? new Set([each]) : (before.get(each) as Set<Statement | undefined>)
            for (const next of successors(body, i)) {
                const known = before.get(next) as Set<Statement | undefined>
                const size = known.size
                for (const source of after) known.add(source)
                changed ||= known.size > size
            }
        })
    }
    return before
}

/** Those whose names are not the machine's own; all others of the host begin with "_". */
const BUFFER_NATIVES = ["copyBytesFrom", "readUIntBE", "writeUIntBE"]
const START = builtinKey("start")

const isAssign = ({ opcode, value }: Expression): boolean => opcode === Op.objectField && value === ASSIGN

const isFunction = ({ opcode }: Expression): boolean => opcode === Op.staticFunction || opcode === Op.makeClosure

const isConstructor = ({ flags }: ImageFunction): boolean => (flags & FunctionFlag.constructor) !== 0

/** How the program uses names of fields. */
class FieldUses {
    /** names that are values, too: a field of this name may be reached by a key that is worked out */
    readonly texts = new Set<string>()
    /** names that are looked up but for calls */
    private readonly open = new Set<string>()

    constructor(program: ImageProgram) {
        for (const { body } of program.functions) for (const each of body) walk(each, (above) => this.addUses(above))
    }

    private addUses(above: Expression): void {
        above.operands.forEach((operand, place) => {
            const name = nameKey(operand)
            if (name !== undefined && !(above.opcode === Op.indexSet && place === 1)) this.texts.add(name)
            const looked = fieldKey(operand)
            if (looked !== undefined && !(place === 0 && isCall(above))) this.open.add(looked)
        })
    }

    /** Whether what is stored under a name may be reached in other ways than by a call of the field. */
    isOpen(name: string): boolean {
        return this.open.has(name) || this.texts.has(name)
    }
}

export class TypeInference {
    /**
     * types by a text that names the place: a slot, a global, a field of a kind of objects or of all, a result, or
     * an argument that is passed to functions nobody knows
     */
    private readonly places = new Map<string, Type>()
    private readonly sources = new Map<ImageFunction, Map<Statement, Set<Statement | undefined>>>()
    private readonly indexes: Map<ImageFunction, number>
    readonly fields: FieldUses
    /** functions around closures */
    private readonly around = new Map<number, number | undefined>()
    /** names that fields are stored by */
    private readonly stored = new Set<string>()
    private changed = true
    private isSound = true

    constructor(
        private readonly program: ImageProgram,
        private readonly methods: MethodTable,
        private readonly hierarchy: Hierarchy,
    ) {
        this.fields = new FieldUses(program)
        this.indexes = new Map(program.functions.map((entry, i) => [entry, i]))
        for (const entry of program.functions) {
            this.sources.set(entry, retValSources(entry))
            this.findClosures(entry)
        }
        program.functions.forEach((entry, index) => this.addThis(entry, index))
        while (this.changed) {
            this.changed = false
            for (const entry of program.functions) for (const each of entry.body) this.statement(entry, each)
        }
        this.isSound &&= program.functions.every((entry) => entry.body.every((each) => this.isPlain(entry, each)))
    }

    /** False when the program works field names out, or has the machine list, copy or print fields: nothing is known then. */
    get isKnown(): boolean {
        return this.isSound && !this.methods.isDynamic
    }

    private index(entry: ImageFunction): number {
        return this.indexes.get(entry) as number
    }

    private findClosures(entry: ImageFunction): void {
        for (const each of entry.body)
            walk(each, ({ opcode, value }) => {
                if (opcode !== Op.makeClosure) return
                const outer = this.index(entry)
                this.around.set(value, this.around.has(value) && this.around.get(value) !== outer ? undefined : outer)
            })
    }

    /** `this` is an object of the class or of one that extends it. */
    private addThis(entry: ImageFunction, index: number): void {
        if ((entry.flags & FunctionFlag.needsThis) === 0) return
        const isMethod = isConstructor(entry) || this.methods.hasObject(entry)
        const classes = isMethod ? this.hierarchy.receivers(index) : undefined
        const type = classes === undefined ? ANY : classes.reduce((sum, at) => sum | classType(at), NOTHING)
        this.add(`slot ${index} 0`, type)
    }

    private get(place: string): Type {
        return this.places.get(place) ?? NOTHING
    }

    private add(place: string, type: Type): void {
        const before = this.get(place)
        if ((before | type) === before) return
        this.places.set(place, before | type)
        this.changed = true
    }

    /* Values */

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
        if (isFunction(value)) return functionType(value.value)
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
        const place = this.closurePlace(entry, slot, levels)
        return place === undefined ? ANY : this.get(place) | CONSTANT
    }

    private closurePlace(entry: ImageFunction, slot: number, levels: Expression): string | undefined {
        let at: number | undefined = this.index(entry)
        if (levels.opcode !== Op.literal) return undefined
        for (let level = levels.value; level > 0 && at !== undefined; level--) at = this.around.get(at)
        return at === undefined ? undefined : `slot ${at} ${slot}`
    }

    private retValType(entry: ImageFunction, each: Statement): Type {
        let type = CONSTANT
        for (const source of this.sources.get(entry)?.get(each) ?? [])
            if (source !== undefined) type |= this.resultType(entry, source)
        return type
    }

    private resultType(entry: ImageFunction, each: Statement): Type {
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

    private resultOf(index: number): Type {
        return isConstructor(this.program.functions[index]) ? ANY : this.get(`result ${index}`)
    }

    private resultOfValue(callee: Type): Type {
        if (mayBe(callee, BUILTIN)) return ANY
        return functionsOf(callee).reduce((sum, index) => sum | this.resultOf(index), CONSTANT)
    }

    private callType(object: Type, name: string): Type {
        let type = NOTHING
        // A field may hide the method.
        if (this.get(`all ${name}`) !== NOTHING) return ANY
        for (const kind of kindsOf(object)) {
            if (kind === CONSTANT) continue
            const constructor = constructorOf(kind)
            const method = constructor === undefined ? undefined : this.hierarchy.resolve(constructor, name)
            if (method !== undefined) type |= this.get(`result ${method}`)
            else if (NUMERIC_METHODS.has(name) && constructor === undefined) type |= NUMBER | this.resultsOf(name)
            else return ANY
        }
        return type
    }

    private resultsOf(name: string): Type {
        return [...this.hierarchy.implementations(name)].reduce((sum, at) => sum | this.get(`result ${at}`), NOTHING)
    }

    /** What a field holds: what the program stores there, as long as the object is one of its own. */
    private fieldType(object: Type, field: Expression): Type {
        const name = fieldKey(field) as string
        if (name === PROTOTYPE || this.fields.texts.has(name)) return ANY
        let type = CONSTANT | this.get(`${ANY} ${name}`)
        for (const kind of kindsOf(object)) {
            if (kind === CONSTANT) continue
            const constructor = constructorOf(kind)
            if (constructor === undefined && kind !== MAP) {
                if (name !== LENGTH) return ANY
                type |= NUMBER | this.get(`all ${name}`)
            } else {
                const stored = this.get(`${kind} ${name}`)
                const method = constructor === undefined ? undefined : this.hierarchy.resolve(constructor, name)
                if (field.opcode !== Op.asciiField && (stored === NOTHING || this.isOfMachine(kind))) return ANY
                type |= method === undefined ? stored : stored | BUILTIN
            }
        }
        return type
    }

    /** The machine gives objects of such classes fields of its own, as errors have their message. */
    private isOfMachine(kind: Type): boolean {
        const constructor = constructorOf(kind)
        return constructor !== undefined && this.hierarchy.isOfMachine(constructor)
    }

    /** What the program stores in fields of this name, whatever the object. */
    storedAs(name: string): Type {
        return this.get(`all ${name}`)
    }

    /** Whether objects of a kind may have a field of this name for themselves. */
    mayBeOwn(kind: Type, name: string): boolean {
        if (kind === ANY) return this.storedAs(name) !== NOTHING
        return this.get(`${kind} ${name}`) !== NOTHING || this.get(`${ANY} ${name}`) !== NOTHING
    }

    /* Stores */

    private statement(entry: ImageFunction, each: Statement): void {
        const { opcode, value, operands } = each
        const index = this.index(entry)
        const stored = slotStored(each)
        if (stored !== undefined) this.add(`slot ${index} ${stored}`, this.typeOf(entry, each, operands[0]))
        if (opcode === Op.storeGlobal) this.add(`global ${value}`, this.typeOf(entry, each, operands[0]))
        if (opcode === Op.return) this.add(`result ${index}`, this.typeOf(entry, each, operands[0]))
        if (opcode === Op.indexSet) this.storeField(entry, each)
        if (opcode === Op.storeClosure) this.storeClosure(entry, each)
        if (isCall(each)) this.pass(entry, each)
        if (entry !== this.program.setup || !isMethodStore(each)) this.escapes(entry, each)
    }

    private storeField(entry: ImageFunction, each: Statement): void {
        const [object, key, value] = each.operands
        const name = nameKey(key)
        if (entry === this.program.setup && isMethodStore(each)) return
        const type = this.typeOf(entry, each, value)
        if (name === undefined) return this.release(type)
        this.add(`all ${name}`, type)
        this.stored.add(name)
        for (const kind of kindsOf(this.typeOf(entry, each, object))) {
            if (kind === CONSTANT) continue
            this.add(`${kind} ${name}`, type)
            if (kind !== MAP && constructorOf(kind) === undefined) this.release(type)
        }
        // Classes that are read from fields are bound to their objects.
        const isClass = functionsOf(type).some((index) => isConstructor(this.program.functions[index]))
        // Read somewhere as a value, of an object that nobody knows.
        if (isClass || this.fields.isOpen(name)) this.release(type)
        if (this.isNativeName(name)) for (let i = 0; i < MOST_ARGUMENTS; i++) this.add(`passed ${i}`, ANY)
    }

    /** Object.assign: the target may get every field that the program stores anywhere, and those that the machine gives objects. */
    private copyFields(target: Type): void {
        for (const kind of kindsOf(target))
            for (const name of kind === CONSTANT ? [] : this.stored)
                this.add(`${kind} ${name}`, name.startsWith("builtin ") ? ANY : this.storedAs(name))
    }

    private storeClosure(entry: ImageFunction, each: Statement): void {
        const { value, operands } = each
        const [levels, stored] = operands
        const place = this.closurePlace(entry, value, levels)
        const type = this.typeOf(entry, each, stored)
        if (place === undefined) this.isSound = false
        else this.add(place, type)
    }

    private pass(entry: ImageFunction, each: Statement): void {
        const [callee, ...passed] = each.operands
        const types = passed.map((value) => this.typeOf(entry, each, value))
        const name = fieldKey(callee)
        if (isAssign(callee) && types.length > 0) return this.copyFields(types[0])
        if (callee.opcode === Op.bind) return this.passTo(this.typeOf(entry, each, callee.operands[0]), types)
        if (name === undefined) return this.passTo(this.typeOf(entry, each, callee), types)
        const object = this.typeOf(entry, each, callee.operands[0])
        for (const method of this.hierarchy.methodsOf(object, name)) this.call(method, types)
        if (name === START) this.passTo(object, types)
        else this.passTo(this.fields.texts.has(name) ? ANY : this.get(`all ${name}`), types)
        // Natives keep what they get, and array elements are not followed.
        if (callee.opcode !== Op.asciiField || this.isNativeName(name)) for (const type of types) this.release(type)
    }

    /** Arguments of a call of any of these functions. */
    private passTo(callee: Type, types: Type[]): void {
        for (const index of functionsOf(callee)) this.call(index, types)
        if (!mayBe(callee, BUILTIN)) return
        types.forEach((type, i) => {
            this.add(`passed ${i}`, type)
            this.release(type)
        })
    }

    private call(index: number, types: Type[]): void {
        const { flags, arguments: declared } = this.program.functions[index]
        const first = (flags & FunctionFlag.needsThis) === 0 ? 0 : 1
        types.forEach((type, i) => {
            const slot = first + i
            if (slot < declared) this.add(`slot ${index} ${slot}`, type)
        })
        if ((flags & FunctionFlag.restArgument) !== 0) this.add(`slot ${index} ${declared - 1}`, ARRAY)
    }

    /** Values that go where they are not followed, and methods that are looked up for anything but a call. */
    private escapes(entry: ImageFunction, each: Statement): void {
        const { opcode, operands } = each
        const look = (above: Expression, found: Expression, place: number): void => {
            const name = fieldKey(found)
            if (name !== undefined && !(place === 0 && isCall(above))) {
                const object = this.typeOf(entry, each, found.operands[0])
                for (const method of this.hierarchy.methodsOf(object, name)) this.escape(method)
            }
            found.operands.forEach((operand, i) => look(found, operand, i))
        }
        operands.forEach((operand, i) => look(each, operand, i))
        if (opcode === Op.throw || opcode === Op.callArray || opcode === Op.reThrow)
            for (const value of operands) this.release(this.typeOf(entry, each, value))
        // What the elements of the array are is not known.
        if (opcode === Op.callArray) for (let i = 0; i < MOST_ARGUMENTS; i++) this.add(`passed ${i}`, ANY)
    }

    /** Names of natives, and of what natives call. */
    isNativeName(key: string): boolean {
        const text = key.startsWith("ascii ") ? this.program.ascii[Number(key.slice(6))].toString() : "_"
        return text.startsWith("_") || BUFFER_NATIVES.includes(text)
    }

    /** Functions among values that nobody follows may be called with anything that unknown calls pass. */
    private release(type: Type): void {
        for (const index of functionsOf(type)) this.escape(index)
    }

    private escape(index: number): void {
        const { flags, arguments: declared } = this.program.functions[index]
        const isMethod = (flags & FunctionFlag.needsThis) !== 0
        // Whatever it is bound to.
        if (isMethod && !this.methods.hasObject(this.program.functions[index])) this.add(`slot ${index} 0`, ANY)
        for (let slot = isMethod ? 1 : 0; slot < declared; slot++) {
            const passed = this.get(`passed ${isMethod ? slot - 1 : slot}`)
            this.add(`slot ${index} ${slot}`, (passed & TEXT) !== NOTHING ? ANY : passed)
        }
    }

    /** False for what makes, lists or copies fields whose names are not in the code. */
    private isPlain(entry: ImageFunction, each: Statement): boolean {
        const isSetup = entry === this.program.setup
        const [callee, target] = each.operands
        const assigned =
            isCall(each) && isAssign(callee) && target !== undefined ? this.typeOf(entry, each, target) : ANY
        const copies = kindsOf(assigned).every(
            (kind) => kind === CONSTANT || kind === MAP || constructorOf(kind) !== undefined,
        )
        const isPlain = (found: Expression): boolean => {
            const { opcode, value, operands } = found
            if (copies && found === callee) return true
            if (opcode === Op.builtinObject && (value === JSON_OBJECT || value === OBJECT)) return false
            if (opcode === Op.objectField && !(value === SET_PROTOTYPE_OF && isSetup)) return false
            const isIndex = opcode === Op.index || opcode === Op.indexSet || opcode === Op.indexDelete
            const key = isIndex && nameKey(operands[1]) === undefined ? operands[1] : undefined
            if (key !== undefined && (this.typeOf(entry, each, key) & TEXT) !== NOTHING) return false
            return operands.every(isPlain)
        }
        return isPlain(each)
    }
}
