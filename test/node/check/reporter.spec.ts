import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../../host/build/device.js"
import { temporaryFolder } from "../../../host/temporary.js"

/** Runs a spec with this project's settings. */
function run(spec: string): { lines: string[]; status: number | null } {
    const file = join(temporaryFolder("reporter"), "one.spec.cjs")
    writeFileSync(file, spec)
    const mocha = join(root, "node_modules", "mocha", "bin", "mocha.js")
    const { stdout, status } = spawnSync(process.execPath, [mocha, file], { cwd: root, encoding: "utf8" })
    return { lines: stdout.trimEnd().split("\n"), status }
}

/** A spec with tests that fail at the first attempt. */
const failingOnce = (count: number): string =>
    `const tried = new Set()
    for (let i = 1; i <= ${count}; i++)
        it("passes later " + i, () => {
            const isFirst = !tried.has(i)
            tried.add(i)
            if (isFirst) throw new Error("no answer within a second")
        })`

describe("the output of the tests", () => {
    it("lists what was not checked here, and ends with the one line that programs read", () => {
        const { lines } = run('it("passes", () => {})\nit("is left out")\n')
        strictEqual(lines.at(-1), "1 passed, 0 failed, 1 skipped")
        const told = lines.at(-2) ?? ""
        for (const part of ["NOT CHECKED HERE", "ESP32-C3", "mbedTLS 3.6 and 4", "check:idf", "check:mbedtls"])
            ok(told.includes(part), told)
    })

    it("names a test that passed only at its second attempt, and why the first failed", () => {
        const { lines, status } = run(failingOnce(2))
        const told = [1, 2].flatMap((i) => [
            `NEEDED A SECOND ATTEMPT: passes later ${i}`,
            "    at first: no answer within a second",
        ])
        deepStrictEqual(lines.slice(-5), [...told, "2 passed, 0 failed"])
        strictEqual(status, 0)
    })

    it("is a failure when more than two tests needed a second attempt, or one failed twice", () => {
        const many = run(failingOnce(3))
        deepStrictEqual([many.lines.at(-1), many.status], ["3 passed, 1 failed", 1])
        const twice = run('it("fails", () => { throw new Error("as always") })')
        deepStrictEqual([twice.lines.at(-1), twice.status], ["0 passed, 1 failed", 1])
    })
})
