import type ts from "typescript"
import type { TypeSidecar } from "../../image/type-sidecar.js"
import { ComputedNames } from "./computed-names.js"
import { DeclaredMembers, isOfCompiler } from "./declared-members.js"
import { TypeFlow } from "./type-flow.js"
import { ValueWalk } from "./value-walk.js"

/**
 * The type sidecar of a program that the compiler has checked; undefined if its types cannot be trusted at all.
 * @param typescript the compiler's own copy
 */
export function typeSidecar(typescript: typeof ts, program: ts.Program): TypeSidecar | undefined {
    const checker = program.getTypeChecker()
    const files = program.getSourceFiles().filter((file) => !isOfCompiler(file))
    const members = new DeclaredMembers(typescript, checker, files)
    const flow = new TypeFlow(typescript, checker, members)
    const names = new ComputedNames(typescript, checker, flow)
    const walk = new ValueWalk(typescript, checker, flow, names)
    for (const file of files) walk.visit(file)
    walk.settle()
    if (flow.isUnknown || files.some(isUnchecked)) return undefined
    return { unsound: [...flow.unsound].filter((name) => members.isMethod(name)).sort(), computed: names.result() }
}

/** Whether comments such as `// @ts-ignore` silence the checker. */
function isUnchecked(file: ts.SourceFile): boolean {
    const { commentDirectives = [], checkJsDirective } = file as ts.SourceFile & {
        commentDirectives?: unknown[]
        checkJsDirective?: { enabled: boolean }
    }
    return commentDirectives.length > 0 || checkJsDirective?.enabled === false
}
