import { strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { arenaTest, buildNative, missingFor } from "../../../host/build/native.js"
import { needs } from "../../support/needs.js"

describe("the arena of a machine", function () {
    this.timeout(120000)

    it("is refused with a reason: no memory, alignment and size are told apart", function () {
        needs(this, missingFor(arenaTest))
        const { stdout, stderr } = spawnSync(buildNative(arenaTest), { encoding: "utf8" })
        const told = [
            "aligned: made",
            "at 4 bytes: the arena is not 8-byte aligned",
            "none: no memory for the arena",
            "small: the arena is too small",
            "small at 4 bytes: the arena is not 8-byte aligned",
            "huge: the arena is too large",
            "",
        ]
        strictEqual(stdout, told.join("\n"), stderr)
    })
})
