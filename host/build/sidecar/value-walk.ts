import type ts from "typescript"
import { CallWalk } from "./call-walk.js"
import type { ComputedNames } from "./computed-names.js"
import { isAmbient, isAssignment } from "./declared-members.js"
import type { TypeFlow } from "./type-flow.js"

/** Visits the sources of a program, and tells TypeFlow where values pass from one place to another. */
export class ValueWalk {
    private readonly calls: CallWalk
    private readonly any: ts.Type
    /** tests by `instanceof`: types of the object and of the class */
    private readonly tests: [object: ts.Type, tested: ts.Type][] = []

    constructor(
        private readonly typescript: typeof ts,
        private readonly checker: ts.TypeChecker,
        private readonly flow: TypeFlow,
        private readonly names: ComputedNames,
    ) {
        this.any = checker.getAnyType()
        this.calls = new CallWalk(typescript, checker, flow, names, (node, to) => this.passExpression(node, to))
    }

    visit(node: ts.Node): void {
        const { typescript: ts } = this
        if (ts.isCallExpression(node) || ts.isNewExpression(node)) this.calls.visit(node)
        else if (ts.isPropertyAccessExpression(node)) this.visitMember(node)
        else if (ts.isElementAccessExpression(node)) this.names.visitElement(node)
        else if (ts.isComputedPropertyName(node)) this.names.visitName(node, node.parent.parent)
        else if (ts.isAssertionExpression(node)) this.visitAssertion(node)
        else if (ts.isBinaryExpression(node)) this.visitBinary(node)
        else if (ts.isConditionalExpression(node)) this.passChoice(node, [node.whenTrue, node.whenFalse])
        else if (ts.isArrayLiteralExpression(node)) this.visitList(node)
        else if (ts.isSpreadAssignment(node)) this.visitSpread(node)
        else if (ts.isTypeReferenceNode(node)) this.visitReference(node)
        else if (ts.isClassLike(node)) this.visitClass(node)
        else this.visitPlace(node)
        ts.forEachChild(node, (child) => this.visit(child))
    }

    /** Nodes that hold a value or pass it on. */
    private visitPlace(node: ts.Node): void {
        const { typescript: ts } = this
        if (ts.isThrowStatement(node)) this.passExpression(node.expression, this.any)
        else if (ts.isReturnStatement(node)) this.visitReturn(node)
        else if (ts.isFunctionLike(node)) this.visitFunction(node)
        else if (ts.isVariableDeclaration(node) || ts.isPropertyDeclaration(node) || ts.isParameter(node))
            if (node.initializer !== undefined && node.type !== undefined)
                this.initialize(node.name, node.initializer, this.typeOf(node.type))
    }

    private initialize(name: ts.Node, value: ts.Expression, type: ts.Type): void {
        this.passExpression(value, type)
        if (this.flow.facts.isUntyped(this.typeOf(value))) this.names.mistake(name)
    }

    private typeOf(node: ts.Node): ts.Type {
        return this.checker.getTypeAtLocation(node)
    }

    /**
     * The value of an expression passes to a place of this type. Literals of objects and arrays pass their parts
     * instead, since no other place sees the new object with another type.
     */
    private passExpression(node: ts.Expression, to: ts.Type): void {
        const { typescript: ts } = this
        if (this.flow.facts.isPrimitive(to) && !this.flow.facts.isNever(to) && !this.flow.facts.isNumber(to)) return
        if (ts.isParenthesizedExpression(node)) return this.passExpression(node.expression, to)
        if (!this.flow.facts.isPrimitive(to) && this.calls.passParsed(node, to)) return
        if (ts.isConditionalExpression(node)) {
            this.passExpression(node.whenTrue, to)
            return this.passExpression(node.whenFalse, to)
        }
        if (ts.isArrayLiteralExpression(node) && this.checker.isArrayType(to)) {
            const [element] = this.flow.facts.elementsOf(to)
            for (const each of node.elements) this.passExpression(each, element)
        } else if (ts.isSpreadElement(node)) {
            for (const each of this.flow.facts.elementsOf(this.typeOf(node.expression))) this.flow.pass(each, to)
        } else if (!ts.isObjectLiteralExpression(node) || !this.passFields(node, to)) {
            this.passNarrowed(node)
            if (!ts.isLiteralExpression(node)) this.flow.pass(this.typeOf(node), to)
        }
    }

    private passFields({ properties }: ts.ObjectLiteralExpression, to: ts.Type): boolean {
        const { typescript: ts } = this
        const places = properties.map((each) =>
            ts.isPropertyAssignment(each) && ts.isIdentifier(each.name)
                ? this.checker.getPropertyOfType(to, each.name.text)
                : undefined,
        )
        if (to.isUnion() || places.includes(undefined)) return false
        properties.forEach((each, i) => {
            const place = places[i]
            if (place !== undefined && ts.isPropertyAssignment(each))
                this.passExpression(each.initializer, this.checker.getTypeOfSymbol(place))
        })
        return true
    }

    private visitMember({ expression, name }: ts.PropertyAccessExpression): void {
        const symbol = this.checker.getSymbolAtLocation(name)
        if (symbol === undefined) return this.flow.lookUp(name.text)
        this.passNarrowed(expression)
        // Objects of the machine may have a member of this name, too, and an optional one may be missing.
        const isOfMachine = symbol.declarations?.some((each) => isAmbient(this.typescript, each)) === true
        if (isOfMachine || this.flow.facts.isOptional(symbol)) this.flow.unsound.add(name.text)
    }

    /** A field or variable may have changed since its type was narrowed. */
    private passNarrowed(node: ts.Expression): void {
        const { typescript: ts } = this
        if (!ts.isPropertyAccessExpression(node) && !ts.isIdentifier(node)) return
        const symbol = this.checker.getSymbolAtLocation(ts.isIdentifier(node) ? node : node.name)
        const declaration = symbol?.valueDeclaration
        if (symbol === undefined || declaration === undefined) return
        const [declared, narrowed] = [this.checker.getTypeOfSymbol(symbol), this.typeOf(node)]
        if (declared === narrowed || (this.isConstant(declaration) && !this.flow.facts.areToldApart(declared))) return
        this.flow.pass(declared, narrowed)
    }

    private isConstant(declaration: ts.Declaration): boolean {
        const { typescript: ts } = this
        if (ts.isVariableDeclaration(declaration) && ts.isCatchClause(declaration.parent)) return true
        if (ts.isVariableDeclaration(declaration) || ts.isBindingElement(declaration))
            return (ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const) !== 0
        return ts.isParameter(declaration) && !ts.isParameterPropertyDeclaration(declaration, declaration.parent)
    }

    private visitAssertion({ expression, type }: ts.AssertionExpression): void {
        const { typescript: ts } = this
        const isUntyped = (each: ts.Expression): each is ts.AssertionExpression =>
            ts.isAssertionExpression(each) &&
            (each.type.kind === ts.SyntaxKind.UnknownKeyword || each.type.kind === ts.SyntaxKind.AnyKeyword)
        let value = expression
        while (isUntyped(value) || ts.isParenthesizedExpression(value)) value = value.expression
        if ((this.typeOf(value).flags & ts.TypeFlags.Void) !== 0) this.flow.isUnknown = true
        if (!ts.isConstTypeReference(type)) this.passExpression(value, this.typeOf(type))
    }

    private visitBinary(node: ts.BinaryExpression): void {
        const { typescript: ts, flow } = this
        const { left, right } = node
        if (node.operatorToken.kind === ts.SyntaxKind.InstanceOfKeyword)
            this.tests.push([this.typeOf(left), this.typeOf(right)])
        if (!isAssignment(ts, node)) return this.passChoice(node, [left, right])
        this.passExpression(right, this.typeOf(left))
        if (ts.isIdentifier(left) && flow.facts.isUntyped(this.typeOf(right))) this.names.mistake(left)
        if (ts.isElementAccessExpression(left) && flow.facts.isUntyped(this.typeOf(left.expression)))
            flow.storeElement()
        if (ts.isPropertyAccessExpression(left) && this.checker.getSymbolAtLocation(left.name) === undefined)
            flow.store(left.name.text, this.typeOf(right), this.any)
    }

    /**
     * If one alternative is `any`, so is the whole expression, and the types of the other alternatives would be lost.
     */
    private passChoice(node: ts.Expression, values: readonly ts.Expression[]): void {
        if (this.flow.facts.isUntyped(this.typeOf(node))) for (const each of values) this.passExpression(each, this.any)
    }

    private visitList(node: ts.ArrayLiteralExpression): void {
        const elements = this.flow.facts.elementsOf(this.typeOf(node))
        if (elements.some((each) => this.flow.facts.isUntyped(each)))
            for (const each of node.elements) this.passExpression(each, this.any)
    }

    /** `{...object}` has the object's fields but not its methods, though its type has both. */
    private visitSpread({ expression }: ts.SpreadAssignment): void {
        this.flow.copyFields(this.typeOf(expression), undefined)
    }

    private visitReference(node: ts.TypeReferenceNode): void {
        if (node.typeArguments !== undefined) this.flow.substitutions.addReference(this.typeOf(node))
    }

    private visitClass(node: ts.ClassLikeDeclaration): void {
        const type = this.typeOf(node)
        for (const { types } of node.heritageClauses ?? [])
            for (const base of types) {
                this.flow.substitutions.addReference(this.typeOf(base))
                this.flow.pass(type, this.typeOf(base))
            }
        // An interface of the same name may add members that the class does not have.
        for (const { name, declarations = [] } of this.checker.getPropertiesOfType(type))
            if (!declarations.some((each) => this.isInClass(each))) this.flow.unsound.add(name)
    }

    private isInClass(member: ts.Node): boolean {
        return this.typescript.findAncestor(member, this.typescript.isClassLike) !== undefined
    }

    private visitReturn({ parent, expression }: ts.ReturnStatement): void {
        const owner = this.typescript.findAncestor(parent, this.typescript.isFunctionLike)
        if (expression !== undefined && owner !== undefined) this.passResult(expression, owner)
    }

    private passResult(value: ts.Expression, owner: ts.SignatureDeclaration): void {
        if (owner.type !== undefined) return this.passExpression(value, this.typeOf(owner.type))
        const type = this.checker.getSignatureFromDeclaration(owner)?.getReturnType()
        if (type !== undefined && this.flow.facts.isUntyped(type)) this.passExpression(value, this.any)
    }

    private visitFunction(node: ts.SignatureDeclaration): void {
        const { typescript: ts } = this
        if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) this.passResult(node.body, node)
        for (const each of node.parameters)
            if (ts.isIdentifier(each.name) && each.name.text === "this") this.flow.pass(this.any, this.typeOf(each))
        if (node.type !== undefined && ts.isTypePredicateNode(node.type) && node.type.type !== undefined)
            this.flow.pass(this.typeOf(node.type.parameterName), this.typeOf(node.type.type))
        this.passOverloads(node)
    }

    /** Calls are checked against an overload, whose types may say more than those of the implementation. */
    private passOverloads(node: ts.SignatureDeclaration): void {
        const own = this.checker.getSignatureFromDeclaration(node)
        const symbol = node.name === undefined ? undefined : this.checker.getSymbolAtLocation(node.name)
        if (own === undefined || (node as ts.FunctionLikeDeclaration).body === undefined) return
        for (const each of symbol?.declarations ?? []) {
            const isOverload =
                each !== node &&
                (this.typescript.isMethodDeclaration(each) || this.typescript.isFunctionDeclaration(each))
            const overload = isOverload ? this.checker.getSignatureFromDeclaration(each) : undefined
            if (overload !== undefined) this.flow.passSignature(own, overload)
        }
    }

    /**
     * `instanceof` does not recognize objects that only have the shape of a class: in such a test they may pass for any
     * other type.
     */
    settle(): void {
        for (const [object, tested] of this.tests) {
            const classes = this.flow.facts.signaturesOf(tested).map((each) => each.getReturnType())
            const mistaken = classes.flatMap((each) => this.flow.sourcesOf(each))
            for (const each of object.isUnion() ? object.types : []) this.flow.passAll(mistaken, each)
        }
        this.names.settle()
        this.flow.settle()
    }
}
