import { deepStrictEqual } from "node:assert/strict"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../../host/build/device.js"
import { explained, namedRows } from "../../catalogue/rows.js"

/** Rows of the catalogue that also concern DTLS 1.2 with pre-shared keys, and need a test of their own. */
const wanted =
    "R02 R04 R05 R09 R10 R12 R14 R16 R18 R25 R26 F01 F02 F04 F05 F08 F11 F13 F14 F15 F17 F21 F23 F25 " +
    "H01 H10 H15 H20 H26 H27 D02 D07 D09 D12 D14 P09 P10"

describe("the catalogue of known failures", () => {
    const files = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
    const specs = files.filter((name) => /\.(spec|test-suite)\.ts$/.test(name))
    const { whole } = namedRows(specs.map((name) => readFileSync(join(root, "test", name), "utf8")))

    it("has a test, or a sentence why not, for every row on DTLS 1.2 with pre-shared keys", () => {
        deepStrictEqual(
            wanted.split(" ").filter((id) => !whole.has(id) && explained[id] === undefined),
            [],
        )
    })

    it("excuses no row that a test covers", () => {
        deepStrictEqual(
            Object.keys(explained).filter((id) => whole.has(id)),
            [],
        )
    })
})
