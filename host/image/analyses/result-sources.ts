import { successors } from "../ir/control-flow.js"
import { setsRetVal } from "../ir/expressions.js"
import { Op } from "../ir/operations.js"
import type { ImageFunction, Statement } from "../ir/program.js"

/** Reaching definitions of `retVal`, for each statement; undefined stands for the start of the function. */
export function resultSources({ body }: ImageFunction): Map<Statement, Set<Statement | undefined>> {
    const before = new Map(body.map((each) => [each, new Set<Statement | undefined>()]))
    before.get(body[0])?.add(undefined)
    for (let changed = true; changed;) {
        changed = false
        body.forEach((each, i) => {
            const sets = setsRetVal(each) && each.opcode !== Op.jmpRetValZ
            const after = sets ? new Set([each]) : (before.get(each) as Set<Statement | undefined>)
            for (const next of successors(body, i)) {
                const known = before.get(next) as Set<Statement | undefined>
                const size = known.size
                for (const source of after) known.add(source)
                changed ||= known.size > size
            }
        })
    }
    return before
}
