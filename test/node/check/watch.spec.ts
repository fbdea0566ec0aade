import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { temporaryFolder } from "../../../host/temporary.js"
import { Running } from "../../interop/process.js"

describe("npm run watch", function () {
    this.timeout(120000)

    it("reruns tests on changed sources: broken code fails them, mended code passes", async () => {
        const folder = temporaryFolder("watch")
        const source = (result: string): void =>
            writeFileSync(join(folder, "source.ts"), `export const answer = (): string => "${result}"\n`)
        const spec = join(folder, "one.spec.ts")
        const test = 'it("answers", () => { if (answer() !== "right") throw new Error(answer()) })'
        writeFileSync(spec, `import { answer } from ${JSON.stringify("./source.js")}\n${test}\n`)
        writeFileSync(join(folder, "package.json"), '{ "type": "module" }')
        source("right")
        const watch = new Running([process.execPath, "test/watch.mjs", spec])
        try {
            await watch.expect("1 passed, 0 failed", 40000)
            source("wrong")
            await watch.expect("0 passed, 1 failed", 40000)
            watch.output = ""
            source("right")
            await watch.expect("1 passed, 0 failed", 40000)
        } finally {
            await watch.end()
        }
    })
})
