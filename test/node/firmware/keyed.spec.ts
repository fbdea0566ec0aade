import { strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { buildNative, keyedTest, missingFor } from "../../../host/build/native.js"
import { needs } from "../../support/needs.js"

describe("keyed contexts of the crypto library", function () {
    this.timeout(60000)

    it("make room for another key in the order of their last use, also when the count of uses begins again", function () {
        needs(this, missingFor(keyedTest))
        const { stdout, stderr } = spawnSync(buildNative(keyedTest), { encoding: "utf8" })
        // a to d come first, and then a is used again.
        strictEqual(stdout, "bcda\nbcda\n", stderr)
    })
})
