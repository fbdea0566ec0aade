import { successors } from "../ir/control-flow.js"
import type { ImageFunction, Statement } from "../ir/program.js"

/*
 * Unreachable-code elimination: statements that no path from the first one leads to go.
 *
 * Precondition: none.
 * Changes: removes statements.
 * Sound because the control-flow graph has every edge, those to handlers included.
 */

export function eliminateUnreachable(entry: ImageFunction): boolean {
    const { body } = entry
    const place = new Map(body.map((statement, i) => [statement, i]))
    const reached = new Set<Statement>()
    const queue = body.slice(0, 1)
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        if (reached.has(next)) continue
        reached.add(next)
        queue.push(...successors(body, place.get(next) ?? 0))
    }
    entry.body = body.filter((statement) => reached.has(statement))
    return entry.body.length < body.length
}
