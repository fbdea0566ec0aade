import type { Origin } from "./program.js"
import type { WrittenImage } from "./write.js"

/* The compiler's debug file, moved to where the code is now. */

interface DebugFunction {
    name: string
    /** where its code starts, bytes from the image's start */
    startpc: number
    /** code and header, bytes */
    size: number
    /** source position and length */
    location: [number, number]
    [more: string]: unknown
}

export interface DebugFile {
    functions: DebugFunction[]
    /** triples: source position (delta), length, code position (delta) */
    srcmap: number[]
    /**
     * functions that are inlined from a code position on, innermost first, each with the source position of its call;
     * only in optimized images
     */
    inlined?: { code: number; calls: { name: string; position: number }[] }[]
    /** full names of fields and methods, by the short ones in the image; only in optimized images */
    shortNames?: Record<string, string>
    sources: { path: string; length: number; text: string }[]
    binary?: { hex: string }
    binarySHA256?: string
    [more: string]: unknown
}

/** The source position and length of a code position, by the compiler's debug file. */
class SourceLookup {
    private readonly entries: { position: number; length: number; code: number }[] = []

    constructor(srcmap: number[]) {
        let position = 0
        let code = 0
        for (let i = 0; i + 2 < srcmap.length; i += 3) {
            position += srcmap[i]
            code += srcmap[i + 2]
            this.entries.push({ position, length: srcmap[i + 1], code })
        }
    }

    at(code: number): { position: number; length: number } | undefined {
        let low = 0
        let high = this.entries.length
        while (low < high) {
            const middle = (low + high) >> 1
            if (this.entries[middle].code <= code) low = middle + 1
            else high = middle
        }
        return this.entries.at(low - 1)
    }
}

/**
 * @param kept index in the compiler's image of each function
 */
export function moveDebug(debug: DebugFile, kept: number[], written: WrittenImage): DebugFile {
    const lookup = new SourceLookup(debug.srcmap)
    const srcmap: number[] = []
    let position = 0
    let code = 0
    let last = ""
    const inlined: DebugFile["inlined"] = []
    let lastInlined: Origin["inlined"]
    for (const { at, origin } of written.marks) {
        if (origin.inlined !== lastInlined) inlined.push({ code: at, calls: callsAround(origin, lookup) })
        lastInlined = origin.inlined
        const place = lookup.at(origin.at)
        const key = place === undefined ? "" : `${place.position}+${place.length}`
        if (place === undefined || key === last) continue
        srcmap.push(place.position - position, place.length, at - code)
        position = place.position
        code = at
        last = key
    }
    const functions = kept.map((index, i) => ({
        ...debug.functions[index],
        startpc: written.code[i].start,
        size: written.code[i].size + FUNCTION_HEADER,
    }))
    const moved: DebugFile = { ...debug, functions, srcmap, inlined }
    delete moved.binary
    delete moved.binarySHA256
    return moved
}

function callsAround(origin: Origin, lookup: SourceLookup): { name: string; position: number }[] {
    const calls: { name: string; position: number }[] = []
    for (let { inlined } = origin; inlined !== undefined; inlined = inlined.call.inlined)
        calls.push({ name: inlined.name, position: lookup.at(inlined.call.at)?.position ?? 0 })
    return calls
}

const FUNCTION_HEADER = 16
