import { Panic } from "../abi/abi.js"
import { type DebugMap } from "../simulator/debug-map.js"
import { inWords } from "../device-words.js"
import { type Outcome } from "../simulator/device.js"

const PANICS: Record<number, string> = {
    [Panic.GUARD]: "a fiber ran too long without yielding",
    [Panic.OUT_OF_MEMORY]: "out of memory (--heap gives more)",
    [Panic.UNHANDLED]: "an exception that nobody caught",
    [Panic.DEPTH]: "calls nested too deeply (--depth allows more)",
}

/**
 * Describes a panic for people: the reason and the stack trace as file:line, innermost first. Empty without a panic.
 */
export function panicLines({ code, exception, trace }: Outcome, debug: DebugMap | undefined): string[] {
    if (code === undefined || code === 0) return []
    const what = exception === "" ? (PANICS[code] ?? "the program's own code") : exception
    const lines = trace.flatMap((position) => debug?.lines(position) ?? [`    at code position ${position}`])
    const hint = debug === undefined ? ["    (no bytecode-dbg.json beside the image: no lines of TypeScript)"] : []
    return [`panic ${code}: ${inWords(debug?.withNames(what) ?? what)}`, ...lines, ...hint]
}

/** Memory and work of a run. */
export function counterLines({ counters, calls }: Outcome): string[] {
    const kb = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KB`
    const natives = [...calls].sort((a, b) => b[1] - a[1]).map(([name, times]) => `${name} ${times}`)
    const work = [
        `stack: at most ${counters.peakStackBytes} bytes, ${counters.peakDepth} calls deep`,
        `ran ${counters.operations} operations and ${counters.natives} natives` +
            (natives.length === 0 ? "" : `, of the host: ${natives.join(", ")}`),
    ]
    if (counters.collections === 0)
        return [
            `heap: at most ${kb(counters.peakUsedBytes)} of ${kb(counters.arenaBytes)}, no collection was needed`,
            ...work,
        ]
    return [
        `heap: at most ${kb(counters.peakLiveBytes)} of ${kb(counters.arenaBytes)} in use after a collection, ` +
            `${kb(counters.peakUsedBytes)} with garbage; ${counters.collections} collections, ` +
            `longest ${(counters.longestPause / 1000).toFixed(2)} ms`,
        ...work,
    ]
}
