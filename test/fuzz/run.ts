import * as ds from "@devicescript/core"
import { join } from "../../src/dtls/bytes/bytes.js"
import "../../src/platform/runtime/natives.js"
import "./natives.js"
import { type FuzzTarget } from "./target.js"

/** The fuzzer's setting `target`. */
export function targetName(): string {
    return ds._moteSetting("target") as string
}

/** Brings the target into the state of the setting `state`, and runs one input. */
export async function runTarget(target: FuzzTarget | undefined): Promise<void> {
    if (target === undefined) throw new Error("no target " + targetName())
    const state = parseInt(ds._moteSetting("state") as string)
    for (const seed of target.seeds(state)) ds._fuzzSeed(join([Buffer.from([state]), seed]))
    const run = target.prepare(state)
    await run(ds._fuzzNext(target.states))
    ds._fuzzNext(target.states)
}
