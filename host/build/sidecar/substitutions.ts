import type ts from "typescript"
import { append } from "../../image/ir/expressions.js"
import type { TypeFacts } from "./type-facts.js"

/**
 * The type arguments that type parameters get anywhere in a program, and the types of values that have passed to them.
 */
export class Substitutions {
    private readonly known = new Map<ts.Type, Set<ts.Type>>()
    private readonly passed = new Map<ts.Type, ts.Type[]>()
    /** type parameters of functions that are used as values instead of being called: their arguments are not known */
    private readonly open = new Set<ts.Type>()

    constructor(
        private readonly checker: ts.TypeChecker,
        private readonly facts: TypeFacts,
        private readonly passOn: (from: ts.Type, to: ts.Type) => void,
    ) {}

    /** A value passes to a place whose type is a type parameter. @returns the type arguments that are known so far */
    pass(source: ts.Type, parameter: ts.Type): ts.Type[] {
        append(this.passed, parameter, source)
        return [...(this.known.get(parameter) ?? [])]
    }

    isOpen(parameter: ts.Type): boolean {
        return this.open.has(parameter)
    }

    /** Compares the type in a declaration with the actual one where the declaration is used. */
    add(generic: ts.Type, actual: ts.Type): void {
        const declared = this.facts.valueOf(generic)
        const known = this.known.get(declared) ?? new Set()
        if (declared === actual || known.has(actual)) return
        this.known.set(declared, known.add(actual))
        if (this.facts.isGeneric(declared)) {
            for (const each of this.passed.get(declared) ?? []) this.passOn(each, actual)
        } else if (declared.isUnionOrIntersection()) {
            for (const each of declared.types) this.add(each, actual)
        } else this.addParts(declared, this.facts.valueOf(actual))
    }

    private addParts(declared: ts.Type, actual: ts.Type): void {
        const [parameters, passed] = [declared, actual].map((each) => this.facts.argumentsOf(each))
        parameters.forEach((each, i) => {
            if (passed.length > i) this.add(each, passed[i])
        })
        if (parameters.length > 0) return
        for (const each of this.checker.getPropertiesOfType(declared)) {
            const other = this.checker.getPropertyOfType(actual, each.name)
            if (other !== undefined && other !== each)
                this.add(this.checker.getTypeOfSymbol(each), this.checker.getTypeOfSymbol(other))
        }
        const signatures = this.facts.signaturesOf(actual)
        this.facts.signaturesOf(declared).forEach((each, i) => {
            if (signatures.length > i) this.addSignature(each, signatures[i], false)
        })
    }

    /**
     * @param isOpen whether the type arguments remain unknown, because the function is used as a value and not called
     */
    addSignature(declared: ts.Signature, actual: ts.Signature, isOpen = actual.typeParameters === undefined): void {
        if (isOpen) for (const each of declared.typeParameters ?? []) this.open.add(each)
        declared.parameters.forEach((_, i) => {
            const [type, other] = [declared, actual].map((each) => this.facts.parameterType(each, i))
            if (type !== undefined && other !== undefined) this.add(type, other)
        })
        this.add(declared.getReturnType(), actual.getReturnType())
    }

    /** The program refers to a class or an interface with type arguments. */
    addReference(type: ts.Type): void {
        const parameters = this.facts.parametersOf(type)
        const passed = parameters.length === 0 ? [] : this.facts.argumentsOf(type)
        parameters.forEach((parameter, i) => this.add(parameter, passed[i]))
    }
}
