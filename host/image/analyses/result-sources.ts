import { BitRows } from "../ir/bit-rows.js"
import { edges } from "../ir/control-flow.js"
import { readsRetVal, setsRetVal } from "../ir/expressions.js"
import { Op } from "../ir/operations.js"
import type { ImageFunction, Statement } from "../ir/program.js"

/** Reaching definitions of `retVal`, for each statement that reads it. */
export function resultSources({ body }: ImageFunction): Map<Statement, Statement[]> {
    const sources = body.flatMap((each, i) => (setsRetVal(each) && each.opcode !== Op.jmpRetValZ ? [i] : []))
    // A row for what reaches each statement, and one for each source by itself.
    const rows = new BitRows(body.length + sources.length, Math.max(1, sources.length))
    const after = body.map((_, i) => i)
    sources.forEach((at, number) => {
        rows.add(body.length + number, number)
        after[at] = body.length + number
    })
    const next = edges(body)
    const propagate = (): boolean =>
        body.reduce((changed, _, i) => next[i].reduce((more, to) => rows.merge(to, after[i]) || more, changed), false)
    while (propagate());
    const readers = body.flatMap((each, i) => (readsRetVal(each) ? [i] : []))
    return new Map(readers.map((i) => [body[i], rows.members(i).map((number) => body[sources[number]])]))
}
