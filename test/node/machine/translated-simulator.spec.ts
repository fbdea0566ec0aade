import { ok, strictEqual } from "node:assert/strict"
import { translatedMachine } from "../../../host/build/wasm.js"
import { everyFunction } from "../../../host/translate/translate.js"
import { comparedPrograms, conformancePrograms, optimizedImage, recordedOutput } from "../../machine/images.js"
import { simulate } from "./run.js"

/** Calls of all kinds, objects, exceptions, waits, and a whole protocol. */
const RECORDED = ["e02-classes", "f02-finally", "h01-fibers", "p01-protocol"]
const COMPARED = ["exceptions-through-calls", "waiting-in-calls"]
/** Does the most work and throws little: an exception thrown in C costs operations of its own. */
const BUSY = "p01-protocol"

describe("the simulator with functions as C", function () {
    this.timeout(300000)
    const programs = [
        ...conformancePrograms().filter(({ name }) => RECORDED.includes(name)),
        ...comparedPrograms().filter(({ name }) => COMPARED.includes(name)),
    ].map(({ name, source }) => ({ name, image: optimizedImage(source) }))
    let translated: WebAssembly.Module

    before(async () => {
        const images = programs.map(({ image }) => image)
        translated = await translatedMachine(images, everyFunction)
    })

    it("has all programs that it is tested with", () => strictEqual(programs.length, RECORDED.length + COMPARED.length))

    for (const { name, image } of programs)
        for (const gcStress of [false, true])
            it(`prints what interpreted programs print${gcStress ? ", with collector stress" : ""}: ${name}`, async () => {
                const interpreted = await simulate(image, gcStress)
                const { output, outcome } = await simulate(image, gcStress, { module: translated })
                strictEqual(output, interpreted.output)
                if (RECORDED.includes(name)) strictEqual(output, recordedOutput(name))
                if (name !== BUSY) return
                const [inC, before] = [outcome, interpreted.outcome].map(({ counters }) => counters.operations)
                ok(inC < before, `${inC} operations, interpreted ${before}: C runs in place of the bytecode`)
            })
})
