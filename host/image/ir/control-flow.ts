import { Op, operation } from "./operations.js"
import type { Statement } from "./program.js"

/* The control-flow graph of a function: its statements are the nodes, and these functions its edges. */

/** The statements that may run next; a thrown error is not counted. */
export function successors(body: Statement[], i: number): Statement[] {
    const statement = body[i]
    const next = goesOn(statement.opcode) ? body.slice(i + 1, i + 2) : []
    // A jump out of a try block continues after the finally blocks that it passes.
    if (statement.opcode === Op.reThrow) return [...next, ...jumpsOut(body)]
    return statement.target === null ? next : [...next, statement.target]
}

function jumpsOut(body: Statement[]): Statement[] {
    return body.flatMap(({ opcode, target }) => (opcode === Op.throwJmp && target !== null ? [target] : []))
}

/** The numbers of the statements that may run next, for each statement. */
export function edges(body: Statement[]): number[][] {
    const places = new Map<Statement | null, number>()
    for (const { target } of body) places.set(target, 0)
    body.forEach((each, i) => {
        if (places.has(each)) places.set(each, i)
    })
    const outside = jumpsOut(body).map((target) => places.get(target) as number)
    return body.map(({ opcode, target }, i) => {
        const next = goesOn(opcode) && i + 1 < body.length ? [i + 1] : []
        if (opcode === Op.reThrow) return [...next, ...outside]
        return target === null ? next : [...next, places.get(target) as number]
    })
}

/** reThrow falls through when there is nothing to throw again. */
function goesOn(opcode: number): boolean {
    return operation(opcode)?.kind !== "final" || opcode === Op.reThrow
}

export function jumpTargets(body: Statement[]): Set<Statement | null> {
    return new Set(body.map(({ target }) => target))
}

/** Removes a statement; jumps to it lead to the next one. */
export function removeStatement(body: Statement[], i: number): void {
    const [gone] = body.splice(i, 1)
    for (const other of body) if (other.target === gone) other.target = body[i]
}
