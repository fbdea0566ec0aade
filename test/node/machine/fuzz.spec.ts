import { match, ok, strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { root } from "../../../host/build/device.js"
import { fuzz } from "../../../host/build/fuzz.js"
import { fuzzTargets } from "../../../host/build/fuzz-targets.js"
import { missingFor } from "../../../host/build/native.js"
import { needs } from "../../support/needs.js"

/** Seconds for each target, after its corpus; npm run fuzz runs longer. */
const SECONDS = 3

/**
 * The size of the smallest corpus: a target that runs fewer inputs did not start. A loaded computer runs few per
 * second.
 */
const LEAST_EXECUTIONS = 10

/** npm run fuzz with arguments. */
function command(...args: string[]): { status: number | null; stderr: string } {
    const script = join(root, "host", "build", "fuzz.ts")
    return spawnSync(process.execPath, ["--import", "./host/build/tsx.mjs", script, ...args], {
        cwd: root,
        encoding: "utf8",
    })
}

describe("coverage-guided fuzzing", function () {
    this.timeout(600000)

    for (const target of fuzzTargets)
        it(`finds nothing new in ${target.name}: ${target.about}`, function () {
            needs(this, missingFor(target.checked))
            const { executions, edges, crashes, output } = fuzz(target, SECONDS, { seed: 1 })
            ok(crashes === 0, output.split("\n").slice(-60).join("\n"))
            ok(executions > LEAST_EXECUTIONS && edges > 0, `${executions} inputs were run:\n${output.slice(-2000)}`)
        })

    it("lists its targets when asked for an unknown one", () => {
        const { status, stderr } = command("nonsense")
        strictEqual(status, 2)
        match(stderr, /there is no target nonsense; there are client, server, .*machine\n$/)
    })

    it("accepts only whole seconds", () => {
        const { status, stderr } = command("client", "soon")
        strictEqual(status, 2)
        match(stderr, /a whole number of seconds/)
    })
})
