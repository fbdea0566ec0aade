import type { ImageFunction } from "../ir/program.js"
import { invertJumps, returnConditions, simplifyConditions } from "./branch-simplification.js"
import { duplicateReturns, removeJumpsToNext, threadConstants, threadJumps } from "./jump-threading.js"
import { eliminateUnreachable } from "./unreachable-code.js"

/* Control-flow simplification: branch simplification, jump threading and unreachable-code elimination until nothing changes. */

/** Returns true when something changed. */
export function simplifyControlFlow(entry: ImageFunction): boolean {
    let rounds = 0
    // Bounded, because two jumps that lead to each other could be threaded for ever.
    while (rounds < MAX_ROUNDS && simplifyOnce(entry)) rounds++
    return rounds > 0
}

const MAX_ROUNDS = 100

function simplifyOnce(entry: ImageFunction): boolean {
    const passes = [
        simplifyConditions,
        threadJumps,
        threadConstants,
        invertJumps,
        duplicateReturns,
        returnConditions,
        removeJumpsToNext,
        eliminateUnreachable,
    ]
    return passes.map((pass) => pass(entry)).some((changed) => changed)
}
