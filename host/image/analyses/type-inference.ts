import { isCall, isConstructor, slotStored } from "../ir/expressions.js"
import { builtinKey, fieldKey, nameKey } from "../ir/names.js"
import { builtinObject, builtinString, Op } from "../ir/operations.js"
import { type Expression, FunctionFlag, type ImageFunction, type ImageProgram, type Statement } from "../ir/program.js"
import type { ClassModel } from "./class-model.js"
import { MESSAGE, TypeEnvironment } from "./type-environment.js"
import {
    ANY,
    ARRAY,
    BUILTIN,
    classType,
    constructorOf,
    functionsOf,
    Kind,
    kindsOf,
    mayBe,
    NOTHING,
    TEXT,
    type Type,
} from "./types.js"

/*
 * Type inference: the possible types of a program's values. Every value is followed from where it is made to where it
 * is stored, until no location's type changes (a flow-insensitive analysis over the whole program, as in 0-CFA).
 */

const JSON_OBJECT = builtinObject("JSON")
const OBJECT = builtinObject("Object")
const SET_PROTOTYPE_OF = builtinString("setPrototypeOf")
const ASSIGN = builtinString("assign")
const START = builtinKey("start")
const MAX_ARGUMENTS = 8
/** The location that stands for all names of stored fields. */
const NAMES = "names"

const isAssign = ({ opcode, value }: Expression): boolean => opcode === Op.objectField && value === ASSIGN

export class TypeInference extends TypeEnvironment {
    /** names of stored fields */
    private readonly stored = new Set<string>()
    private isSound: boolean

    constructor(program: ImageProgram, classes: ClassModel) {
        super(program, classes)
        this.isSound = program.types.computed === "nothing"
        program.functions.forEach((entry, index) => this.addThis(entry, index))
        const steps = program.functions.flatMap((entry) => entry.body.map((each) => ({ entry, each, isDue: true })))
        this.locations.settle(steps, ({ entry, each }) => this.statement(entry, each))
        this.isSound &&= program.functions.every((entry) => entry.body.every((each) => this.isPlain(entry, each)))
    }

    /**
     * False when the program computes field names, or has the machine list or print fields: no types are known then.
     */
    get isKnown(): boolean {
        return this.isSound && !this.classes.isDynamic
    }

    /** `this` is an object of the class or of one that extends it. */
    private addThis(entry: ImageFunction, index: number): void {
        if ((entry.flags & FunctionFlag.needsThis) === 0) return
        const isMethod = isConstructor(entry) || this.classes.hasObject(entry)
        const classes = isMethod ? this.classes.receivers(index) : undefined
        const type = classes?.reduce((sum, at) => sum | classType(at), NOTHING) ?? this.unknownReceiver
        this.add(`slot ${index} 0`, type)
    }

    /** `this` of a function that may be bound to any object, or has it from one of the machine's classes. */
    protected get unknownReceiver(): Type {
        return ANY
    }

    protected statement(entry: ImageFunction, each: Statement): void {
        const { opcode, value, operands } = each
        const index = this.index(entry)
        const stored = slotStored(each)
        if (stored !== undefined) this.add(`slot ${index} ${stored}`, this.typeOf(entry, each, operands[0]))
        if (opcode === Op.storeGlobal) this.add(`global ${value}`, this.typeOf(entry, each, operands[0]))
        if (opcode === Op.return) this.add(`result ${index}`, this.typeOf(entry, each, operands[0]))
        if (opcode === Op.indexSet) this.storeField(entry, each)
        if (opcode === Op.storeClosure) this.storeClosure(entry, each)
        if (isCall(each)) this.pass(entry, each)
        if (!this.classes.isMethodStore(each)) this.escapes(entry, each)
    }

    private storeField(entry: ImageFunction, each: Statement): void {
        const [object, key, value] = each.operands
        const name = nameKey(key)
        if (this.classes.isMethodStore(each)) return
        const type = this.typeOf(entry, each, value)
        if (name === undefined) return this.release(type)
        this.add(`all ${name}`, type)
        this.addName(name)
        for (const kind of kindsOf(this.typeOf(entry, each, object))) {
            if (kind === Kind.constant) continue
            this.add(`${kind} ${name}`, type)
            if (kind !== Kind.map && constructorOf(kind) === undefined) this.release(type)
        }
        // A class that is read from a field is bound to the object.
        const isClass = functionsOf(type).some((index) => isConstructor(this.program.functions[index]))
        // It may be read as a value, from an object of unknown type.
        if (isClass || this.classes.isOpen(name)) this.release(type)
        if (this.mayBeCalledByNatives(name, type)) for (let i = 0; i < MAX_ARGUMENTS; i++) this.add(`passed ${i}`, ANY)
    }

    /** Whether natives may call what is stored under a name. */
    protected mayBeCalledByNatives(name: string, _stored: Type): boolean {
        return this.isNativeName(name)
    }

    /** The most fields that the program may store into an object of one class. */
    get mostFields(): number {
        const counts = this.program.functions.map((_, index) => this.namesOf(kindsOf(classType(index))[0]))
        return Math.max(0, ...counts)
    }

    private namesOf(kind: Kind): number {
        return [...this.stored].filter((name) => this.mayBeOwn(kind, name)).length
    }

    private addName(name: string): void {
        if (this.stored.has(name)) return
        this.stored.add(name)
        // Statements that copy fields run again for each new name.
        this.add(NAMES, 1n << BigInt(this.stored.size))
    }

    /** Object.assign: the target may get every field that the program stores anywhere, and those that the machine gives objects. */
    private copyFields(target: Type): void {
        this.get(NAMES)
        for (const kind of kindsOf(target))
            for (const name of kind === Kind.constant ? [] : this.stored)
                this.add(`${kind} ${name}`, name.startsWith("builtin ") ? ANY : this.storedAs(name))
    }

    private storeClosure(entry: ImageFunction, each: Statement): void {
        const { value, operands } = each
        const [levels, stored] = operands
        const location = this.closureLocation(entry, value, levels)
        const type = this.typeOf(entry, each, stored)
        if (location === undefined) this.isSound = false
        else this.add(location, type)
    }

    protected pass(entry: ImageFunction, each: Statement): void {
        const [callee, ...passed] = each.operands
        const types = passed.map((value) => this.typeOf(entry, each, value))
        const name = fieldKey(callee)
        if (isAssign(callee) && types.length > 0) return this.copyFields(types[0])
        this.storeMessage(callee, types)
        if (callee.opcode === Op.bind) return this.passTo(this.typeOf(entry, each, callee.operands[0]), types)
        if (name === undefined) return this.passTo(this.typeOf(entry, each, callee), types)
        const object = this.typeOf(entry, each, callee.operands[0])
        for (const method of this.classes.methodsOf(object, name)) this.call(method, types)
        if (name === START) this.passTo(object, types)
        else this.passTo(this.classes.isText(name) ? ANY : this.get(`all ${name}`), types)
        // Natives may keep their arguments, and array elements are not tracked.
        if (callee.opcode !== Op.asciiField || this.isNativeName(name)) for (const type of types) this.release(type)
    }

    /** The first argument of an error's constructor is its message. */
    private storeMessage({ opcode, operands }: Expression, types: Type[]): void {
        const constructs =
            opcode === Op.new || opcode === Op.bind
                ? operands[0].opcode !== Op.staticFunction
                : opcode === Op.builtinObject
        if (constructs && types.length > 0) this.add(`all ${MESSAGE}`, types[0])
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

    protected call(index: number, types: Type[]): void {
        const { flags, arguments: declared } = this.program.functions[index]
        const first = (flags & FunctionFlag.needsThis) === 0 ? 0 : 1
        types.forEach((type, i) => {
            const slot = first + i
            if (slot < declared) this.add(`slot ${index} ${slot}`, type)
        })
        if ((flags & FunctionFlag.restArgument) !== 0) this.add(`slot ${index} ${declared - 1}`, ARRAY)
    }

    /** Values that escape, and methods that are looked up without being called. */
    private escapes(entry: ImageFunction, each: Statement): void {
        const { opcode, operands } = each
        this.escapeLookedUp(entry, each, each)
        if (opcode === Op.throw || opcode === Op.callArray || opcode === Op.reThrow)
            for (const value of operands) this.release(this.typeOf(entry, each, value))
        // The types of the array's elements are unknown.
        if (opcode === Op.callArray) for (let i = 0; i < MAX_ARGUMENTS; i++) this.add(`passed ${i}`, ANY)
    }

    private escapeLookedUp(entry: ImageFunction, each: Statement, above: Expression): void {
        above.operands.forEach((found, place) => {
            const name = fieldKey(found)
            if (name !== undefined && !(place === 0 && isCall(above))) {
                const object = this.typeOf(entry, each, found.operands[0])
                for (const method of this.classes.methodsOf(object, name)) this.escape(method)
            }
            this.escapeLookedUp(entry, each, found)
        })
    }

    /** Functions among escaping values may be called with any argument of an unknown call. */
    private release(type: Type): void {
        for (const index of functionsOf(type)) this.escape(index)
    }

    protected escape(index: number): void {
        const { flags, arguments: declared } = this.program.functions[index]
        const isMethod = (flags & FunctionFlag.needsThis) !== 0
        // It may be bound to any object.
        if (isMethod && !this.classes.hasObject(this.program.functions[index]))
            this.add(`slot ${index} 0`, this.unknownReceiver)
        for (let slot = isMethod ? 1 : 0; slot < declared; slot++) {
            const passed = this.get(`passed ${isMethod ? slot - 1 : slot}`)
            this.add(`slot ${index} ${slot}`, this.unknownArgument(passed))
        }
    }

    /** An argument of an escaped function, by the type of what is passed to unknown functions. */
    protected unknownArgument(passed: Type): Type {
        return (passed & TEXT) !== NOTHING ? ANY : passed
    }

    /** False for a statement that creates or lists fields whose names are not in the code. */
    private isPlain(entry: ImageFunction, each: Statement): boolean {
        const isSetup = entry === this.program.setup
        const [callee, target] = each.operands
        const assigned =
            isCall(each) && isAssign(callee) && target !== undefined ? this.typeOf(entry, each, target) : ANY
        const copies = kindsOf(assigned).every(
            (kind) => kind === Kind.constant || kind === Kind.map || constructorOf(kind) !== undefined,
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

/** Likely types: values of unknown type, such as elements of arrays, add nothing. */
export class LikelyTypes extends TypeInference {
    override typeOf(entry: ImageFunction, each: Statement, value: Expression): Type {
        return super.typeOf(entry, each, value) & ~ANY
    }

    protected override add(location: string, type: Type): void {
        super.add(location, type & ~ANY)
    }
}
