import { shownFunctions } from "../analyses/shown-functions.js"
import { append } from "../ir/expressions.js"
import { FunctionFlag, type ImageFunction, type ImageProgram, walkProgram } from "../ir/program.js"
import { REFERRING, signature } from "../ir/references.js"

/*
 * Identical code folding: functions with the same code become one.
 *
 * Precondition: slots are allocated, so that equal functions have equal code.
 * Changes: references to functions.
 * Sound because a function that is used as a value, and so has an identity and a name, is left alone.
 */

/** Returns true when functions were merged. */
export function mergeFunctions(program: ImageProgram): boolean {
    const known = new Map<string, number>()
    const same = new Map<number, number>()
    for (const i of candidates(program, shownFunctions(program))) {
        const key = codeOf(program.functions[i])
        const first = known.get(key)
        if (first === undefined) known.set(key, i)
        else same.set(i, first)
    }
    walkProgram(program, (found) => {
        if (REFERRING.function.includes(found.opcode)) found.value = same.get(found.value) ?? found.value
    })
    return same.size > 0
}

/** Functions that may be merged, but for those that no other one resembles: their code need not be compared. */
function candidates({ functions }: ImageProgram, shown: Set<number>): number[] {
    const alike = new Map<string, number[]>()
    functions.forEach((entry, i) => {
        if (i === 0 || shown.has(i) || (entry.flags & FunctionFlag.constructor) !== 0) return
        append(alike, entry.body.map(({ opcode }) => opcode).join(" "), i)
    })
    const found = [...alike.values()].flatMap((indexes) => (indexes.length > 1 ? indexes : []))
    return found.sort((a, b) => a - b)
}

/** All that has to be equal. */
function codeOf({ body, slots, flags, tries, arguments: parameters }: ImageFunction): string {
    const places = new Map(body.map((each, at) => [each, at]))
    const code = body.map((each) => [signature(each), each.target === null ? -1 : places.get(each.target)])
    return JSON.stringify([parameters, slots, flags, tries, code])
}
