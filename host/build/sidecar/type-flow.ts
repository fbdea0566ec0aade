import type ts from "typescript"
import { ForeignObjects } from "./foreign-objects.js"
import { Substitutions } from "./substitutions.js"
import { TypeFacts } from "./type-facts.js"

/*
 * Type flow: finds out where TypeScript's types may be wrong about an object. Where the checker accepts a value of type
 * S as one of type T, either S has all members of T, or the checker has trusted the program: `any`, an assertion, an
 * array or a field that is written through a wider type, a parameter that is narrower than the overridden method's. So
 * every such pair of types is followed into its members. A member of T that S lacks is looked up in objects that may
 * not have it.
 *
 * `any`, `unknown` and `object` are treated as one type, whose values are all those that have ever passed to one of
 * them.
 */

export interface Implementation {
    type: ts.Type
    /** the class or object that it is declared in */
    owner: ts.Type
}

/** Fields and methods of the program. */
export interface Members {
    /** false for members that are accessed only through `this`, whose class is certain */
    isLookedUp(name: string): boolean
    /** whether a field of this name is stored in anything but `this` */
    isStored(name: string): boolean
    /** members of this name that objects have, not those that only types have */
    implementationsOf(name: string): Implementation[]
    /** classes that extend this one, directly or not */
    subclassesOf(type: ts.Type): ts.Type[]
}

/**
 * Pairs of types that are followed. A sensor has 700, a server of DTLS 1.3 1,000; where values of many types become `any` and
 * come back from there, every one of them is paired with every other, which would take minutes.
 */
const MOST_PAIRS = 20000

export class TypeFlow {
    /** names of members that an object may not have although its type does */
    readonly unsound = new Set<string>()
    /** a value has passed to a type parameter whose arguments are unknown: the types say nothing */
    isUnknown = false
    private pairs = 0
    private readonly any: ts.Type
    private readonly never: ts.Type
    readonly facts: TypeFacts
    readonly substitutions: Substitutions
    /** the types that values of a type have passed to */
    private readonly passed = new Map<ts.Type, Set<ts.Type>>()
    /** members that were looked up in objects of a type that does not have them */
    private readonly reached = new Map<ts.Type, Set<ts.Symbol>>()
    readonly foreign: ForeignObjects
    /** a value of type `any` has passed to a number: it may be a string */
    mistakesNumbers = false
    private storesElements = false

    constructor(
        typescript: typeof ts,
        private readonly checker: ts.TypeChecker,
        private readonly members: Members,
    ) {
        this.any = checker.getAnyType()
        this.never = checker.getNeverType()
        this.facts = new TypeFacts(typescript, checker)
        this.foreign = new ForeignObjects(checker, this.facts, this, members)
        this.substitutions = new Substitutions(checker, this.facts, (from, to) => this.pass(from, to))
    }

    /** A value of one type passes to a place of another type. */
    pass(from: ts.Type, to: ts.Type): void {
        if (this.isUnknown) return
        const [source, target] = [this.located(from), this.located(to)]
        if (source === target || this.facts.isNothing(source)) return
        if (source === this.any && this.facts.isNumber(target)) this.mistakesNumbers = true
        if (target !== this.never && this.facts.isPrimitive(target)) return
        if (target === this.any && this.facts.isPrimitive(source)) return
        const known = this.passed.get(source) ?? new Set()
        if (known.has(target)) return
        this.passed.set(source, known.add(target))
        // Incomplete from here on, so that nothing may be concluded.
        if (++this.pairs > MOST_PAIRS) this.isUnknown = true
        if (this.foreign.reached(source)) this.foreign.receive(target)
        if (source === this.never || target === this.never) this.relay(source, target)
        else if (source === this.any) this.passUntyped(target)
        else if (target === this.any) this.expose(source)
        else if (this.facts.isGeneric(target)) this.passToParameter(source, target)
        else if (source.isUnion()) for (const each of source.types) this.pass(each, target)
        else if (target.isUnion()) this.passToUnion(source, target)
        else if (target.isIntersection()) for (const each of target.types) this.pass(source, each)
        else if (this.facts.isGeneric(source))
            this.pass(this.checker.getBaseConstraintOfType(source) ?? this.any, target)
        else this.passObject(source, target)
    }

    /** What passes to a type parameter passes to each of its type arguments. */
    private passToParameter(source: ts.Type, target: ts.Type): void {
        if (source !== this.any && this.checker.isTypeAssignableTo(source, target)) return
        if (this.facts.isGeneric(source)) return this.substitutions.add(source, target)
        this.isUnknown ||= this.substitutions.isOpen(target)
        for (const each of this.substitutions.pass(source, target)) this.pass(source, each)
    }

    /** Types to which values of a type have passed. */
    targetsOf(type: ts.Type): ts.Type[] {
        return [...(this.passed.get(type) ?? [])]
    }

    /** Types that have passed to another one, other than as `any`. */
    sourcesOf(type: ts.Type): ts.Type[] {
        return [...this.passed].flatMap(([source, targets]) => (targets.has(type) ? [source] : []))
    }

    passAll(types: Iterable<ts.Type>, target: ts.Type): void {
        for (const each of types) this.pass(each, target)
    }

    /** Normalizes a type: promises are their values on a device, and types without members are `any`. */
    private located(type: ts.Type): ts.Type {
        const value = this.facts.valueOf(type)
        if (this.facts.isNever(value)) return this.never
        return this.facts.isUntyped(value) ? this.any : value
    }

    /** A value has the type `never` only because of an assertion: what has passed to `never` passes on from there. */
    private relay(source: ts.Type, target: ts.Type): void {
        if (source === this.never) {
            for (const each of this.sourcesOf(this.never)) this.pass(each, target)
        } else for (const each of this.targetsOf(this.never)) this.pass(source, each)
    }

    private passToUnion(source: ts.Type, { types }: ts.UnionType): void {
        if (types.includes(source)) return
        const fitting = types.filter((each) => this.checker.isTypeAssignableTo(source, each))
        for (const each of fitting.length === 0 ? types : fitting) this.pass(source, each)
    }

    private passUntyped(target: ts.Type): void {
        if (this.facts.isGeneric(target)) return this.passToParameter(this.any, target)
        this.doubt(target)
        for (const each of this.sourcesOf(this.any)) this.pass(each, target)
        if (this.foreign.isAny) this.foreign.receive(target)
    }

    /**
     * A value of type `any` passes to this type, and may have none of its members: errors of the machine are `unknown`,
     * too.
     */
    private doubt(type: ts.Type): void {
        if (type.isUnionOrIntersection()) for (const each of type.types) this.doubt(each)
        else
            for (const each of this.checker.getPropertiesOfType(type))
                if (this.members.isLookedUp(each.name)) this.unsound.add(each.name)
    }

    /** A value becomes `any`: it may be called with any arguments, and passes wherever `any` passes. */
    private expose(type: ts.Type): void {
        for (const target of this.targetsOf(this.any)) this.pass(type, target)
        if (type.isUnionOrIntersection()) return this.passAll(type.types, this.any)
        for (const signature of this.facts.signaturesOf(type)) this.exposeSignature(signature)
        for (const element of this.facts.elementsOf(type)) {
            this.pass(element, this.any)
            if (this.storesElements) this.pass(this.any, element)
        }
    }

    /** A function is called from outside the program, or as `any`. */
    exposeSignature(signature: ts.Signature): void {
        for (const each of signature.parameters) this.pass(this.any, this.checker.getTypeOfSymbol(each))
        this.pass(signature.getReturnType(), this.any)
    }

    /** A value is stored by an index in an object of type `any`. */
    storeElement(): void {
        if (this.storesElements) return
        this.storesElements = true
        for (const source of this.sourcesOf(this.any))
            for (const each of this.facts.elementsOf(source)) this.pass(this.any, each)
    }

    private passObject(source: ts.Type, target: ts.Type): void {
        if (this.facts.isList(target)) return this.passElements(source, target)
        for (const property of this.checker.getPropertiesOfType(target)) this.passProperty(source, property)
        for (const { keyType, type } of this.checker.getIndexInfosOfType(target))
            for (const actual of this.facts.fieldsOf(source, keyType)) this.passBothWays(actual, type)
        for (const signature of this.facts.signaturesOf(target))
            for (const each of this.facts.signaturesOf(source)) this.passSignature(each, signature)
    }

    private passElements(source: ts.Type, target: ts.Type): void {
        const [actual, expected] = [source, target].map((each) => this.facts.elementsOf(each))
        const areTuples = actual.length > 1 && expected.length > 1
        expected.forEach((to, place) =>
            actual.forEach((from, i) => {
                if (!areTuples || i === place) this.passBothWays(from, to)
            }),
        )
    }

    /**
     * Passes in both directions: code that sees the target's type may store values that the source's type does not
     * allow.
     */
    private passBothWays(source: ts.Type, target: ts.Type): void {
        this.pass(source, target)
        this.pass(target, source)
    }

    private passProperty(source: ts.Type, property: ts.Symbol): void {
        const actual = this.checker.getPropertyOfType(source, property.name)
        if (actual === property) return
        if (actual === undefined) {
            if (this.facts.isDictionary(source))
                for (const each of this.facts.elementsOf(source)) this.passMember(each, property)
            return this.reach(source, property)
        }
        if (this.facts.isOptional(actual)) this.unsound.add(property.name)
        this.passMember(this.checker.getTypeOfSymbol(actual), property)
    }

    private passMember(actual: ts.Type, property: ts.Symbol): void {
        const type = this.checker.getTypeOfSymbol(property)
        this.pass(actual, type)
        if (this.members.isStored(property.name) && !this.facts.isFixed(property)) this.pass(type, actual)
    }

    /** A member is looked up in an object whose type does not have it; the object may have it nevertheless. */
    private reach(source: ts.Type, property: ts.Symbol): void {
        const { name } = property
        const reached = this.reached.get(source) ?? new Set()
        if (!this.members.isLookedUp(name) || reached.has(property)) return
        this.reached.set(source, reached.add(property))
        if (!this.facts.isOptional(property) && !this.allHave(source, name)) this.unsound.add(name)
        for (const { type, owner } of this.members.implementationsOf(name))
            if (this.mayBe(owner, source)) this.passMember(type, property)
    }

    /** Whether every class of the program whose objects may be of this type has such a member. */
    private allHave(type: ts.Type, name: string): boolean {
        const own = (type as Partial<ts.TypeReference>).target ?? type
        if (!this.facts.isNominal(own)) return false
        const classes = [own, ...this.members.subclassesOf(own)].filter((each) => !this.facts.isAbstract(each))
        return classes.every((each) => {
            const found = this.checker.getPropertyOfType(each, name)
            return found !== undefined && !this.facts.isOptional(found)
        })
    }

    /** Whether an object of this type, or of a class that extends it, may be a value of another type. */
    private mayBe(owner: ts.Type, type: ts.Type): boolean {
        if (type === this.any || this.facts.isPrimitive(type)) return type === this.any
        return [owner, ...this.members.subclassesOf(owner)].some((each) => this.isAssignable(each, type))
    }

    private isAssignable(object: ts.Type, type: ts.Type): boolean {
        if ((object as ts.InterfaceType).typeParameters === undefined)
            return this.checker.isTypeAssignableTo(object, type)
        // It may be assignable with some type arguments.
        const properties = this.checker.getPropertiesOfType(type)
        return properties.every((each) => this.checker.getPropertyOfType(object, each.name) !== undefined)
    }

    /** A function is called through the signature of another. */
    passSignature(source: ts.Signature, target: ts.Signature): void {
        if (source === target) return
        if (source.typeParameters !== undefined) return this.substitutions.addSignature(source, target)
        target.parameters.forEach((_, i) => {
            const [type, own] = [target, source].map((each) => this.facts.parameterType(each, i))
            if (type !== undefined && own !== undefined) this.pass(type, own)
        })
        this.pass(source.getReturnType(), target.getReturnType())
    }

    /** A member is looked up in a value of type `any`. @param passed types of the arguments, if it is called */
    lookUp(name: string, passed?: ts.Type[]): void {
        this.unsound.add(name)
        for (const { type } of this.members.implementationsOf(name)) {
            this.pass(type, this.any)
            for (const signature of passed === undefined ? [] : this.facts.signaturesOf(type))
                passed?.forEach((each, i) => {
                    const expected = this.facts.parameterType(signature, i)
                    if (expected !== undefined) this.pass(each, expected)
                })
        }
    }

    /** A value is stored in a field that the object's type does not have. */
    store(name: string, value: ts.Type, object: ts.Type): void {
        for (const { type, owner } of this.members.implementationsOf(name))
            if (this.mayBe(owner, this.located(object))) this.pass(value, type)
    }

    /**
     * The fields of one object are copied to another. Its methods are not, though the type of the result has them.
     * @param to undefined: a new object
     */
    copyFields(from: ts.Type, to: ts.Type | undefined): void {
        for (const each of this.checker.getPropertiesOfType(from)) {
            const type = this.checker.getTypeOfSymbol(each)
            if (this.facts.signaturesOf(type).length > 0) this.unsound.add(each.name)
            if (to === undefined) continue
            const replaced = this.checker.getPropertyOfType(to, each.name)
            if (replaced === undefined) this.store(each.name, type, to)
            else this.pass(type, this.checker.getTypeOfSymbol(replaced))
        }
    }

    /**
     * Completes the flow: an object whose type lacks a member may have passed on to further types. Repeats the look-ups
     * of such members until there are no more objects to look them up in.
     */
    settle(): void {
        const disguised = new Map<ts.Type, Set<ts.Type>>()
        let changed = true
        const add = (type: ts.Type, actual: ts.Type): void => {
            const known = disguised.get(type) ?? new Set()
            if (known.has(actual)) return
            disguised.set(type, known.add(actual))
            changed = true
            for (const property of this.reached.get(type) ?? []) this.reach(actual, property)
        }
        while (changed) {
            changed = false
            for (const [source, targets] of [...this.passed])
                for (const target of [...targets]) {
                    if (target === this.any) continue
                    if (this.reached.has(source)) add(target, source)
                    for (const each of disguised.get(source) ?? []) add(target, each)
                }
        }
    }
}
