import { append } from "../ir/expressions.js"
import { fieldKey } from "../ir/names.js"
import { Op } from "../ir/operations.js"
import type { Expression, ImageFunction, ImageProgram, Statement } from "../ir/program.js"
import { type ClassSetup, constructorIn } from "./class-setup.js"
import type { FunctionFacts } from "./function-facts.js"
import { constructorOf, Kind, kindsOf, type Type } from "./types.js"

/** A method of one of the program's classes. Functions have numbers; a class has its constructor's number. */
export interface Method {
    constructorIndex: number
    functionIndex: number
}

/**
 * The classes of a program as its setup makes them, and how the rest of the program uses the names of their methods.
 *
 * A name belongs to methods only if nothing but the setup stores it, on prototypes, and it is not a text otherwise.
 * Then no object has an own field of this name. When prototypes change while the program runs, or names are computed
 * (`isDynamic`), no name belongs to methods only.
 */
export class ClassModel {
    /** functions by name and by the class that has them: a constructor, or less than 0 for a prototype of the machine */
    private readonly methods = new Map<string, Map<number, number>>()
    private readonly functions: readonly ImageFunction[]
    private readonly owners = new Map<number, Set<number>>()
    private readonly bases = new Map<number, number>()
    /** classes that directly extend one of the program's */
    private readonly derived = new Map<number, number[]>()
    /** classes that directly extend one of the machine's */
    private readonly ofMachine = new Set<number>()
    /** names of something that may not be a method */
    private readonly stored = new Set<string>()
    private readonly texts = new Set<string>()
    /** names of methods that the program replaces while it runs */
    private readonly replaced = new Set<string>()
    private readonly fields = new Map<string, number>()
    private readonly calls = new Map<string, number>()
    /** functions that are only methods: their `this` is an object */
    private readonly plainMethods: ReadonlySet<ImageFunction>
    private readonly constructed = new Set<ImageFunction>()
    private dynamic: boolean
    /** names that may be looked up in objects without such a method */
    private readonly unsound: ReadonlySet<string>
    /** fields may be stored by any name, in objects without a class */
    private readonly storesFields: boolean

    /** @param facts about each function of the program */
    constructor(
        { functions, ascii, types: { unsound, computed } }: ImageProgram,
        private readonly setup: ClassSetup,
        facts: FunctionFacts[],
    ) {
        this.functions = functions
        this.dynamic = computed === "members"
        this.storesFields = computed === "fields"
        const names = new Set(unsound)
        this.unsound = new Set(ascii.flatMap((text, i) => (names.has(text.toString()) ? [`${OWN}${i}`] : [])))
        for (const each of facts) this.addUses(each)
        const values = new Set(facts.flatMap((each) => [...each.values]))
        for (const { prototype, name, method } of setup.methods.values())
            this.addMethod(constructorIn(prototype) ?? -prototype.value - 1, name, method.value)
        for (const { derived, base } of setup.extensions) this.addExtension(constructorIn(derived), constructorIn(base))
        const methods = [...this.owners.keys()].map((index) => functions[index])
        this.plainMethods = new Set(methods.filter((method) => !values.has(method)))
    }

    private addUses(facts: FunctionFacts): void {
        for (const [name, n] of facts.fields) this.fields.set(name, this.uses(name) + n)
        for (const [name, n] of facts.calls) this.calls.set(name, (this.calls.get(name) ?? 0) + n)
        for (const name of facts.stored) this.stored.add(name)
        for (const name of facts.texts) this.texts.add(name)
        for (const name of facts.replaced) this.replaced.add(name)
        for (const constructor of facts.constructed) this.constructed.add(constructor)
        this.dynamic ||= facts.isDynamic
    }

    /** Of two methods of one name in a class the later one counts: nothing runs between their stores. */
    private addMethod(owner: number, name: string, method: number): void {
        const known = this.methods.get(name) ?? new Map<number, number>()
        this.methods.set(name, known.set(owner, method))
        this.owners.set(method, (this.owners.get(method) ?? new Set()).add(owner))
    }

    private addExtension(derived: number | undefined, base: number | undefined): void {
        if (derived === undefined) return
        if (base === undefined) this.ofMachine.add(derived)
        else {
            this.bases.set(derived, base)
            append(this.derived, base, derived)
        }
    }

    /* Classes */

    /** Whether a statement of the setup stores a method. */
    isMethodStore(statement: Statement): boolean {
        return this.setup.methods.has(statement)
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

    /** Classes whose objects may be `this` of a method or a constructor; undefined when they are the machine's. */
    receivers(index: number): number[] | undefined {
        const owners = this.owners.get(index) ?? new Set([index])
        if ([...owners].some(isMachines)) return undefined
        const classes = new Set(owners)
        for (const owner of classes) for (const derived of this.derived.get(owner) ?? []) classes.add(derived)
        return [...classes]
    }

    /** Methods of this name that an object of a type may have, without the machine's own. */
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
        return [...(this.methods.get(name) ?? [])].flatMap(([owner, method]) => (isMachines(owner) ? [method] : []))
    }

    /** The methods of this name by class; none when the program replaces some while it runs. */
    methodsNamed(name: string): Method[] {
        if (this.dynamic || this.replaced.has(name)) return []
        const all = [...(this.methods.get(name) ?? [])].filter(([owner]) => !isMachines(owner))
        return all.map(([constructorIndex, functionIndex]) => ({ constructorIndex, functionIndex }))
    }

    /** What a call of this name may run, by the object's class, inherited methods included. */
    methodsOfObjects(name: string): Method[] {
        const known = new Map(this.methodsNamed(name).map((method) => [method.constructorIndex, method]))
        if (known.size === 0) return []
        for (const constructorIndex of this.withObjects) {
            const functionIndex = this.resolve(constructorIndex, name)
            if (functionIndex !== undefined) known.set(constructorIndex, { constructorIndex, functionIndex })
        }
        return [...known.values()]
    }

    /** Whether a class extends another one of the program. */
    isDerived(constructor: number): boolean {
        return this.bases.has(constructor)
    }

    /** The class that has a method, the first of several; undefined when it is not one of the program's. */
    ownerOf(method: number): number | undefined {
        const [owner] = this.owners.get(method) ?? []
        return owner === undefined || isMachines(owner) ? undefined : owner
    }

    /** Whether a class extends one of the machine's. */
    isOfMachine(constructor: number): boolean {
        for (let at: number | undefined = constructor; at !== undefined; at = this.bases.get(at))
            if (this.ofMachine.has(at)) return true
        return false
    }

    /** All classes that extend one of the machine's. */
    get classesOfMachine(): Set<number> {
        return new Set([...this.ofMachine, ...this.bases.keys()].filter((index) => this.isOfMachine(index)))
    }

    /** Classes that have methods of their own. */
    get withMethods(): Set<number> {
        return new Set([...this.owners.values()].flatMap((owners) => [...owners].filter((owner) => !isMachines(owner))))
    }

    /** Classes of which the program makes objects. */
    get withObjects(): Set<number> {
        return new Set(this.functions.flatMap((entry, index) => (this.constructed.has(entry) ? [index] : [])))
    }

    /* Names */

    /** True when prototypes change while the program runs. */
    get isDynamic(): boolean {
        return this.dynamic
    }

    /** How often a field of this name is looked up. */
    uses(name: string | undefined): number {
        return this.fields.get(name ?? "") ?? 0
    }

    /** Whether objects may have an own field of this name. */
    mayBeOwn(name: string): boolean {
        return this.stored.has(name) || this.texts.has(name)
    }

    /** Whether a name is a value of the program, and so may be a computed key. */
    isText(name: string): boolean {
        return this.texts.has(name)
    }

    /** Whether the program gives something a field or a method of this name. */
    isStored(name: string): boolean {
        return this.mayBeOwn(name) || this.methods.has(name)
    }

    /** True for the look-up of a name that objects have only from their class. */
    isMethod(field: Expression): boolean {
        const name = fieldKey(field)
        if (name === undefined || (this.storesFields && this.unsound.has(name))) return false
        return !this.dynamic && !this.mayBeOwn(name)
    }

    /** True when a function is only ever called with an object for `this`. */
    hasObject(entry: ImageFunction): boolean {
        return !this.dynamic && this.plainMethods.has(entry)
    }

    /**
     * The called function, when only one class has a method of this name, every look-up of the name is a call, and the
     * types leave no doubt that the object has it.
     */
    onlyMethod(field: Expression): ImageFunction | undefined {
        return field.opcode === Op.asciiField ? this.onlyMethodNamed(fieldKey(field) ?? "") : undefined
    }

    /** The same by the key of a name. */
    onlyMethodNamed(name: string): ImageFunction | undefined {
        // The machine's own names may be those of its own methods.
        if (this.dynamic || !name.startsWith(OWN) || this.unsound.has(name) || !this.isOnlyCalled(name))
            return undefined
        const [method, ...others] = this.methods.get(name)?.values() ?? []
        return method === undefined || others.length > 0 ? undefined : this.functions[method]
    }

    /** True when every look-up of this name is a call. */
    isOnlyCalled(name: string): boolean {
        return !this.mayBeOwn(name) && this.isLookedUpForCalls(name)
    }

    private isLookedUpForCalls(name: string): boolean {
        return (this.calls.get(name) ?? 0) === this.uses(name)
    }

    /** Whether what is stored under a name may be reached in other ways than by a call of the field. */
    isOpen(name: string): boolean {
        return this.texts.has(name) || !this.isLookedUpForCalls(name)
    }

    /** Indexes of the image's own names that only methods have, and that are looked up only for calls. */
    methodNames(): number[] {
        if (this.dynamic) return []
        return [...this.methods.keys()]
            .filter((name) => name.startsWith(OWN) && this.isOnlyCalled(name))
            .map((name) => Number(name.slice(OWN.length)))
    }

    /** True when no method of this name is looked up. */
    isUnused(name: string): boolean {
        return !this.dynamic && !this.fields.has(name) && !this.mayBeOwn(name)
    }
}

const isMachines = (owner: number): boolean => owner < 0

/** Prefix of the keys of the image's own names. */
const OWN = "ascii "
