import { edges } from "../ir/control-flow.js"
import type { ImageFunction } from "../ir/program.js"

/*
 * Unreachable-code elimination: statements that no path from the first one leads to go.
 *
 * Precondition: none.
 * Changes: removes statements.
 * Sound because the control-flow graph has every edge, those to handlers included.
 */

export function eliminateUnreachable(entry: ImageFunction): boolean {
    const { body } = entry
    const next = edges(body)
    const reached = body.map(() => false)
    const queue = [0]
    for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
        if (reached[at]) continue
        reached[at] = true
        queue.push(...next[at])
    }
    entry.body = body.filter((_, i) => reached[i])
    return reached.includes(false)
}
