import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, readFileSync, readdirSync, utimesSync, writeFileSync } from "node:fs"
import { hostname } from "node:os"
import { join } from "node:path"
import { makeOnce } from "../../../host/build/make-once.js"
import { root } from "../../../host/folders.js"
import { temporaryFolder } from "../../../host/temporary.js"

/** A process that makes `path`. @param ending "whole", or "stuck" for work that never ends */
function maker(path: string, ending: "whole" | "stuck"): ChildProcess {
    const args = ["--import", "./host/build/tsx.mjs", "test/support/maker.ts", path, ending]
    return spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] })
}

/** Number of makers that began; each noted one line. */
const begun = (path: string): number => readFileSync(`${path}.notes`, "utf8").trimEnd().split("\n").length

describe("what processes share below .cache", function () {
    this.timeout(60000)

    it("is made by one of them; the others wait until it is complete", async () => {
        const path = join(temporaryFolder("shared"), "artifact")
        const makers = Array.from({ length: 4 }, () => maker(path, "whole"))
        const codes = await Promise.all(makers.map(async (child) => ((await once(child, "exit")) as [number])[0]))
        deepStrictEqual(codes, [0, 0, 0, 0])
        strictEqual(begun(path), 1)
        deepStrictEqual(readdirSync(path), ["first", "second"])
    })

    it("is made by the next when its maker was killed", async () => {
        const folder = temporaryFolder("shared")
        const path = join(folder, "artifact")
        const killed = maker(path, "stuck")
        await once(killed.stdout as NodeJS.ReadableStream, "data")
        const waiting = maker(path, "whole")
        killed.kill("SIGKILL")
        strictEqual(((await once(waiting, "exit")) as [number])[0], 0)
        strictEqual(begun(path), 2)
        deepStrictEqual(readdirSync(path), ["first", "second"])
        ok(!existsSync(`${path}.lock`))
    })

    it("is absent after a failure to make it, and may be made again", () => {
        const path = join(temporaryFolder("shared"), "artifact")
        const fail = (fresh: string): void => {
            writeFileSync(fresh, "half")
            throw new Error("no")
        }
        for (let i = 0; i < 2; i++) {
            throws(() => makeOnce(path, fail), /^Error: no$/)
            ok(!existsSync(path))
        }
        strictEqual(
            readFileSync(
                makeOnce(path, (fresh) => writeFileSync(fresh, "whole")),
                "utf8",
            ),
            "whole",
        )
    })

    it("is not blocked by a stale lock whose process id another process has now", () => {
        const path = join(temporaryFolder("shared"), "artifact")
        writeFileSync(`${path}.lock`, `${hostname()}\n${process.pid}`)
        const hourAgo = Date.now() / 1000 - 3600
        utimesSync(`${path}.lock`, hourAgo, hourAgo)
        strictEqual(
            readFileSync(
                makeOnce(path, (fresh) => writeFileSync(fresh, "whole")),
                "utf8",
            ),
            "whole",
        )
    })
})
