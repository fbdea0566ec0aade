import { moveDebug, type DebugFile } from "./ir/debug.js"
import { dropUndefinedArguments } from "./passes/argument-elimination.js"
import { unbindCallees } from "./passes/lookup-sinking.js"
import { lowerCapturedVariables, raiseCapturedVariables } from "./passes/captured-variables.js"
import { clearBeforeWaits } from "./passes/reference-clearing.js"
import { suspendingCalls } from "./analyses/suspension.js"
import { fieldNames, shortenNames } from "./passes/name-shortening.js"
import { devirtualize } from "./passes/devirtualization.js"
import { tidyFlow } from "./passes/control-flow.js"
import { forwardValues } from "./passes/forward-substitution.js"
import { inlineCalls, type NameOf } from "./passes/inlining.js"
import { shareSlots, splitSlots } from "./passes/slot-allocation.js"
import { MethodTable } from "./analyses/method-table.js"
import { dropFunctions, dropNames, groupMethodStores, mergeFunctions, orderTables } from "./passes/table-ordering.js"
import type { ImageFunction, ImageProgram } from "./ir/program.js"
import { readImage } from "./ir/read.js"
import { writeImage, type WrittenImage } from "./ir/write.js"

/*
 * Makes an image of the DeviceScript compiler smaller and quicker. The result is an image like any other: every
 * machine runs it, and its debug file still leads to the lines of TypeScript.
 */

function tidyFunction(entry: ImageFunction, methods: MethodTable): void {
    tidyFlow(entry)
    for (let round = 0; round < MAX_ROUNDS; round++) {
        splitSlots(entry)
        unbindCallees(entry, methods)
        const moved = forwardValues(entry, methods)
        if (!tidyFlow(entry) && !moved) break
    }
    shareSlots(entry)
    // Copies that vanished may leave jumps to the next statement.
    tidyFlow(entry)
}

const MAX_ROUNDS = 20

/** Optimizes functions one by one and inlines calls, until nothing changes. */
function reduce(program: ImageProgram, nameOf: NameOf): void {
    let changed = new Set(program.functions)
    for (let round = 0; round < MAX_ROUNDS && changed.size > 0; round++) {
        const methods = new MethodTable(program)
        for (const entry of changed) tidyFunction(entry, methods)
        changed = inlineCalls(program, new MethodTable(program), nameOf)
        dropFunctions(program, new MethodTable(program))
        changed = new Set([...changed].filter((entry) => program.functions.includes(entry)))
    }
}

/** All passes over a program. @returns what the short names of fields and methods stand for */
export function optimizeProgram(program: ImageProgram, nameOf: NameOf): Record<string, string> {
    lowerCapturedVariables(program)
    reduce(program, nameOf)
    // Types are told apart by slot: every variable needs one of its own.
    for (const entry of program.functions) splitSlots(entry)
    devirtualize(program)
    const fields = fieldNames(program)
    reduce(program, nameOf)
    while (mergeFunctions(program)) dropFunctions(program, new MethodTable(program))
    for (const entry of program.functions) splitSlots(entry)
    const suspending = suspendingCalls(program)
    for (const entry of program.functions) {
        shareSlots(entry)
        clearBeforeWaits(entry, suspending)
    }
    dropUndefinedArguments(program)
    raiseCapturedVariables(program)
    dropNames(program)
    const shortNames = shortenNames(program, fields)
    groupMethodStores(program)
    orderTables(program)
    program.configuration = Buffer.alloc(0)
    return shortNames
}

/**
 * @param image as the compiler wrote it
 * @returns the smaller image, and `debug` with the positions it has now. Throws ImageError when it is no image.
 */
export function optimizeImage(image: Buffer, debug: DebugFile): { image: Buffer; debug: DebugFile } {
    const program = readImage(image)
    const before = [...program.functions]
    const shortNames = optimizeProgram(program, (entry) => debug.functions.at(before.indexOf(entry))?.name ?? "?")
    const written = writeImage(program)
    const kept = program.functions.map((entry) => before.indexOf(entry))
    return { image: aligned(written), debug: { ...moveDebug(debug, kept, written), shortNames } }
}

/** Images are whole blocks of flash. */
function aligned({ image }: WrittenImage): Buffer {
    return Buffer.concat([image, Buffer.alloc((BLOCK - (image.length % BLOCK)) % BLOCK)])
}

const BLOCK = 32
