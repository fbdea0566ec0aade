import { createHash } from "node:crypto"
import type { DebugFile } from "../image/ir/debug.js"

/** Which code of one source file ran. */
export interface Coverage {
    /** the first 8 hexadecimal digits of the SHA-256 of the file's text: the positions are of that text */
    text: string
    /** positions in the text, ascending, of code that ran */
    ran: number[]
    /** the same of code that a program contained, and that did not run */
    skipped: number[]
}

/** Whether no operation between two code positions of an image, in bytes from its start, is worth translating. */
export type IsCold = (from: number, to: number) => boolean

/** Code of one source position. */
interface Segment {
    /** index of its source file */
    file: number
    /** in the file's text */
    position: number
    /** where its code starts, in bytes from the image's start; it ends where the next segment starts */
    code: number
}

/** What Coverage.text says of a text. */
export const textHash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 8)

/** The image's code by source position, in the order of the code. */
function segmentsOf({ srcmap, sources }: DebugFile): Segment[] {
    const starts = sources.map((_, i) => sources.slice(0, i).reduce((sum, { length }) => sum + length, 0))
    const segments: Segment[] = []
    let position = 0
    let code = 0
    for (let i = 0; i + 2 < srcmap.length; i += 3) {
        position += srcmap[i]
        code += srcmap[i + 2]
        const file = sources.findIndex((source, each) => position < starts[each] + source.length)
        segments.push({ file, position: position - starts[file], code })
    }
    return segments
}

/** Adds what ran to what is known of the source files, unless that is of another text. */
export function addCoverage(debug: DebugFile, ran: Uint8Array, of: (file: number) => Coverage): void {
    const segments = segmentsOf(debug)
    const found = debug.sources.map(() => ({ ran: new Set<number>(), seen: new Set<number>() }))
    segments.forEach(({ file, position, code }, i) => {
        found[file].seen.add(position)
        const end = segments.at(i + 1)?.code ?? ran.length
        if (ran.subarray(code, end).includes(1)) found[file].ran.add(position)
    })
    found.forEach((now, file) => {
        if (now.seen.size === 0) return
        const before = of(file)
        const text = textHash(debug.sources[file].text)
        const [known, skipped] = before.text === text ? [before.ran, before.skipped] : [[], []]
        const all = new Set([...known, ...now.ran])
        const others = new Set([...skipped, ...now.seen].filter((position) => !all.has(position)))
        const ascending = (positions: Set<number>): number[] => [...positions].sort((a, b) => a - b)
        Object.assign(before, { text, ran: ascending(all), skipped: ascending(others) })
    })
}

/** Tells which code of an image did not run, as far as the coverage is of its source files. */
export function coldCode(debug: DebugFile, of: (file: number) => Coverage | undefined): IsCold {
    const segments = segmentsOf(debug)
    const skipped = debug.sources.map(({ text }, file) => {
        const coverage = of(file)
        return new Set(coverage?.text === textHash(text) ? coverage.skipped : [])
    })
    return (from, to) => {
        const next = segments.findIndex(({ code }) => code > from)
        const first = (next < 0 ? segments.length : next) - 1
        if (first < 0) return false
        for (let i = first; i < segments.length && (i === first || segments[i].code < to); i++)
            if (!skipped[segments[i].file].has(segments[i].position)) return false
        return true
    }
}
