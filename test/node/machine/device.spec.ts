import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import ts from "typescript"
import {
    buildEverything,
    cachedDeviceImage,
    deviceModules,
    functionNames,
    root,
    runInOfficialVm,
} from "../../../host/build/device.js"
import { sizeByFile, sizeByKind } from "../../../host/build/image-size.js"
import { SIZE_PROFILES } from "../../../host/build/size-profiles.js"
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

/** The parts are all there is. */
const PARTS = ["src/dtls", "src/gio", "src/coap", "src/sensor", "src/platform"]

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

    it("has a size profile for every program in test/device/size", () => {
        const programs = Object.values(SIZE_PROFILES).map(({ program }) => program)
        const files = readdirSync(join(root, "test", "device", "size")).map((file) => `test/device/size/${file}`)
        deepStrictEqual(
            files.filter((file) => !programs.includes(file)),
            [],
        )
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
        it(`runs the suites of ${file} in the official VM: the same names pass as in Node`, () => {
            const { status, output } = runInOfficialVm(`test/device/${file}`)
            strictEqual(status, 0, output)
            for (const name of names) ok(output.includes(`WASM>   ${name}\n`), `not run: ${name}`)
            ok(output.includes(`tests: ${names.length}, pass: ${names.length}, error: 0`), output)
        })
})
