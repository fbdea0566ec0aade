import { shownFunctions } from "../analyses/shown-functions.js"
import { FunctionFlag, type ImageProgram, walkProgram } from "../ir/program.js"
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
    const shown = shownFunctions(program)
    program.functions.forEach((entry, i) => {
        if (i === 0 || shown.has(i) || (entry.flags & FunctionFlag.constructor) !== 0) return
        const { body, slots, flags, tries } = entry
        const places = new Map(body.map((each, at) => [each, at]))
        const code = body.map((each) => [signature(each), each.target === null ? -1 : places.get(each.target)])
        const key = JSON.stringify([entry.arguments, slots, flags, tries, code])
        const first = known.get(key)
        if (first === undefined) known.set(key, i)
        else same.set(i, first)
    })
    walkProgram(program, (found) => {
        if (REFERRING.function.includes(found.opcode)) found.value = same.get(found.value) ?? found.value
    })
    return same.size > 0
}
