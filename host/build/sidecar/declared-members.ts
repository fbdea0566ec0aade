import type ts from "typescript"
import { append } from "../../image/ir/expressions.js"
import type { Implementation, Members } from "./type-flow.js"

/** Whether a node is in one of the compiler's own packages, whose declarations are trusted. */
export const isOfCompiler = (node: ts.Node): boolean =>
    node.getSourceFile().fileName.includes("node_modules/@devicescript/")

/** Whether a declaration is ambient: what it declares is not part of the program. */
export function isAmbient(typescript: typeof ts, declaration: ts.Node): boolean {
    const isDeclared = (node: ts.Node): boolean =>
        typescript.canHaveModifiers(node) &&
        typescript.getModifiers(node)?.some(({ kind }) => kind === typescript.SyntaxKind.DeclareKeyword) === true
    return (
        declaration.getSourceFile().isDeclarationFile || typescript.findAncestor(declaration, isDeclared) !== undefined
    )
}

export function isAssignment({ SyntaxKind }: typeof ts, { operatorToken }: ts.BinaryExpression): boolean {
    return operatorToken.kind >= SyntaxKind.FirstAssignment && operatorToken.kind <= SyntaxKind.LastAssignment
}

/** The members that the sources of a program declare, and how it uses their names. */
export class DeclaredMembers implements Members {
    private readonly declared = new Map<string, ts.Declaration[]>()
    private readonly implementations = new Map<string, Implementation[]>()
    private readonly lookedUp = new Set<string>()
    private readonly stored = new Set<string>()
    private readonly methods = new Set<string>()
    private readonly subclasses = new Map<ts.Type, ts.Type[]>()

    constructor(
        private readonly typescript: typeof ts,
        private readonly checker: ts.TypeChecker,
        files: ts.SourceFile[],
    ) {
        for (const file of files) this.collect(file)
    }

    private collect(node: ts.Node): void {
        const { typescript: ts } = this
        if (ts.isPropertyAccessExpression(node)) this.collectUse(node)
        else if (ts.isElementAccessExpression(node) && ts.isStringLiteralLike(node.argumentExpression))
            this.addText(node.argumentExpression.text)
        else if (ts.isBindingElement(node)) this.collectBinding(node)
        else if (ts.isClassLike(node) && node.heritageClauses !== undefined) this.addSubclass(node)
        const name = this.memberName(node)
        if (name !== undefined) append(this.declared, name, node as ts.Declaration)
        if (name !== undefined && ts.isMethodDeclaration(node)) this.methods.add(name)
        ts.forEachChild(node, (child) => this.collect(child))
    }

    private collectUse(node: ts.PropertyAccessExpression): void {
        const { typescript: ts } = this
        if (node.expression.kind === ts.SyntaxKind.ThisKeyword) return
        this.lookedUp.add(node.name.text)
        const { parent } = node
        if (ts.isBinaryExpression(parent) && parent.left === node && isAssignment(ts, parent))
            this.stored.add(node.name.text)
    }

    /** A string literal as the key of an element, which may be a store. */
    private addText(name: string): void {
        this.lookedUp.add(name)
        this.stored.add(name)
    }

    private collectBinding({ propertyName, name }: ts.BindingElement): void {
        const found = propertyName ?? name
        if (this.typescript.isIdentifier(found)) this.lookedUp.add(found.text)
    }

    private memberName(node: ts.Node): string | undefined {
        const { typescript: ts } = this
        const isField = ts.isParameter(node) && ts.isParameterPropertyDeclaration(node, node.parent)
        if (!ts.isClassElement(node) && !ts.isObjectLiteralElementLike(node) && !isField) return undefined
        const { name } = node as ts.NamedDeclaration
        return name !== undefined && (ts.isIdentifier(name) || ts.isStringLiteral(name)) ? name.text : undefined
    }

    private addSubclass(node: ts.ClassLikeDeclaration): void {
        const type = this.checker.getTypeAtLocation(node)
        const bases = [type]
        for (const each of bases)
            for (const base of this.checker.getBaseTypes(each as ts.InterfaceType)) {
                const own = (base as Partial<ts.TypeReference>).target ?? base
                append(this.subclasses, own, type)
                bases.push(own)
            }
    }

    isLookedUp(name: string): boolean {
        return this.lookedUp.has(name)
    }

    isStored(name: string): boolean {
        return this.stored.has(name)
    }

    /** Whether a class has a method of this name. */
    isMethod(name: string): boolean {
        return this.methods.has(name)
    }

    implementationsOf(name: string): Implementation[] {
        const known = this.implementations.get(name)
        if (known !== undefined) return known
        const found = (this.declared.get(name) ?? [])
            .filter((each) => !isAmbient(this.typescript, each))
            .map((each) => ({ type: this.checker.getTypeAtLocation(each), owner: this.ownerOf(each) }))
        this.implementations.set(name, found)
        return found
    }

    private ownerOf({ parent }: ts.Declaration): ts.Type {
        const isField = this.typescript.isConstructorDeclaration(parent)
        return this.checker.getTypeAtLocation(isField ? parent.parent : parent)
    }

    subclassesOf(type: ts.Type): ts.Type[] {
        return this.subclasses.get(type) ?? []
    }
}
