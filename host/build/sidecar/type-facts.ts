import type ts from "typescript"

/** Facts about single types and members, from TypeScript's checker. */
export class TypeFacts {
    constructor(
        private readonly typescript: typeof ts,
        private readonly checker: ts.TypeChecker,
    ) {}

    isNever({ flags }: ts.Type): boolean {
        return (flags & this.typescript.TypeFlags.Never) !== 0
    }

    isNumber({ flags }: ts.Type): boolean {
        return (flags & this.typescript.TypeFlags.NumberLike) !== 0
    }

    /** undefined, null or void */
    isNothing({ flags }: ts.Type): boolean {
        const { Undefined, Null, Void } = this.typescript.TypeFlags
        return (flags & (Undefined | Null | Void)) !== 0
    }

    /** Whether a type says nothing about the members of its values. */
    isUntyped(type: ts.Type): boolean {
        const { Any, Unknown, NonPrimitive, Object } = this.typescript.TypeFlags
        if ((type.flags & (Any | Unknown | NonPrimitive)) !== 0) return true
        return (type.flags & Object) !== 0 && this.isEmpty(type)
    }

    private isEmpty(type: ts.Type): boolean {
        return (
            this.checker.getPropertiesOfType(type).length === 0 &&
            this.signaturesOf(type).length === 0 &&
            this.checker.getIndexInfosOfType(type).length === 0
        )
    }

    /** Whether a type is an index signature alone, such as `Record<string, number>`. */
    isDictionary(type: ts.Type): boolean {
        return (
            !this.isList(type) &&
            this.checker.getIndexInfosOfType(type).length > 0 &&
            this.checker.getPropertiesOfType(type).length === 0 &&
            this.signaturesOf(type).length === 0
        )
    }

    /** Whether values of a type have no members that the program's classes have. */
    isPrimitive(type: ts.Type): boolean {
        const { Any, Unknown, Object, NonPrimitive, Intersection, Instantiable } = this.typescript.TypeFlags
        if (type.isUnion()) return type.types.every((each) => this.isPrimitive(each))
        return (type.flags & (Any | Unknown | Object | NonPrimitive | Intersection | Instantiable)) === 0
    }

    /** Whether a type depends on a type parameter. */
    isGeneric({ flags }: ts.Type): boolean {
        return (flags & this.typescript.TypeFlags.Instantiable) !== 0
    }

    /** Whether a class is nominal: because of its private members, the checker accepts no other object as one of it. */
    isNominal(type: ts.Type): boolean {
        const { Private, Protected } = this.typescript.ModifierFlags
        const isHidden = (each: ts.Declaration): boolean =>
            (this.typescript.getCombinedModifierFlags(each) & (Private | Protected)) !== 0
        return (
            type.isClass() && this.checker.getPropertiesOfType(type).some((each) => each.declarations?.some(isHidden))
        )
    }

    isAbstract({ symbol }: ts.Type): boolean {
        const { Abstract } = this.typescript.ModifierFlags
        return (
            symbol.declarations?.some((each) => (this.typescript.getCombinedModifierFlags(each) & Abstract) !== 0) ===
            true
        )
    }

    /** Type parameters of a class or an interface. */
    parametersOf(type: ts.Type): readonly ts.Type[] {
        return ((this.isReference(type) ? type.target : type) as ts.InterfaceType).typeParameters ?? []
    }

    /** Type arguments of a class or an interface. */
    argumentsOf(type: ts.Type): readonly ts.Type[] {
        return this.isReference(type) ? this.checker.getTypeArguments(type) : []
    }

    private declaresMembers(declaration: ts.Node): boolean {
        return this.typescript.isClassLike(declaration) || this.typescript.isInterfaceDeclaration(declaration)
    }

    /** Unwraps promises, which are their values on a device, and `this`, which is an object of the class. */
    valueOf(type: ts.Type): ts.Type {
        const isClass = this.isGeneric(type) && type.symbol?.declarations?.some((each) => this.declaresMembers(each))
        if (isClass === true) return this.checker.getBaseConstraintOfType(type) ?? type
        if (type.symbol?.name !== "Promise" || !this.isReference(type)) return type
        return this.checker.getTypeArguments(type).at(0) ?? type
    }

    private isReference(type: ts.Type): type is ts.TypeReference {
        return ((type as ts.ObjectType).objectFlags & this.typescript.ObjectFlags.Reference) !== 0
    }

    /** The signatures of calls and of constructors. */
    signaturesOf(type: ts.Type): readonly ts.Signature[] {
        const { Call, Construct } = this.typescript.SignatureKind
        return [Call, Construct].flatMap((kind) => this.checker.getSignaturesOfType(type, kind))
    }

    /** The type of an argument; undefined when the function takes no such argument. */
    parameterType({ parameters }: ts.Signature, index: number): ts.Type | undefined {
        const at = Math.min(index, parameters.length - 1)
        const parameter = parameters.at(at)
        if (parameter === undefined) return undefined
        const type = this.checker.getTypeOfSymbol(parameter)
        if (at === parameters.length - 1 && this.isRest(parameter)) return this.elementOf(type)
        return index === at ? type : undefined
    }

    private isRest({ valueDeclaration }: ts.Symbol): boolean {
        if (valueDeclaration === undefined || !this.typescript.isParameter(valueDeclaration)) return false
        return valueDeclaration.dotDotDotToken !== undefined
    }

    private elementOf(type: ts.Type): ts.Type | undefined {
        return this.checker.isArrayType(type) ? this.checker.getTypeArguments(type as ts.TypeReference)[0] : undefined
    }

    /** An array or a tuple. */
    isList(type: ts.Type): boolean {
        return this.checker.isArrayType(type) || this.checker.isTupleType(type)
    }

    /** The types that an index yields, in arrays, tuples and maps. */
    elementsOf(type: ts.Type): readonly ts.Type[] {
        return this.isList(type) ? this.checker.getTypeArguments(type as ts.TypeReference) : this.indexedOf(type)
    }

    private indexedOf(type: ts.Type): ts.Type[] {
        return this.checker.getIndexInfosOfType(type).map((each) => each.type)
    }

    /**
     * The types that a key yields: those of elements, or of all properties if there is no index signature and the key
     * is a string.
     */
    fieldsOf(type: ts.Type, key: ts.Type): readonly ts.Type[] {
        const elements = this.elementsOf(type)
        if (elements.length > 0 || (key.flags & this.typescript.TypeFlags.StringLike) === 0) return elements
        return this.checker.getPropertiesOfType(type).map((each) => this.checker.getTypeOfSymbol(each))
    }

    isOptional({ flags }: ts.Symbol): boolean {
        return (flags & this.typescript.SymbolFlags.Optional) !== 0
    }

    /** Whether a field's value tells types of a union apart; the field may be stored, so that it tells the wrong one. */
    areToldApart(type: ts.Type): boolean {
        const types = type.isUnion() ? type.types.filter((each) => !this.isPrimitive(each)) : []
        return types.some((each) =>
            this.checker.getPropertiesOfType(each).some((property) => {
                const own = this.checker.getTypeOfSymbol(property)
                const others = types.flatMap((other) => this.checker.getPropertyOfType(other, property.name) ?? [])
                const differs = others.some((other) => this.checker.getTypeOfSymbol(other) !== own)
                return differs && this.isUnit(own)
            }),
        )
    }

    /** Whether a type has few values, each of which is a type. */
    private isUnit(type: ts.Type): boolean {
        const { Literal, Undefined, Null } = this.typescript.TypeFlags
        return (type.isUnion() ? type.types : [type]).some(({ flags }) => (flags & (Literal | Undefined | Null)) !== 0)
    }

    /** Whether a member is a method or a readonly field, and so is never assigned. */
    isFixed({ flags, declarations = [] }: ts.Symbol): boolean {
        if ((flags & this.typescript.SymbolFlags.Method) !== 0) return true
        const { Readonly } = this.typescript.ModifierFlags
        return declarations.some((each) => (this.typescript.getCombinedModifierFlags(each) & Readonly) !== 0)
    }
}
