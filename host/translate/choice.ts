import { readFileSync } from "node:fs"
import type { DebugFile } from "../image/ir/debug.js"
import type { ImageFunction, ImageProgram } from "../image/ir/program.js"
import { readImage } from "../image/ir/read.js"
import type { FunctionCount } from "../simulator/machine.js"
import type { IsCold } from "./covered-code.js"
import { coldIn, countsOf, type Profile, readProfile } from "./profile.js"
import { operationEnd, statementStarts } from "./spans.js"
import { type Choice, whole } from "./translate.js"

/* Which code of a program becomes C. */

/** Default budget for translated code, in KB. */
export const TRANSLATE_BUDGET = 64

export type Translate =
    | { functions: "none" }
    | { functions: "all" }
    /** @param budget KB; @param profile path of a profile (profile.ts) */
    | { functions: "hot"; budget: number; profile: string }

/**
 * Size of the RV32IMC code that gcc makes at -Os, in bytes: per function, and per byte of bytecode (docs/firmware.md).
 */
const FUNCTION_BYTES = 120
const BYTES_PER_BYTE = 4.3

/**
 * Approximate number of RV32IMC instructions that C saves: per operation of the bytecode, per call of the function, and
 * per call that it makes.
 */
const SAVED_BY_OPERATION = 12
const SAVED_BY_CALL = 40
const SAVED_BY_CALL_MADE = 100

/**
 * What a function's own entry takes, in bytes, and what it saves, in instructions of a call: 20 if C makes the call,
 * nothing if the interpreter does.
 */
const ENTRY_BYTES = 90
const SAVED_BY_ENTRY = 12

const savedBy = ({ calls, made, operations }: FunctionCount): number =>
    operations * SAVED_BY_OPERATION + calls * SAVED_BY_CALL + made * SAVED_BY_CALL_MADE

/** Functions that run once: main, which contains the modules' top-level code, and the setup. */
const setUpOf = ({ functions, setup }: ImageProgram): number[] => (setup === null ? [0] : [0, functions.indexOf(setup)])

/** All functions except those that set the program up. */
export const allFunctions: Choice = (image) => {
    const program = readImage(image)
    const chosen = new Set(program.functions.keys())
    for (const index of setUpOf(program)) chosen.delete(index)
    return whole(chosen)
}

/** The approximate size of a function as C. @param isCold its statements that do not become C */
export function bytesAsC(image: Buffer, source: ImageFunction, isCold: IsCold = () => false): number {
    const starts = statementStarts(image, source)
    const warm = source.body.reduce((sum, statement) => {
        const [from, to] = [starts.get(statement) as number, operationEnd(image, statement)]
        return isCold(from, to) ? sum : sum + to - from
    }, 0)
    return Math.round(FUNCTION_BYTES + warm * BYTES_PER_BYTE)
}

/**
 * The functions that save most instructions for their size, within a budget, without the statements that the profile's
 * run did not reach.
 * @param debug the image's debug file
 * @param profile of a typical run; a function that it does not name stays bytecode
 * @param budget bytes of translated code, see bytesAsC
 */
export const hotFunctions =
    (debug: DebugFile, profile: Profile, budget: number): Choice =>
    (image) => {
        const { functions } = readImage(image)
        const counts = countsOf(profile, debug)
        const isCold = coldIn(profile, debug)
        const candidates = [...allFunctions(image).functions].flatMap((index) => {
            const count = counts[index]
            const bytes = bytesAsC(image, functions[index], isCold)
            return count === undefined ? [] : candidatesOf(index, count, bytes)
        })
        candidates.sort((a, b) => b.gain - a.gain || a.index - b.index)
        const chosen = { functions: new Set<number>(), isCold, entries: new Set<number>() }
        let left = budget
        for (const { index, bytes, isEntry } of candidates) {
            if (bytes > left || (isEntry && !chosen.functions.has(index))) continue
            left -= bytes
            if (isEntry) chosen.entries.add(index)
            else chosen.functions.add(index)
        }
        return chosen
    }

/** What may be chosen of a function. */
interface Candidate {
    index: number
    bytes: number
    /** approximate number of instructions saved for each byte */
    gain: number
    /** whether it is the function's own entry, and not the function */
    isEntry: boolean
}

/** The function and, behind it, its entry. */
function candidatesOf(index: number, count: FunctionCount, bytes: number): Candidate[] {
    const gain = savedBy(count) / bytes
    const entryGain = Math.min(gain, (count.calls * SAVED_BY_ENTRY) / ENTRY_BYTES)
    return [
        { index, bytes, gain, isEntry: false },
        { index, bytes: ENTRY_BYTES, gain: entryGain, isEntry: true },
    ]
}

/**
 * What `translate` selects in a compiled program; undefined when nothing becomes C.
 * @param debugPath of the program's debug file
 */
export function choiceOf(translate: Translate, debugPath: string): Choice | undefined {
    if (translate.functions === "none") return undefined
    if (translate.functions === "all") return allFunctions
    const debug = JSON.parse(readFileSync(debugPath, "utf8")) as DebugFile
    return hotFunctions(debug, readProfile(translate.profile), translate.budget * 1024)
}
