import { append } from "../ir/expressions.js"
import { builtinString, Op } from "../ir/operations.js"
import type { Expression, ImageProgram } from "../ir/program.js"
import { isMethodStore, isPrototype } from "./function-facts.js"
import { nameKey } from "../ir/names.js"
import { constructorOf, Kind, kindsOf, type Type } from "./types.js"

const SET_PROTOTYPE_OF = builtinString("setPrototypeOf")

/** The classes of a program, by the indexes of their constructors, as its setup makes them. */
export class Hierarchy {
    private readonly methods = new Map<string, Map<number, number>>()
    private readonly bases = new Map<number, number>()
    /** classes that extend one of the program's at once */
    private readonly derived = new Map<number, number[]>()
    /** classes that extend one of the machine's */
    private readonly ofMachine = new Set<number>()
    private readonly owners = new Map<number, Set<number>>()

    constructor(private readonly program: ImageProgram) {
        for (const each of program.setup?.body ?? []) {
            const [first, second, third] = each.operands
            if (isMethodStore(each)) this.addMethod(first, nameKey(second) ?? "", third.value)
            if (first?.opcode !== Op.objectField || first.value !== SET_PROTOTYPE_OF) continue
            const [derived, base] = [classOf(second), classOf(third)]
            if (derived !== undefined && base !== undefined) this.addBase(derived, base)
            else if (derived !== undefined) this.ofMachine.add(derived)
        }
    }

    private addBase(derived: number, base: number): void {
        this.bases.set(derived, base)
        append(this.derived, base, derived)
    }

    private addMethod(object: Expression, name: string, method: number): void {
        const owner = classOf(object)
        const key = owner ?? -object.value - 1
        const known = this.methods.get(name) ?? new Map<number, number>()
        this.methods.set(name, known.set(key, method))
        this.owners.set(method, (this.owners.get(method) ?? new Set()).add(key))
    }

    /** Functions that a method of this name may be, in any class. */
    implementations(name: string): Set<number> {
        return new Set(this.methods.get(name)?.values())
    }

    /** The method that objects of a class have; undefined when there is none. */
    resolve(constructor: number, name: string): number | undefined {
        for (let at: number | undefined = constructor; at !== undefined; at = this.bases.get(at)) {
            const found = this.methods.get(name)?.get(at)
            if (found !== undefined) return found
        }
        return undefined
    }

    /** Classes whose objects may be `this` of a method or a constructor; undefined when they are of the machine. */
    receivers(index: number): number[] | undefined {
        const owners = this.owners.get(index) ?? new Set([index])
        if ([...owners].some((owner) => owner < 0)) return undefined
        const classes = new Set(owners)
        for (const owner of classes) for (const derived of this.derived.get(owner) ?? []) classes.add(derived)
        return [...classes]
    }

    /** Methods of this name that an object of a type may have; the machine's own methods are not among them. */
    methodsOf(object: Type, name: string): Set<number> {
        const found = new Set<number>()
        for (const kind of kindsOf(object)) {
            if (kind === Kind.constant) continue
            if (kind === Kind.any) return this.implementations(name)
            const constructor = constructorOf(kind)
            const method = constructor === undefined ? undefined : this.resolve(constructor, name)
            if (method !== undefined) found.add(method)
            else if (constructor === undefined || this.isOfMachine(constructor))
                for (const index of this.ofMachineClasses(name)) found.add(index)
        }
        return found
    }

    /** Methods of this name that the program gives to the machine's own classes. */
    private ofMachineClasses(name: string): number[] {
        return [...(this.methods.get(name) ?? [])].flatMap(([owner, method]) => (owner < 0 ? [method] : []))
    }

    isOfMachine(constructor: number): boolean {
        return [...this.ofMachine].some((base) => this.extends(constructor, base))
    }

    private extends(constructor: number, base: number): boolean {
        for (let at: number | undefined = constructor; at !== undefined; at = this.bases.get(at))
            if (at === base) return true
        return false
    }
}

/** The constructor in `C.prototype`. */
function classOf(object: Expression): number | undefined {
    return isPrototype(object) && object.opcode === Op.builtinField ? object.operands[0].value : undefined
}
