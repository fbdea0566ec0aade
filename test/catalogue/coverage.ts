import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../host/build/device.js"
import { coverage } from "./rows.js"

/* npm run coverage:catalogue: prints the rows named by tests that passed in the last npm test; --json for programs. */

const path = join(root, ".cache", "passed-tests.json")
if (!existsSync(path)) {
    console.error("coverage: no results yet; run npm test first")
    process.exitCode = 1
} else {
    const passed = JSON.parse(readFileSync(path, "utf8")) as string[]
    const result = coverage(passed)
    console.error(`coverage: by the last run of mocha, in which ${passed.length} tests passed (npm test runs all)`)
    if (process.argv.includes("--json")) console.log(JSON.stringify(result))
    else
        for (const kind of ["covered", "partial", "missing"] as const)
            console.log(`${kind} (${result[kind].length}): ${result[kind].join(" ")}`)
    if (!process.argv.includes("--json"))
        for (const [id, sentence] of Object.entries(result.explained)) console.log(`${id}: ${sentence}`)
}
