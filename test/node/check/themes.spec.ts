import { deepStrictEqual } from "node:assert/strict"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../../host/build/device.js"

const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> }

/** The spec patterns that an npm script passes to mocha. */
const patternsOf = (script: string): string[] =>
    [...scripts[script].matchAll(/"([^"]+\.spec\.ts)"/g)].map(([, pattern]) => pattern)

const themes = Object.keys(scripts).filter((name) => name === "check" || name.startsWith("test:"))

describe("the themes of the tests", () => {
    it("are the folders of test/node, one npm script each", () => {
        const folders = readdirSync(join(root, "test", "node"))
        deepStrictEqual(themes.map((name) => name.replace("test:", "")).sort(), folders.sort())
        for (const name of themes)
            deepStrictEqual(patternsOf(name), [`test/node/${name.replace("test:", "")}/**/*.spec.ts`])
    })

    it("contain each spec exactly once, and npm test runs exactly those of all themes", () => {
        deepStrictEqual(patternsOf("test").sort(), themes.flatMap(patternsOf).sort())
        const specs = readdirSync(join(root, "test", "node"), { recursive: true, encoding: "utf8" }).filter((name) =>
            name.endsWith(".spec.ts"),
        )
        const inThemes = specs.filter((name) =>
            themes.some((theme) => name.startsWith(`${theme.replace("test:", "")}/`)),
        )
        deepStrictEqual(inThemes, specs)
    })
})
