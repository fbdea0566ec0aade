import { strictEqual } from "node:assert/strict"
import { checkedDevice, missingFor } from "../../../host/build/native.js"
import { runOfficial } from "../../../host/build/official.js"
import { ProgramGenerator } from "../../machine/generator.js"
import { comparedPrograms, programImage } from "../../machine/images.js"
import { runNatively, simulate } from "./run.js"

/** Generated programs; MOTE_PROGRAMS=N runs more, MOTE_SEED=N starts with another seed. */
const GENERATED = Number(process.env["MOTE_PROGRAMS"] ?? 200)
const FIRST_SEED = Number(process.env["MOTE_SEED"] ?? 1)
/** One out of so many programs also runs natively, under sanitizers and collector stress. */
const NATIVE_EVERY = 5
const TIMEOUT = 20000

async function officialOutput(image: Uint8Array): Promise<string> {
    const { lines, panic } = await runOfficial(image, false, TIMEOUT)
    return [...lines, ...(panic > 0 ? [`PANIC ${panic}`] : [])].map((line) => `${line}\n`).join("")
}

async function compare(source: string, natively: boolean): Promise<void> {
    const image = programImage(source)
    const expected = await officialOutput(image)
    strictEqual((await simulate(image, false)).output, expected)
    if (natively) strictEqual(runNatively(image, "--gc-stress"), expected)
}

describe("the machine and the official one print the same", function () {
    this.timeout(60000)
    const missing = missingFor(checkedDevice)
    for (const { name, source } of comparedPrograms()) it(`for ${name}`, () => compare(source, missing === undefined))

    for (let seed = FIRST_SEED; seed < FIRST_SEED + GENERATED; seed++)
        it(`for generated program ${seed}`, () =>
            compare(new ProgramGenerator(seed).program(), missing === undefined && seed % NATIVE_EVERY === 0))
})
