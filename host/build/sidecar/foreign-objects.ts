import type ts from "typescript"
import type { TypeFacts } from "./type-facts.js"
import type { Members } from "./type-flow.js"

/** What foreign objects need of the flow of types. */
interface Flow {
    readonly unsound: Set<string>
    pass(from: ts.Type, to: ts.Type): void
    passAll(types: Iterable<ts.Type>, target: ts.Type): void
    targetsOf(type: ts.Type): ts.Type[]
}

/** Objects with fields that the program does not name: those of JSON, those of natives, and those with computed names. */
export class ForeignObjects {
    /** whether a foreign object has passed to `any` */
    isAny = false
    private readonly any: ts.Type
    /** types that foreign objects have passed to */
    private readonly types = new Set<ts.Type>()
    /** types of values that natives got, while no native returned any of them */
    private readonly given = new Set<ts.Type>()

    constructor(
        private readonly checker: ts.TypeChecker,
        private readonly facts: TypeFacts,
        private readonly flow: Flow,
        private readonly members: Pick<Members, "isLookedUp">,
    ) {
        this.any = checker.getAnyType()
    }

    /** Whether a foreign object has passed to this type. */
    reached(type: ts.Type): boolean {
        return this.types.has(type)
    }

    /** A native gets a value, which it may pass on. */
    give(type: ts.Type): void {
        if (this.isAny) this.flow.pass(type, this.any)
        else this.given.add(type)
    }

    /** A foreign object passes to `any`. */
    becomeAny(): void {
        if (this.isAny) return
        this.isAny = true
        this.flow.passAll(this.given, this.any)
        for (const each of this.flow.targetsOf(this.any)) this.receive(each)
    }

    /**
     * A foreign object passes to this type and to those that its values have passed to, and so do the values of its
     * fields to the types of theirs.
     */
    receive(type: ts.Type): void {
        const value = this.facts.valueOf(type)
        if (this.facts.isUntyped(value)) return this.becomeAny()
        if (this.types.has(value) || this.facts.isPrimitive(value)) return
        this.types.add(value)
        for (const target of this.flow.targetsOf(value)) this.receive(target)
        if (this.facts.isGeneric(value)) return this.receiveAsParameter(value)
        if (value.isUnionOrIntersection()) return value.types.forEach((each) => this.receive(each))
        for (const each of this.facts.elementsOf(value)) this.receive(each)
        if (this.facts.isList(value)) return
        for (const each of this.checker.getPropertiesOfType(value)) {
            if (!this.members.isLookedUp(each.name)) continue
            this.flow.unsound.add(each.name)
            this.receive(this.checker.getTypeOfSymbol(each))
        }
    }

    /** As a value of type `any`, a foreign object passes to all type arguments. */
    private receiveAsParameter(parameter: ts.Type): void {
        this.becomeAny()
        this.flow.pass(this.any, parameter)
    }
}
