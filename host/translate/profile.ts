import { readFileSync } from "node:fs"
import { join, sep } from "node:path"
import { UsageError } from "../credentials.js"
import { root } from "../folders.js"
import type { DebugFile } from "../image/ir/debug.js"
import type { FunctionCount } from "../simulator/machine.js"

/**
 * Counts of what programs' functions did in a run: by source file, relative to the project's folder, and name.
 * Functions of the same name in one file count together, so that a profile survives most changes of a program.
 */
export type Profile = Record<string, Record<string, FunctionCount>>

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

/** A profile's counts for each function of an image; undefined for those that it does not contain. */
export function countsOf(profile: Profile, debug: DebugFile): (FunctionCount | undefined)[] {
    const files = filesOf(debug)
    return debug.functions.map(({ name }, index) => {
        const known = Object.hasOwn(profile, files[index]) ? profile[files[index]] : {}
        return Object.hasOwn(known, name) ? known[name] : undefined
    })
}

/** Adds the counts of one run. */
export function addCounts(profile: Profile, debug: DebugFile, counts: FunctionCount[]): void {
    const files = filesOf(debug)
    counts.forEach(({ calls, made, operations }, index) => {
        if (operations === 0) return
        const file = (profile[files[index]] ??= {})
        const { name } = debug.functions[index]
        const before = Object.hasOwn(file, name) ? file[name] : { calls: 0, made: 0, operations: 0 }
        file[name] = {
            calls: before.calls + calls,
            made: before.made + made,
            operations: before.operations + operations,
        }
    })
}

const sorted = <Of>(entries: Record<string, Of>): [string, Of][] =>
    Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1))

/** The file's text: a function a line, sorted by name, so that two profiles can be compared. */
export function profileText(profile: Profile): string {
    const files = sorted(profile).map(([file, functions]) => {
        const lines = sorted(functions).map(
            ([name, { calls, made, operations }]) =>
                `        ${JSON.stringify(name)}: { "calls": ${calls}, "made": ${made}, "operations": ${operations} }`,
        )
        return `    ${JSON.stringify(file)}: {\n${lines.join(",\n")}\n    }`
    })
    return `{\n${files.join(",\n")}\n}\n`
}

const isCount = (value: unknown): boolean =>
    typeof value === "object" &&
    value !== null &&
    ["calls", "made", "operations"].every((name) => Number.isInteger((value as Record<string, unknown>)[name]))

const isRecord = (value: unknown, of: (value: unknown) => boolean): boolean =>
    typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(of)

/** Throws UsageError when the file is not a profile. */
export function readProfile(path: string): Profile {
    try {
        const value: unknown = JSON.parse(readFileSync(path, "utf8"))
        if (isRecord(value, (functions) => isRecord(functions, isCount))) return value as Profile
    } catch (error) {
        if (!(error instanceof SyntaxError)) throw new UsageError(`${path}: ${(error as Error).message}`)
    }
    throw new UsageError(`${path} is no profile: mote profile writes them`)
}
