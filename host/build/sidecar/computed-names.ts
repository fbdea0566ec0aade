import type ts from "typescript"
import type { TypeSidecar } from "../../image/type-sidecar.js"
import { isAmbient, isAssignment } from "./declared-members.js"
import type { TypeFlow } from "./type-flow.js"

/** What an error has: a type that requires nothing else may be an error's. */
const ERROR = new Set(["name", "message", "stack"])

/** Finds where a program computes names of fields at run time. */
export class ComputedNames {
    /** types of objects whose fields are accessed by computed names */
    private readonly maps = new Set<ts.Type>()
    /** types of objects in which fields are stored by computed names */
    private readonly stored = new Set<ts.Type>()
    /** pairs of objects, the first of which gets copies of the other one's fields */
    private readonly copies: [to: ts.Type, from: ts.Type][] = []
    private ofAny = false
    /** whether objects of type `any` are indexed by anything other than a variable */
    private indexesAny = false
    /**
     * variables that are used as indexes, and those that may hold something else than a number in spite of their types
     */
    private readonly indexes = new Set<ts.Symbol>()
    private readonly mistaken = new Set<ts.Symbol>()

    constructor(
        private readonly typescript: typeof ts,
        private readonly checker: ts.TypeChecker,
        private readonly flow: TypeFlow,
    ) {}

    /** `object[key]`, or `delete object[key]` */
    visitElement(node: ts.ElementAccessExpression): void {
        const { expression, argumentExpression: key, parent } = node
        if (this.typescript.isStringLiteralLike(key) || this.typescript.isNumericLiteral(key)) return
        const object = this.checker.getTypeAtLocation(expression)
        if (this.isIndex(key, object)) return
        this.add(object)
        const { typescript: ts } = this
        if (ts.isBinaryExpression(parent) && parent.left === node && isAssignment(ts, parent)) this.stored.add(object)
    }

    /** `{ [name]: value }` */
    visitName({ expression }: ts.ComputedPropertyName, parent: ts.Node): void {
        if (this.typescript.isStringLiteralLike(expression)) return
        if (this.typescript.isObjectLiteralExpression(parent)) this.add(this.checker.getTypeAtLocation(parent))
        else this.ofAny = true
    }

    /**
     * Whether a key is a number by its type. A value that came from `any` may be a string nevertheless, so the places
     * where this would matter are recorded.
     */
    private isIndex(key: ts.Expression, object: ts.Type): boolean {
        const type = this.checker.getTypeAtLocation(key)
        const types = type.isUnion() ? type.types : [type]
        if (!types.every((each) => this.flow.facts.isNumber(each))) return false
        const symbol = this.typescript.isIdentifier(key) ? this.checker.getSymbolAtLocation(key) : undefined
        const isVariable =
            symbol?.valueDeclaration !== undefined && this.typescript.isVariableDeclaration(symbol.valueDeclaration)
        if (isVariable) this.indexes.add(symbol)
        else if (this.flow.facts.isUntyped(object)) this.indexesAny = true
        return true
    }

    /** A variable gets a value of type `any`, whatever its own type is. */
    mistake(variable: ts.Node): void {
        const symbol = this.checker.getSymbolAtLocation(variable)
        if (symbol !== undefined) this.mistaken.add(symbol)
    }

    /** The fields of one object are copied to another, by Object.assign. */
    copy(from: ts.Type, to: ts.Type): void {
        this.copies.push([to, from])
    }

    private add(object: ts.Type): void {
        this.maps.add(object)
        if (!this.flow.facts.isDictionary(object)) this.flow.foreign.becomeAny()
    }

    /** What is stored by a computed name may be a field of which the object's own type says nothing. */
    settle(): void {
        for (const object of this.stored) {
            if (!this.flow.facts.isDictionary(object)) this.flow.foreign.receive(object)
            for (const each of this.flow.sourcesOf(object)) this.flow.foreign.receive(each)
        }
    }

    /** To be called when the flow of types is complete. */
    result(): TypeSidecar["computed"] {
        if ([...this.indexes].some((each) => this.mistaken.has(each))) return "members"
        if (this.ofAny || (this.indexesAny && this.flow.mistakesNumbers)) return "members"
        if (this.copies.some(([to, from]) => !this.isMap(to) && this.mayHaveAnyNames(from))) return "members"
        if (this.maps.size === 0) return "nothing"
        return [...this.maps].every((each) => this.isMap(each)) ? "fields" : "members"
    }

    /** Whether an object of this type may have fields that the source does not name. */
    private mayHaveAnyNames(type: ts.Type): boolean {
        const seen = new Set([type])
        for (const each of seen) {
            if (each.isUnionOrIntersection()) for (const part of each.types) seen.add(part)
            else if (this.isOpen(each)) return true
            for (const source of this.flow.sourcesOf(each)) seen.add(source)
        }
        return false
    }

    /**
     * Whether the names of a type's fields may come from elsewhere: JSON, computed names, or the machine, which gives
     * errors a message.
     */
    private isOpen(type: ts.Type): boolean {
        const { facts } = this.flow
        if (facts.isPrimitive(type)) return false
        if (facts.isUntyped(type) || facts.isGeneric(type) || this.flow.foreign.reached(type)) return true
        if (this.checker.getIndexInfosOfType(type).length > 0) return true
        const properties = this.checker.getPropertiesOfType(type)
        const isOfMachine = ({ declarations = [] }: ts.Symbol): boolean =>
            declarations.some((each) => isAmbient(this.typescript, each))
        return (
            properties.every((each) => facts.isOptional(each) || ERROR.has(each.name)) || properties.some(isOfMachine)
        )
    }

    /** Whether no object of a class can be a value of this type. */
    private isMap(type: ts.Type): boolean {
        const seen = new Set([type])
        for (const each of seen) {
            if (each.isUnion()) for (const part of each.types) seen.add(part)
            else if (this.flow.facts.isUntyped(each) || each.isClassOrInterface() || this.flow.facts.isGeneric(each))
                return false
            for (const source of this.flow.sourcesOf(each)) seen.add(source)
        }
        return true
    }
}
