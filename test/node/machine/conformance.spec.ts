import { strictEqual } from "node:assert/strict"
import { checkedDevice, missingFor } from "../../../host/build/native.js"
import { conformancePrograms, programImage, recordedOutput } from "../../machine/images.js"
import { needs } from "../../support/needs.js"
import { runNatively, simulate } from "./run.js"

/* The official machine's output for each program is in NAME.expected. There are no exceptions. */
describe("the machine prints what the official one printed", function () {
    this.timeout(120000)
    const missing = missingFor(checkedDevice)
    const programs = conformancePrograms()

    it("has all 41 programs", () => strictEqual(programs.length, 41))

    for (const { name, source } of programs) {
        it(`${name} in WebAssembly`, async () => {
            strictEqual((await simulate(programImage(source), false)).output, recordedOutput(name))
        })
        it(`${name} in WebAssembly with collector stress`, async () => {
            strictEqual((await simulate(programImage(source), true)).output, recordedOutput(name))
        })
        for (const options of [[], ["--gc-stress"]])
            it(`${name} natively under ASan and UBSan${options.length > 0 ? " with collector stress" : ""}`, function () {
                needs(this, missing)
                strictEqual(runNatively(programImage(source), ...options), recordedOutput(name))
            })
    }
})
