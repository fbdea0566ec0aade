import { append } from "../ir/expressions.js"
import { fieldKey } from "../ir/names.js"
import { Op } from "../ir/operations.js"
import type { Expression, ImageFunction, ImageProgram } from "../ir/program.js"
import { type FunctionFacts, ProgramFacts } from "./function-facts.js"

/* Which names are methods, and of which class. The compiler stores methods on prototypes, one statement each. */

/** Names and functions of methods. Only those count that classes have from the start and keep. */
export class MethodTable {
    private readonly methods = new Map<string, ImageFunction[]>()
    /** names of something that may be no method, or that are used as text */
    private readonly others = new Set<string>()
    private readonly fields = new Map<string, number>()
    private readonly calls = new Map<string, number>()
    /** functions that are nothing but methods: their `this` is an object */
    private readonly functions = new Set<ImageFunction>()
    /** prototypes are changed or passed around at run time: methods are unknown */
    private dynamic = false

    constructor(program: ImageProgram, facts = new ProgramFacts(program)) {
        const values = new Set<ImageFunction>()
        for (const entry of program.functions) this.add(facts.of(entry), values)
        for (const methods of this.methods.values())
            for (const method of methods) if (!values.has(method)) this.functions.add(method)
    }

    private add(facts: FunctionFacts, values: Set<ImageFunction>): void {
        for (const { name, method } of facts.methods) append(this.methods, name, method)
        for (const [name, n] of facts.fields) this.fields.set(name, (this.fields.get(name) ?? 0) + n)
        for (const [name, n] of facts.calls) this.calls.set(name, (this.calls.get(name) ?? 0) + n)
        for (const name of facts.names) this.others.add(name)
        for (const value of facts.values) values.add(value)
        this.dynamic ||= facts.isDynamic
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

    /** The function that is called, when only one class has a method of this name and it is always called. */
    onlyMethod(field: Expression): ImageFunction | undefined {
        return field.opcode === Op.asciiField ? this.onlyMethodNamed(fieldKey(field) ?? "") : undefined
    }

    /** The same by the key of a name. */
    onlyMethodNamed(name: string): ImageFunction | undefined {
        // The machine's own names may be those of its own methods.
        if (this.dynamic || !name.startsWith(OWN)) return undefined
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
            .filter((name) => name.startsWith(OWN) && this.isOnlyCalled(name))
            .map((name) => Number(name.slice(OWN.length)))
    }

    /** True when no method of this name is looked up. */
    isUnused(name: string): boolean {
        return !this.dynamic && !this.fields.has(name) && !this.others.has(name)
    }
}

/** How keys of the image's own names begin. */
const OWN = "ascii "
