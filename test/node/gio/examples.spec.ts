import { strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { root } from "../../../host/folders.js"

const examples: [string, string][] = [
    ["echo.ts", "hello\n"],
    ["certificates.ts", "hello from CN=sensor1\n"],
    ["resumption.ts", "false true\n"],
    ["saved.ts", "false true 21.5\n"],
    ["raw-public-keys.ts", "hello\n"],
    ["npm-coap.ts", "2.05 GET /temperature by device\n"],
]

describe("the examples for Node", function () {
    this.timeout(60000)

    for (const [file, printed] of examples)
        it(`examples/${file} runs, exits by itself and prints what it should`, () => {
            const args = ["--import", "./host/build/tsx.mjs", `examples/${file}`]
            const { status, stdout, stderr } = spawnSync(process.execPath, args, {
                cwd: root,
                encoding: "utf8",
                timeout: 50000,
            })
            strictEqual(status, 0, stderr)
            strictEqual(stdout, printed)
        })
})
