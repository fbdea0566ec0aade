import type { ClassModel } from "./analyses/class-model.js"
import { suspendingCalls } from "./analyses/suspension.js"
import { type DebugFile, moveDebug } from "./ir/debug.js"
import type { ImageFunction, ImageProgram } from "./ir/program.js"
import { readImage } from "./ir/read.js"
import { writeImage, type WrittenImage } from "./ir/write.js"
import { type TypeSidecar, UNTYPED } from "./type-sidecar.js"
import { PassManager } from "./pass-manager.js"
import { dropUndefinedArguments } from "./passes/argument-elimination.js"
import { lowerCapturedVariables, raiseCapturedVariables } from "./passes/captured-variables.js"
import { simplifyControlFlow } from "./passes/control-flow.js"
import { propagateCopies } from "./passes/copy-propagation.js"
import { eliminateDeadFunctions } from "./passes/dead-functions.js"
import { eliminateDeadStores } from "./passes/dead-store-elimination.js"
import { devirtualize } from "./passes/devirtualization.js"
import { substituteForward } from "./passes/forward-substitution.js"
import { mergeFunctions } from "./passes/function-merging.js"
import { inlineCalls, type NameOf } from "./passes/inlining.js"
import { splitLiveRanges } from "./passes/live-range-splitting.js"
import { sinkMethodLookups } from "./passes/lookup-sinking.js"
import { groupMethodStores } from "./passes/method-stores.js"
import { fieldNames, shortenNames } from "./passes/name-shortening.js"
import { clearDeadReferences } from "./passes/reference-clearing.js"
import { propagateGlobals, resolvePresenceTests } from "./passes/presence-tests.js"
import { forwardResults } from "./passes/result-forwarding.js"
import { allocateSlots } from "./passes/slot-allocation.js"
import { dropFunctionNames, orderTables } from "./passes/table-ordering.js"

/*
 * The optimizer: makes an image of the DeviceScript compiler smaller and faster. The result is an image like any other:
 * every machine runs it, unless it is for Mote's alone, and its debug file still leads to the lines of TypeScript.
 */

/** Passes over one function until none of them changes anything. */
function optimizeFunction(passes: PassManager, entry: ImageFunction, classes: ClassModel): void {
    const run = <Result>(name: string, pass: (entry: ImageFunction) => Result): Result =>
        passes.runOn(entry, name, pass)
    run("control flow", simplifyControlFlow)
    for (let round = 0; round < MAX_ROUNDS; round++) {
        run("live-range splitting", splitLiveRanges)
        run("look-up sinking", () => sinkMethodLookups(entry, (_entry, _each, field) => classes.isMethod(field)))
        const changes = [
            run("forward substitution", () => substituteForward(entry, classes)),
            run("result forwarding", forwardResults),
            run("copy propagation", propagateCopies),
            run("dead-store elimination", eliminateDeadStores),
        ]
        if (!changes.includes(true)) break
        run("control flow", simplifyControlFlow)
    }
    // Removed copies may leave jumps to the next statement.
    if (run("slot allocation", allocateSlots)) run("control flow", simplifyControlFlow)
    passes.facts.forget(entry)
}

const MAX_ROUNDS = 20

/** Optimizes functions one by one and inlines calls, until nothing changes. */
function optimizeFunctions(passes: PassManager, nameOf: NameOf): void {
    const { facts } = passes
    let changed = new Set(passes.program.functions)
    for (let round = 0; round < MAX_ROUNDS && changed.size > 0; round++) {
        // The state at the start of the round: what a pass does to other functions does not matter to any of them.
        const { classes } = facts
        for (const entry of changed) optimizeFunction(passes, entry, classes)
        changed = passes.run("inlining", (program) => inlineCalls(program, facts, nameOf))
        passes.run("dead-function elimination", (program) => eliminateDeadFunctions(program, facts))
        changed = new Set([...changed].filter((entry) => passes.program.functions.includes(entry)))
    }
}

function splitAll({ functions }: ImageProgram): void {
    for (const entry of functions) splitLiveRanges(entry)
}

/** Allocates slots, and clears those that would keep objects alive while a fiber waits. */
function allocateAll(program: ImageProgram, classes: ClassModel): void {
    // Types are known by slot: every variable needs one of its own.
    splitAll(program)
    const suspending = suspendingCalls(program, classes)
    for (const entry of program.functions) {
        allocateSlots(entry)
        clearDeadReferences(entry, suspending)
    }
}

/** Resolves what the program finds on Mote's machine, and drops what it would do on others. */
function chooseMachine(passes: PassManager): void {
    const { classes } = passes.facts
    passes.run("presence tests", (program) => {
        resolvePresenceTests(program, passes.facts)
    })
    do optimizeFunction(passes, passes.program.functions[0], classes)
    while (passes.run("global propagation", propagateGlobals))
}

/** All passes. @returns the full names of the shortened fields and methods */
function optimizeProgram(passes: PassManager, nameOf: NameOf, machine: Machine): Record<string, string> {
    const { facts } = passes
    passes.run("captured variables", lowerCapturedVariables)
    if (machine === "mote") chooseMachine(passes)
    optimizeFunctions(passes, nameOf)
    // Types are known by slot: every variable needs one of its own.
    passes.run("live-range splitting", splitAll)
    passes.run("devirtualization", (program) => {
        devirtualize(program, facts)
    })
    const fields = fieldNames(passes.program, facts.classes)
    optimizeFunctions(passes, nameOf)
    while (passes.run("function merging", (program) => mergeFunctions(program, facts)))
        passes.run("dead-function elimination", (program) => eliminateDeadFunctions(program, facts))
    passes.run("slot allocation", (program) => {
        allocateAll(program, facts.classes)
    })
    passes.run("argument elimination", dropUndefinedArguments)
    passes.run("captured variables", raiseCapturedVariables)
    passes.run("function names", (program) => {
        dropFunctionNames(program, facts.classes)
    })
    const shortNames = passes.run("name shortening", (program) => shortenNames(program, facts, fields))
    passes.run("method stores", (program) => {
        groupMethodStores(program, facts)
    })
    passes.run("table ordering", (program) => {
        orderTables(program, facts)
    })
    passes.program.configuration = Buffer.alloc(0)
    return shortNames
}

/** Where an image will run: on every machine, or only on Mote's, so that what other machines need is dropped. */
export type Machine = "every" | "mote"

/**
 * @param image as the compiler wrote it
 * @param types of the program; undefined: not known, so that it is optimized less
 * @param verify checks the program after each pass, and throws VerificationError with the name of one that broke it
 * @returns the smaller image, and `debug` with the new positions. Throws ImageError for an invalid image.
 */
export function optimizeImage(
    image: Buffer,
    debug: DebugFile,
    machine: Machine,
    types: TypeSidecar | undefined,
    verify = false,
): { image: Buffer; debug: DebugFile } {
    const program = { ...readImage(image), types: types ?? UNTYPED, computed: types?.computed }
    const before = [...program.functions]
    const nameOf: NameOf = (entry) => debug.functions.at(before.indexOf(entry))?.name ?? "?"
    const shortNames = optimizeProgram(new PassManager(program, verify), nameOf, machine)
    const written = writeImage(program)
    const kept = program.functions.map((entry) => before.indexOf(entry))
    return { image: aligned(written), debug: { ...moveDebug(debug, kept, written), shortNames } }
}

/** Images are whole blocks of flash. */
function aligned({ image }: WrittenImage): Buffer {
    return Buffer.concat([image, Buffer.alloc((BLOCK - (image.length % BLOCK)) % BLOCK)])
}

const BLOCK = 32
