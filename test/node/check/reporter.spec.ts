import { ok, strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../../host/build/device.js"
import { temporaryFolder } from "../../../host/temporary.js"

describe("the output of the tests", () => {
    it("names what was not checked here, and ends with the one line that programs read", () => {
        const spec = join(temporaryFolder("reporter"), "one.spec.cjs")
        writeFileSync(spec, 'it("passes", () => {})\nit("is left out")\n')
        const mocha = join(root, "node_modules", "mocha", "bin", "mocha.js")
        const { stdout } = spawnSync(process.execPath, [mocha, "--reporter", "test/reporter.cjs", spec], {
            cwd: root,
            encoding: "utf8",
        })
        const lines = stdout.trimEnd().split("\n")
        strictEqual(lines.at(-1), "1 passed, 0 failed, 1 skipped")
        const told = lines.at(-2) ?? ""
        for (const part of ["NOT CHECKED HERE", "ESP32-C3", "mbedTLS 3.6 and 4", "check:idf", "check:mbedtls"])
            ok(told.includes(part), told)
    })
})
