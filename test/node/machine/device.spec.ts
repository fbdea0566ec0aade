import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import ts from "typescript"
import {
    buildAsCompiled,
    buildEverything,
    cachedDeviceImage,
    deviceModules,
    functionNames,
    root,
} from "../../../host/build/device.js"
import { type CompiledProgram, compilerFolder, compileFiles, compileWithDebug } from "../../../host/build/compiler.js"
import { sizeByFile, sizeByKind } from "../../../host/build/image-size.js"
import { runOfficial } from "../../../host/build/official.js"
import { SIZE_PROFILES } from "../../../host/build/size-profiles.js"
import type { DebugFile } from "../../../host/image/ir/debug.js"
import { optimizeImage } from "../../../host/image/optimize.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { suitePrograms } from "../../engine/names.js"

/** Names of the functions and methods that a source file declares and exports. */
function declaredNames(path: string): string[] {
    const source = ts.createSourceFile(path, readFileSync(join(root, path), "utf8"), ts.ScriptTarget.ES2022, true)
    const names: string[] = []
    const visit = (node: ts.Node): void => {
        const named = ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)
        if (named && node.body !== undefined && node.name !== undefined) names.push(node.name.getText())
        ts.forEachChild(node, visit)
    }
    visit(source)
    return names
}

/** Sources of a single version, and which profiles speak it. */
const OF_VERSIONS: [string, RegExp, (profile: string) => boolean][] = [
    [
        "1.2",
        /\/v12\/|\/hello-verify-request\.ts$|\/handshake\/cookies\.ts$/,
        (profile) => !profile.startsWith("psk13-"),
    ],
    ["1.3", /\/v13\//, (profile) => profile.includes("13-")],
]

/** Together, these parts are all device code. */
const PARTS = ["src/dtls", "src/gio", "src/coap", "src/net", "src/lwm2m", "src/sensor", "src/update", "src/platform"]

const PROGRAM = `import * as ds from "@devicescript/core"
class Counter {
    count = 0
    async next(): Promise<number> {
        await ds.sleep(1)
        return ++this.count
    }
}
console.log(await new Counter().next(), Math.sqrt(2), "text".length, Buffer.from("00ff", "hex"))
ds.restart()
`

function optimized({ image, debug, types }: CompiledProgram): Buffer {
    return optimizeImage(Buffer.from(image), JSON.parse(debug) as DebugFile, "every", types).image
}

/** Longest run of the suites in the official VM, ms. */
const VM_TIMEOUT = 120000

describe("the official DeviceScript compiler and VM", function () {
    this.timeout(180000)

    for (const [name, { program, budget, configured }] of Object.entries(SIZE_PROFILES))
        it(`compiles the size profile ${name} into at most ${budget} bytes, all of them attributed`, () => {
            const image = cachedDeviceImage(program, configured)
            ok(image.bytes <= budget, `${image.bytes} bytes, budget ${budget}`)
            for (const sizes of [sizeByFile(image), sizeByKind(image)]) {
                const all = [...sizes.values()]
                strictEqual(
                    all.reduce((sum, size) => sum + size, 0),
                    image.bytes,
                )
                ok(all.every((size) => size > 0))
            }
        })

    for (const [version, sources, speaksIt] of OF_VERSIONS)
        it(`compiles sources of DTLS ${version} into a size profile only if its program names that version`, () => {
            for (const [name, { program, configured }] of Object.entries(SIZE_PROFILES)) {
                const files = [...sizeByFile(cachedDeviceImage(program, configured)).keys()]
                const found = files.filter((file) => sources.test(file))
                strictEqual(found.length > 0, speaksIt(name), `${name}: ${found.join()}`)
            }
        })

    it("has a size profile for every program in test/device/size", () => {
        const programs = Object.values(SIZE_PROFILES).map(({ program }) => program)
        const files = readdirSync(join(root, "test", "device", "size")).map((file) => `test/device/size/${file}`)
        deepStrictEqual(
            files.filter((file) => !programs.includes(file)),
            [],
        )
    })

    it("makes the same images as its command line, which also checks its own packages", () => {
        const folder = temporaryFolder("command-line")
        writeFileSync(join(folder, "main.ts"), PROGRAM)
        const cli = join(compilerFolder(), "devicescript")
        const run = spawnSync(process.execPath, [cli, "build", "--ignore-missing-config", "main.ts"], { cwd: folder })
        strictEqual(run.status, 0, run.stderr.toString())
        const made = join(folder, ".devicescript", "bin")
        const theirs = readFileSync(join(made, "bytecode-dbg.json"), "utf8")
        const ours = compileWithDebug(PROGRAM)
        const image = readFileSync(join(made, "bytecode.devs"))
        // The command line adds the program's name to the image, which optimizing leaves out again.
        ok(optimized(ours).equals(optimized({ ...ours, image, debug: theirs })))
    })

    it("compiles a module again for a program in which its import is another module", () => {
        const main = ["import { STEP }" + ' from "./step"', "const TWICE = STEP * 2", "console.log(TWICE, STEP)"].join(
            "\n",
        )
        const imageWith = (step: string): string => {
            const files = new Map([
                ["main.ts", main],
                ["step.ts", `export const STEP = ${step}`],
            ])
            return Buffer.from(compileFiles("main.ts", files).image).toString("hex")
        }
        const [first, other, again] = ["1000", "77000", "1000"].map(imageWith)
        strictEqual(again, first)
        for (const constant of [77000, 154000]) ok(other.includes(constant.toString(16)), `no ${constant}`)
    })

    it("has no device module outside the parts below", () => {
        const outside = deviceModules().filter((path) => !PARTS.some((part) => path.startsWith(part)))
        strictEqual(outside.join(), "")
    })

    for (const part of PARTS)
        it(`compiles every function and method of ${part}`, () => {
            const compiled = functionNames(buildEverything(part))
            const modules = deviceModules().filter((path) => path.startsWith(part))
            ok(modules.length > 0)
            const missing = modules.flatMap((path) =>
                declaredNames(path)
                    .filter((name) => !compiled.has(name))
                    .map((name) => `${path}: ${name}`),
            )
            strictEqual(missing.join("\n"), "")
        })

    for (const { file, names } of suitePrograms.filter(({ fitsOfficial }) => fitsOfficial))
        it(`runs the suites of ${file} in the official VM: the same names pass as in Node`, async () => {
            const { path } = buildAsCompiled(`test/device/${file}`)
            const { lines, panic } = await runOfficial(readFileSync(path), false, VM_TIMEOUT)
            const output = lines.join("\n")
            strictEqual(panic, 0, output)
            for (const name of names) ok(lines.includes(`  ${name}`), `not run: ${name}`)
            ok(output.includes(`tests: ${names.length}, pass: ${names.length}, error: 0`), output)
        })
})
