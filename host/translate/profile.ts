import { readFileSync } from "node:fs"
import { join, sep } from "node:path"
import { UsageError } from "../credentials.js"
import { root } from "../folders.js"
import type { DebugFile } from "../image/ir/debug.js"
import type { CodeCounts, FunctionCount } from "../simulator/machine.js"
import { addCoverage, coldCode, type Coverage, type IsCold } from "./covered-code.js"

/** What the code of one source file did in a run. */
export interface FileProfile extends Coverage {
    /**
     * counts by name; functions of the same name count together, so that the counts survive most changes of the file
     */
    functions: Record<string, FunctionCount>
}

/** What programs did in a run, by source file, relative to the project's folder. */
export type Profile = Record<string, FileProfile>

/** The profile of Mote's own code: `npm run profile` records it. */
export const MOTE_PROFILE = join(root, "host", "translate", "profile.json")

/** Mote's sources have the same paths in its repository as in a project that uses the package. */
const portable = (path: string): string =>
    path
        .split(sep)
        .join("/")
        .replace(/^.*node_modules\/mote-dtls\//, "")

/** The source file of each function of an image. */
function filesOf({ functions, sources }: DebugFile): string[] {
    const ends = sources.map(({ length }, i) => sources.slice(0, i).reduce((sum, one) => sum + one.length, length))
    return functions.map(({ location: [position] }) => {
        const index = ends.findIndex((end) => position < end)
        return index < 0 ? "" : portable(sources[index].path)
    })
}

const fileOf = (profile: Profile, path: string): FileProfile | undefined =>
    Object.hasOwn(profile, path) ? profile[path] : undefined

/** A profile's counts for each function of an image; undefined for those that it does not contain. */
export function countsOf(profile: Profile, debug: DebugFile): (FunctionCount | undefined)[] {
    const files = filesOf(debug)
    return debug.functions.map(({ name }, index) => {
        const known = fileOf(profile, files[index])?.functions ?? {}
        return Object.hasOwn(known, name) ? known[name] : undefined
    })
}

/** The code of an image that did not run, as far as the profile is of the same source text. */
export const coldIn = (profile: Profile, debug: DebugFile): IsCold =>
    coldCode(debug, (file) => fileOf(profile, portable(debug.sources[file].path)))

/** Adds what one run did. */
export function addCounts(profile: Profile, debug: DebugFile, { functions, ran }: CodeCounts): void {
    const files = filesOf(debug)
    const file = (path: string): FileProfile => (profile[path] ??= { functions: {}, text: "", ran: [], skipped: [] })
    functions.forEach(({ calls, made, operations }, index) => {
        if (operations === 0) return
        const known = file(files[index]).functions
        const { name } = debug.functions[index]
        const before = Object.hasOwn(known, name) ? known[name] : { calls: 0, made: 0, operations: 0 }
        known[name] = {
            calls: before.calls + calls,
            made: before.made + made,
            operations: before.operations + operations,
        }
    })
    addCoverage(debug, ran, (index) => file(portable(debug.sources[index].path)))
}

const sorted = <Of>(entries: Record<string, Of>): [string, Of][] =>
    Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1))

/** The file's text: a function a line, sorted by name, so that two profiles can be compared. */
export function profileText(profile: Profile): string {
    const files = sorted(profile).map(([file, { functions, text, ran, skipped }]) => {
        const lines = sorted(functions).map(
            ([name, { calls, made, operations }]) =>
                `            ${JSON.stringify(name)}: { "calls": ${calls}, "made": ${made}, "operations": ${operations} }`,
        )
        return [
            `    ${JSON.stringify(file)}: {`,
            `        "functions": {\n${lines.join(",\n")}\n        },`,
            `        "text": "${text}",`,
            `        "ran": [${ran.join(",")}],`,
            `        "skipped": [${skipped.join(",")}]`,
            "    }",
        ].join("\n")
    })
    return `{\n${files.join(",\n")}\n}\n`
}

const isCount = (value: unknown): boolean =>
    typeof value === "object" &&
    value !== null &&
    ["calls", "made", "operations"].every((name) => Number.isInteger((value as Record<string, unknown>)[name]))

const isRecord = (value: unknown, of: (value: unknown) => boolean): boolean =>
    typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(of)

const isPositions = (value: unknown): boolean => Array.isArray(value) && value.every((one) => Number.isInteger(one))

function isFileProfile(value: unknown): boolean {
    if (typeof value !== "object" || value === null) return false
    const { functions, text, ran, skipped } = value as Record<string, unknown>
    return isRecord(functions, isCount) && typeof text === "string" && isPositions(ran) && isPositions(skipped)
}

/** Throws UsageError when the file is not a profile. */
export function readProfile(path: string): Profile {
    try {
        const value: unknown = JSON.parse(readFileSync(path, "utf8"))
        if (isRecord(value, isFileProfile)) return value as Profile
    } catch (error) {
        if (!(error instanceof SyntaxError)) throw new UsageError(`${path}: ${(error as Error).message}`)
    }
    throw new UsageError(`${path} is no profile of this version of Mote: record it with mote profile`)
}
