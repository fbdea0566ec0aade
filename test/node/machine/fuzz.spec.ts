import { ok } from "node:assert/strict"
import { fuzzMachine } from "../../../host/build/fuzz.js"
import { machineFuzzer, missingFor } from "../../../host/build/native.js"
import { needs } from "../../support/needs.js"

/** Seconds; npm run fuzz goes on for an hour. */
const SECONDS = 30

describe("loader and interpreter over mutated images", function () {
    this.timeout(300000)

    it("neither crash nor hang nor leave image and arena, and keep the arena whole", function () {
        needs(this, missingFor(machineFuzzer))
        const { runs, passed, output } = fuzzMachine(SECONDS, 1)
        ok(passed, output.split("\n").slice(-60).join("\n"))
        ok(runs > 1000, `only ${runs} images were run:\n${output.slice(-2000)}`)
    })
})
