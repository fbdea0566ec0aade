import { readFileSync } from "node:fs"
import type { DebugFile } from "../image/ir/debug.js"
import type { ImageProgram } from "../image/ir/program.js"
import { readImage } from "../image/ir/read.js"
import type { FunctionCount } from "../simulator/machine.js"
import { coldIn, countsOf, type Profile, readProfile } from "./profile.js"
import { type Choice, translateFunctions, whole } from "./translate.js"

/* Which code of a program becomes C. */

/** Default budget for translated code, in KB. */
export const TRANSLATE_BUDGET = 64

export type Translate =
    | { functions: "none" }
    | { functions: "all" }
    /** @param budget KB; @param profile path of a profile (profile.ts) */
    | { functions: "hot"; budget: number; profile: string }

/**
 * RV32IMC code that gcc makes at -Os of a character of C, spaces left out, in bytes, and how many characters of each
 * function make none (docs/firmware.md).
 */
const BYTES_PER_CHARACTER = 0.245
const CHARACTERS_WITHOUT_CODE = 145

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
const ENTRY_BYTES = 125
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

/** The approximate size of a function, from the C that it becomes. */
export function bytesAsC(text: string): number {
    const characters = text.replace(/\s+/g, "").length - CHARACTERS_WITHOUT_CODE
    return Math.max(1, Math.round(characters * BYTES_PER_CHARACTER))
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
        const counts = countsOf(profile, debug)
        const isCold = coldIn(profile, debug)
        const ran = [...allFunctions(image).functions].filter((index) => counts[index] !== undefined)
        const texts = translateFunctions(image, { ...whole(ran), isCold })
        const candidates = ran.flatMap((index) =>
            candidatesOf(index, counts[index] as FunctionCount, bytesAsC(texts.get(index) as string)),
        )
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
