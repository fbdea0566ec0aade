import type ts from "typescript"
import type { ComputedNames } from "./computed-names.js"
import { isAmbient, isOfCompiler } from "./declared-members.js"
import type { TypeFlow } from "./type-flow.js"

type Call = ts.CallExpression | ts.NewExpression

/** Methods of arrays that store elements. */
const STORING = new Set(["push", "pushRange", "unshift", "fill", "with"])

/** Follows the arguments and results of calls. */
export class CallWalk {
    private readonly any: ts.Type
    /** calls of JSON.parse whose results have passed to places with types */
    private readonly received = new Set<ts.Node>()

    constructor(
        private readonly typescript: typeof ts,
        private readonly checker: ts.TypeChecker,
        private readonly flow: TypeFlow,
        private readonly names: ComputedNames,
        private readonly passExpression: (node: ts.Expression, to: ts.Type) => void,
    ) {
        this.any = checker.getAnyType()
    }

    private typeOf(node: ts.Node): ts.Type {
        return this.checker.getTypeAtLocation(node)
    }

    visit(node: Call): void {
        const { typescript: ts } = this
        const signature = this.checker.getResolvedSignature(node)
        const declaration = signature?.declaration
        if (ts.isNewExpression(node)) this.flow.substitutions.addReference(this.typeOf(node))
        if (signature === undefined || declaration === undefined) return this.visitUntyped(node)
        const declared = ts.isJSDocSignature(declaration)
            ? undefined
            : this.checker.getSignatureFromDeclaration(declaration)
        if (declared?.typeParameters !== undefined) this.flow.substitutions.addSignature(declared, signature, false)
        const isNative = isAmbient(ts, declaration)
        if (isNative) this.visitNative(node, declaration)
        const callee = ts.isPropertyAccessExpression(node.expression) ? node.expression : undefined
        if (isNative && callee?.name.text === "start") return this.visitStart(callee.expression, node)
        node.arguments?.forEach((each, i) => {
            const type = this.flow.facts.parameterType(signature, i)
            if (type !== undefined && !(isNative && this.flow.facts.isUntyped(type))) this.passExpression(each, type)
        })
    }

    /**
     * The result of JSON.parse consists of new objects without a class, so not every value that ever was `any` passes
     * with it.
     * @returns false if the expression is no such call, or if something else may see its value, too
     */
    passParsed(node: ts.Expression, to: ts.Type): boolean {
        const { typescript: ts } = this
        const { parent } = node
        const isOnlyPlace =
            ts.isAssertionExpression(parent) || ts.isVariableDeclaration(parent) || ts.isReturnStatement(parent)
        if (!isOnlyPlace || !ts.isCallExpression(node) || !this.isParse(node)) return false
        this.received.add(node)
        this.flow.foreign.receive(to)
        return true
    }

    private isParse(node: ts.CallExpression): boolean {
        const { typescript: ts } = this
        const declaration = this.checker.getResolvedSignature(node)?.declaration
        if (declaration === undefined || !isOfCompiler(declaration) || !ts.isMethodSignature(declaration)) return false
        const { name, parent } = declaration
        const isJson = ts.isInterfaceDeclaration(parent) && parent.name.text === "JSON"
        return isJson && ts.isIdentifier(name) && name.text === "parse"
    }

    /** A call of a value of type `any`, or of a class without a constructor. */
    private visitUntyped(node: Call): void {
        const { typescript: ts } = this
        const passed = node.arguments ?? []
        for (const each of passed) this.passExpression(each, this.any)
        const { expression } = node
        const isElement =
            ts.isElementAccessExpression(expression) && ts.isStringLiteralLike(expression.argumentExpression)
        const name = ts.isPropertyAccessExpression(expression)
            ? expression.name.text
            : isElement
              ? expression.argumentExpression.text
              : undefined
        if (name === undefined) return
        this.flow.lookUp(
            name,
            passed.map((each) => this.typeOf(each)),
        )
        if (STORING.has(name)) this.flow.storeElement()
    }

    /** A call of a function outside the program, which may create objects, and keep or call what it gets. */
    private visitNative(node: Call, declaration: ts.Declaration): void {
        const type = this.typeOf(node)
        const passed = (node.arguments ?? []).map((each) => this.typeOf(each))
        if (isOfCompiler(declaration)) return this.visitKnown(node, declaration, type, passed)
        if (!this.isOfMachine(type)) {
            this.flow.foreign.becomeAny()
            this.flow.foreign.receive(type)
            this.flow.pass(this.any, type)
        }
        for (const each of passed) {
            this.flow.foreign.give(each)
            for (const signature of this.flow.facts.signaturesOf(each)) this.flow.exposeSignature(signature)
        }
    }

    /** A call of a function of the compiler's packages. Their declarations are trusted, as far as they say anything. */
    private visitKnown(node: Call, declaration: ts.Declaration, type: ts.Type, passed: ts.Type[]): void {
        const { name } = declaration as ts.NamedDeclaration
        const called = name !== undefined && this.typescript.isIdentifier(name) ? name.text : ""
        const isNew = node.arguments?.[0] !== undefined && this.typescript.isObjectLiteralExpression(node.arguments[0])
        if (called === "assign" && passed.length > 1) {
            this.flow.copyFields(passed[1], isNew ? undefined : passed[0])
            if (!isNew && !this.hasOnlyItsNames(node.arguments?.[1])) this.names.copy(passed[1], passed[0])
        }
        if (called === "resume") this.flow.passAll(passed, this.any)
        if (called === "suspend") this.flow.pass(this.any, type)
        if ((type.flags & this.typescript.TypeFlags.Any) !== 0 && !this.received.has(node))
            this.flow.foreign.becomeAny()
    }

    /** Whether the source shows all fields that an object has. */
    private hasOnlyItsNames(node: ts.Expression | undefined): boolean {
        const { typescript: ts } = this
        return (
            node !== undefined &&
            ts.isObjectLiteralExpression(node) &&
            !node.properties.some((each) => ts.isSpreadAssignment(each))
        )
    }

    /** Whether a type consists of the machine's own types: natives are trusted to return what they declare. */
    private isOfMachine(type: ts.Type): boolean {
        const { facts } = this.flow
        const value = facts.valueOf(type)
        if (facts.isPrimitive(value) || facts.isNothing(value)) return true
        if (value.isUnion()) return value.types.every((each) => this.isOfMachine(each))
        if (facts.isList(value)) return facts.elementsOf(value).every((each) => this.isOfMachine(each))
        return value.symbol?.declarations?.some(isOfCompiler) === true
    }

    /** The arguments of `f.start()` are those of `f`. */
    private visitStart(callee: ts.Expression, node: Call): void {
        for (const signature of this.flow.facts.signaturesOf(this.typeOf(callee)))
            node.arguments?.forEach((each, i) => {
                const type = this.flow.facts.parameterType(signature, i)
                if (type !== undefined) this.passExpression(each, type)
            })
        if (this.flow.facts.isUntyped(this.typeOf(callee))) this.visitUntyped(node)
    }
}
