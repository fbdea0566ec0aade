import { TypeInference } from "../image/analyses/type-inference.js"
import { ANY, BUILTIN, functionsOf, functionType, mayBe, NOTHING, type Type, UNKNOWN } from "../image/analyses/types.js"
import { isCall } from "../image/ir/expressions.js"
import { builtinKey, fieldKey, nameKey } from "../image/ir/names.js"
import { builtinString, Op } from "../image/ir/operations.js"
import { type Expression, FunctionFlag, type ImageFunction, type Statement } from "../image/ir/program.js"

/** The location of what the program puts into arrays. */
const ELEMENTS = "elements"
/** The location of results of functions that may be called as a value. */
const RESULTS = "results"

const PUSH = builtinKey("push")
const FUNC = builtinKey("__func__")
const SET_PROTOTYPE_OF = builtinString("setPrototypeOf")
const FIELDS_OF_BUILTINS = new Set<number>([Op.mathField, Op.objectField, Op.dsField])

/** The part of a type that is functions. */
const codeOf = (type: Type): Type => functionsOf(type).reduce((sum, index) => sum | functionType(index), type & BUILTIN)

const holdsNoCode = (type: Type): boolean => codeOf(type) === NOTHING

/** The same type, but for functions. */
const withoutCode = (type: Type): Type => (holdsNoCode(type) ? type : (type & ~codeOf(type)) | UNKNOWN)

/**
 * Where functions may be that were not bound to an object. Reading a field binds what it contains, no native returns a
 * function, and most programs put none into arrays. So most values of unknown type are no such functions.
 */
export class CodeFlow extends TypeInference {
    override typeOf(entry: ImageFunction, each: Statement, value: Expression): Type {
        const type = super.typeOf(entry, each, value)
        if (fieldKey(value) !== undefined) return withoutCode(type)
        if (holdsNoCode(type)) return type
        // A sum is a number or a text, and the machine's objects are no functions here: they are not bound.
        if (value.opcode === Op.add || value.opcode === Op.builtinObject) return UNKNOWN
        return value.opcode === Op.index ? UNKNOWN | codeOf(this.get(ELEMENTS)) : type
    }

    /** Whether the field that an expression reads contains no function that has to be bound. */
    holdsNoFunction(entry: ImageFunction, each: Statement, field: Expression): boolean {
        return holdsNoCode(this.storedAs(fieldKey(field) ?? "")) || holdsNoCode(super.typeOf(entry, each, field))
    }

    protected override resultType(entry: ImageFunction, each: Statement): Type {
        const type = super.resultType(entry, each)
        const [callee] = each.operands
        // A constructor may return something else than its object.
        if (isCall(each) && callee.opcode === Op.new && callee.operands[0].opcode === Op.staticFunction)
            return type | codeOf(this.get(`result ${callee.operands[0].value}`))
        if (holdsNoCode(type) || !isCall(each) || !FIELDS_OF_BUILTINS.has(callee.opcode)) return type
        return this.resultOfValue(this.storedAs(`builtin ${callee.value}`))
    }

    protected override callType(object: Type, name: string): Type {
        const type = super.callType(object, name)
        if ((type & ANY) !== ANY) return type
        const methods = [...this.classes.implementations(name)].map(functionType)
        return this.resultOfValue(methods.reduce((sum, method) => sum | method, this.storedAs(name)))
    }

    protected override resultOfValue(callee: Type): Type {
        const results = functionsOf(callee).map((index) => codeOf(this.resultOf(index)))
        const ofUnknown = mayBe(callee, BUILTIN) ? this.get(RESULTS) : NOTHING
        return results.reduce((sum, result) => sum | result, UNKNOWN | ofUnknown)
    }

    protected override statement(entry: ImageFunction, each: Statement): void {
        super.statement(entry, each)
        const [first, ...others] = each.operands
        if (each.opcode === Op.indexSet && nameKey(others[0]) === undefined)
            this.add(ELEMENTS, this.typeOf(entry, each, others[1]))
        if (!isCall(each)) return
        const name = fieldKey(first)
        // Arrays are made of what is passed to Array, or to a function that takes any number of arguments.
        const isValue = name === undefined && !FIELDS_OF_BUILTINS.has(first.opcode)
        const mayPut = isValue ? mayBe(this.typeOf(entry, each, first), BUILTIN) : name === PUSH
        for (const value of mayPut ? others : []) this.add(ELEMENTS, this.typeOf(entry, each, value))
    }

    /** Natives call only what is passed to them, and what a map has in place of a function. */
    protected override mayBeCalledByNatives(name: string, stored: Type): boolean {
        const isCalled = name.startsWith("builtin ") ? name === FUNC : this.isNativeName(name)
        return isCalled && !holdsNoCode(stored)
    }

    protected override unknownArgument(passed: Type): Type {
        return UNKNOWN | codeOf(passed)
    }

    /** Functions have no fields, and the program cannot add any. */
    protected override get unknownReceiver(): Type {
        return UNKNOWN
    }

    protected override pass(entry: ImageFunction, each: Statement): void {
        const [{ opcode, value }] = each.operands
        if (opcode !== Op.objectField || value !== SET_PROTOTYPE_OF) super.pass(entry, each)
    }

    protected override call(index: number, types: Type[]): void {
        super.call(index, types)
        if (this.hasRest(index)) for (const type of types) this.add(ELEMENTS, type)
    }

    protected override escape(index: number): void {
        super.escape(index)
        this.add(RESULTS, codeOf(this.resultOf(index)))
        if (this.hasRest(index)) this.add(ELEMENTS, ANY)
    }

    private hasRest(index: number): boolean {
        return (this.program.functions[index].flags & FunctionFlag.restArgument) !== 0
    }
}
