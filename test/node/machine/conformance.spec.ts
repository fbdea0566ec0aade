import { strictEqual } from "node:assert/strict"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../../host/build/device.js"
import { checkedDevice, missingFor } from "../../../host/build/native.js"
import { compileProgram } from "../../../host/build/official.js"
import { needs } from "../../support/needs.js"
import { runNatively, simulate } from "./run.js"

const folder = join(root, "test", "machine", "conformance")
const names = readdirSync(folder)
    .filter((name) => name.endsWith(".ts"))
    .map((name) => name.slice(0, -3))
const images = new Map<string, Uint8Array>()

function imageOf(name: string): Uint8Array {
    const image = images.get(name) ?? compileProgram(readFileSync(join(folder, `${name}.ts`), "utf8"))
    images.set(name, image)
    return image
}

function expectedOf(name: string): string {
    return readFileSync(join(folder, `${name}.expected`), "utf8")
}

/* What the official machine printed for each program is in NAME.expected; none is excepted. */
describe("the machine prints what the official one printed", function () {
    this.timeout(120000)
    const missing = missingFor(checkedDevice)

    it("has all 41 programs", () => strictEqual(names.length, 41))

    for (const name of names) {
        it(`${name} in WebAssembly`, async () => {
            strictEqual((await simulate(imageOf(name), false)).output, expectedOf(name))
        })
        it(`${name} in WebAssembly with collector stress`, async () => {
            strictEqual((await simulate(imageOf(name), true)).output, expectedOf(name))
        })
        for (const options of [[], ["--gc-stress"]])
            it(`${name} natively under ASan and UBSan${options.length > 0 ? " with collector stress" : ""}`, function () {
                needs(this, missing)
                strictEqual(runNatively(imageOf(name), ...options), expectedOf(name))
            })
    }
})
