import { ok, strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { cachedDeviceImage } from "../../../host/build/device.js"
import { buildNative, checkedDevice, missingFor, storageTest } from "../../../host/build/native.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { needs } from "../../support/needs.js"

describe("storage and program slots", function () {
    this.timeout(120000)

    let output: string

    before(function () {
        needs(this, missingFor(storageTest))
        const run = spawnSync(buildNative(storageTest), { encoding: "utf8", timeout: 60000 })
        output = run.stdout + run.stderr
        for (const line of output.trimEnd().split("\n")) console.log(`    ${line}`)
    })

    it("survive 2000 power cuts at any byte of a write: the old blob or the new one is there, and all others", () => {
        ok(/power cuts: 2000 in \d+ writes/.test(output), output)
    })

    it("refuse what does not fit and lose nothing", () => ok(output.includes("full flash: refused"), output))

    it("run the previous program, and say why, when a new one crashes at each start or is not whole", () => {
        ok(output.includes("restart loop: the newest program did not last"), output)
        ok(output.includes("torn program: the newest program is not whole"), output)
        ok(output.endsWith("done\n"), output)
    })

    it("mark the program that has lasted, for mote flash to leave it", () => {
        ok(output.includes("marks: a program that has lasted is marked, one on trial is not"), output)
    })

    it("leave a good program alone when starts cannot be counted, and format no flash that does not answer", () => {
        ok(output.includes("full storage: storage has no room to try the newest program"), output)
        ok(output.includes("silent flash: refused, nothing lost"), output)
    })

    it("take a program over the air whole or not at all, whatever byte of it the power is cut at", () => {
        ok(/updates: whole or not there after \d{4} power cuts/.test(output), output)
    })

    it("keep a program that came over the air only when it confirms itself", () => {
        ok(output.includes("updates: one that confirms itself stays, one that does not goes"), output)
    })

    it("keep what a program saves from one run of mote-device to the next", function () {
        needs(this, missingFor(checkedDevice))
        const folder = temporaryFolder("storage")
        const image = cachedDeviceImage("test/device/natives/count.ts").path
        const run = (): string => {
            const args = ["--plain", "--storage", join(folder, "flash"), image]
            return spawnSync(buildNative(checkedDevice), args, { encoding: "utf8", timeout: 30000 }).stdout
        }
        strictEqual([run(), run(), run()].join(""), "0\n1\n2\n")
    })

    it("tell a program that a blob could not be removed", function () {
        needs(this, missingFor(checkedDevice))
        const folder = temporaryFolder("storage")
        const image = cachedDeviceImage("test/device/natives/removal.ts").path
        const run = (before: string): string => {
            // A shell's limit of 0 bytes for files stands in for flash that is worn out.
            const args = ["-c", `${before} exec "$@"`, "sh", buildNative(checkedDevice), "--plain"]
            const storage = ["--storage", join(folder, "flash"), image]
            return spawnSync("sh", [...args, ...storage], { encoding: "utf8", timeout: 30000 }).stdout
        }
        const [failed, wornOut] = [-255, "trap '' XFSZ; ulimit -f 0;"]
        strictEqual(run(""), "saved: 0\n")
        strictEqual(run(wornOut), `removed: ${failed}\nleft: 5\n`)
        strictEqual(run(""), "removed: 0\nleft: nothing\n")
    })

    it("refuse a file that is not a storage file", function () {
        needs(this, missingFor(checkedDevice))
        const file = join(temporaryFolder("storage"), "other")
        writeFileSync(file, "something else")
        const { status, stderr } = spawnSync(buildNative(checkedDevice), ["--storage", file, "x"], { encoding: "utf8" })
        strictEqual(status, 2)
        ok(stderr.includes("as storage: it is no file of mote-device"), stderr)
    })
})
