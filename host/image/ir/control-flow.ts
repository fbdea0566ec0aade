import { Op, operation } from "./operations.js"
import type { Statement } from "./program.js"

/* The control-flow graph of a function: its statements are the nodes, and these functions its edges. */

/** The statements that may run next; a thrown error is not counted. */
export function successors(body: Statement[], i: number): Statement[] {
    const statement = body[i]
    // reThrow falls through when there is nothing to throw again.
    const goesOn = operation(statement.opcode)?.kind !== "final" || statement.opcode === Op.reThrow
    const next = goesOn ? body.slice(i + 1, i + 2) : []
    // A jump out of a try block continues after the finally blocks that it passes.
    if (statement.opcode === Op.reThrow) return [...next, ...jumpsOut(body)]
    return statement.target === null ? next : [...next, statement.target]
}

function jumpsOut(body: Statement[]): Statement[] {
    return body.flatMap(({ opcode, target }) => (opcode === Op.throwJmp && target !== null ? [target] : []))
}

export function jumpTargets(body: Statement[]): Set<Statement | null> {
    return new Set(body.map(({ target }) => target))
}

/** Removes a statement; jumps to it lead to the next one. */
export function removeStatement(body: Statement[], i: number): void {
    const [gone] = body.splice(i, 1)
    for (const other of body) if (other.target === gone) other.target = body[i]
}
