import type { ProgramFacts } from "../analyses/program-facts.js"
import { shownFunctions } from "../analyses/shown-functions.js"
import { append } from "../ir/expressions.js"
import { type Expression, FunctionFlag, type ImageFunction, type ImageProgram, walk } from "../ir/program.js"
import { REFERRING, signature } from "../ir/references.js"

/*
 * Identical code folding: functions with the same code become one.
 *
 * Precondition: slots are allocated, so that equal functions have equal code.
 * Changes: references to functions.
 * Sound because a function that is used as a value, and so has an identity and a name, is left alone.
 */

/** Returns true when functions were merged. */
export function mergeFunctions(program: ImageProgram, facts: ProgramFacts): boolean {
    const known = new Map<string, number>()
    const same = new Map<number, number>()
    for (const i of candidates(program, shownFunctions(program, facts.classes))) {
        const key = codeOf(program.functions[i])
        const first = known.get(key)
        if (first === undefined) known.set(key, i)
        else same.set(i, first)
    }
    const merge = (entry: ImageFunction, found: Expression): void => {
        const by = REFERRING.function.includes(found.opcode) ? same.get(found.value) : undefined
        if (by === undefined) return
        found.value = by
        facts.forget(entry)
    }
    for (const entry of program.functions)
        for (const each of entry.body)
            walk(each, (found) => {
                merge(entry, found)
            })
    return same.size > 0
}

/** Functions that may be merged, without those that no other one resembles, whose code need not be compared. */
function candidates({ functions }: ImageProgram, shown: Set<number>): number[] {
    const alike = new Map<string, number[]>()
    functions.forEach((entry, i) => {
        if (i === 0 || shown.has(i) || (entry.flags & FunctionFlag.constructor) !== 0) return
        append(alike, entry.body.map(({ opcode }) => opcode).join(" "), i)
    })
    const found = [...alike.values()].flatMap((indexes) => (indexes.length > 1 ? indexes : []))
    return found.sort((a, b) => a - b)
}

/** Everything that has to be equal. */
function codeOf({ body, slots, flags, tries, arguments: parameters }: ImageFunction): string {
    const places = new Map(body.map((each, at) => [each, at]))
    const code = body.map((each) => [signature(each), each.target === null ? -1 : places.get(each.target)])
    return JSON.stringify([parameters, slots, flags, tries, code])
}
