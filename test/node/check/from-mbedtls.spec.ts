import { deepStrictEqual, ok } from "node:assert/strict"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { debianSource } from "../../../host/build/debian-source.js"
import { missingForBoard } from "../../../host/build/rv32.js"
import { root } from "../../../host/folders.js"
import { needs } from "../../support/needs.js"

/** Names in backticks in a column of the table of calls. */
function namesOf(column: 1 | 2): string[] {
    const text = readFileSync(join(root, "docs", "from-mbedtls.md"), "utf8")
    const rows = text.split("\n").filter((line) => line.startsWith("| `mbedtls_"))
    return rows.flatMap((row) => [...row.split("|")[column].matchAll(/`([^`]+)`/g)].map(([, name]) => name))
}

function textsBelow(folder: string, ending: string): string {
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(ending))
    return names.map((name) => readFileSync(join(folder, name), "utf8")).join("\n")
}

const missingIn = (text: string, names: string[]): string[] =>
    names.filter((name) => !new RegExp(`\\b${name}\\b`).test(text))

describe("docs/from-mbedtls.md", () => {
    it("names calls that mbedTLS's headers declare", function () {
        needs(this, missingForBoard())
        const calls = namesOf(1)
        ok(calls.length > 30)
        deepStrictEqual(missingIn(textsBelow(join(debianSource("mbedtls"), "include"), ".h"), calls), [])
    })

    it("names what Mote's sources declare", () => {
        const words = namesOf(2).flatMap((code) => code.match(/[A-Za-z]\w+/g) ?? [])
        ok(words.length > 40)
        deepStrictEqual(missingIn(textsBelow(join(root, "src"), ".ts"), words), [])
    })
})
