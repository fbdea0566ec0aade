import { ok } from "node:assert/strict"
import { fuzz } from "../../../host/build/fuzz.js"
import { fuzzTargets } from "../../../host/build/fuzz-targets.js"
import { missingFor } from "../../../host/build/native.js"
import { needs } from "../../support/needs.js"

/** Seconds for each target, after its corpus; npm run fuzz goes on for longer. */
const SECONDS = 3

/** What a target has to reach to be worth its name: the committed corpora reach more. */
const LEAST_EXECUTIONS = 200

describe("coverage-guided fuzzing", function () {
    this.timeout(600000)

    for (const target of fuzzTargets)
        it(`finds nothing new in ${target.name}: ${target.about}`, function () {
            needs(this, missingFor(target.needs))
            const { executions, edges, crashes, output } = fuzz(target, SECONDS, { seed: 1 })
            ok(crashes === 0, output.split("\n").slice(-60).join("\n"))
            ok(executions > LEAST_EXECUTIONS && edges > 0, `${executions} inputs were run:\n${output.slice(-2000)}`)
        })
})
