import { builtinObjects } from "../../abi/abi.js"
import { nameKey } from "../ir/names.js"
import { builtinObject, builtinString, Op } from "../ir/operations.js"
import type { Expression, ImageFunction, Statement } from "../ir/program.js"

/*
 * How a program makes its classes. The setup (ImageProgram.setup) stores methods on prototypes, one statement each, and
 * links the prototype of a derived class to that of its base. It runs before everything else and calls none of the
 * program's functions, so what it has stored at its end is there from the start.
 */

const PROTOTYPE = builtinString("prototype")
const SET_PROTOTYPE_OF = builtinString("setPrototypeOf")
/** Array.prototype, Buffer.prototype and the like in the list of builtin objects. */
const BUILTIN_PROTOTYPES = new Set(
    builtinObjects.filter((name) => name.endsWith("_prototype")).map((name) => builtinObject(name)),
)

/** `C.prototype`, with C a class of the program or of the machine. */
export function isPrototype(expression: Expression): boolean {
    if (expression.opcode === Op.builtinObject) return BUILTIN_PROTOTYPES.has(expression.value)
    return isPrototypeField(expression) && expression.operands[0].opcode === Op.staticFunction
}

/** `value.prototype` */
export function isPrototypeField({ opcode, value }: Expression): boolean {
    return opcode === Op.builtinField && value === PROTOTYPE
}

/** The constructor C in `C.prototype`; undefined when the class is one of the machine's. */
export function constructorIn(prototype: Expression): number | undefined {
    return prototype.opcode === Op.builtinField ? prototype.operands[0].value : undefined
}

/**
 * A method that the setup stores. Expressions are the program's own, so that they follow when functions are renumbered.
 */
export interface MethodStore {
    prototype: Expression
    /** key of the name */
    name: string
    /** the function, an operation staticFunction */
    method: Expression
}

/** `Object.setPrototypeOf(C.prototype, B.prototype)` */
export interface Extension {
    derived: Expression
    base: Expression
}

/** The setup, read once. */
export class ClassSetup {
    readonly methods = new Map<Statement, MethodStore>()
    readonly extensions: Extension[] = []

    constructor(setup: ImageFunction | null) {
        // The optimizer groups a class's stores, whose prototype is then in a slot.
        const slots = new Map<number, Expression>()
        for (const each of setup?.body ?? []) {
            this.addStore(each, slots)
            const [callee, derived, base] = each.operands
            if (callee?.opcode !== Op.objectField || callee.value !== SET_PROTOTYPE_OF) continue
            if (isPrototype(derived)) this.extensions.push({ derived, base })
        }
    }

    private addStore(each: Statement, slots: Map<number, Expression>): void {
        const { opcode, value, operands } = each
        const [object, key, method] = operands
        if (opcode === Op.storeLocal) {
            if (isPrototype(object)) slots.set(value, object)
            else slots.delete(value)
        }
        if (opcode !== Op.indexSet || method.opcode !== Op.staticFunction) return
        const prototype = object.opcode === Op.loadLocal ? slots.get(object.value) : object
        const name = nameKey(key)
        if (prototype === undefined || name === undefined || !isPrototype(prototype)) return
        this.methods.set(each, { prototype, name, method })
    }
}
