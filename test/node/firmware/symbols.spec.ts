import { deepStrictEqual, ok } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { cachedDeviceImage, root } from "../../../host/build/device.js"
import { buildObjects, checkedDevice, device, missingFor, withTranslations } from "../../../host/build/native.js"
import { needs } from "../../support/needs.js"

/** What other firmware links: machine, natives, sockets and translated code, without a port's `main`. */
const component = { ...checkedDevice, sources: ["vm", "natives", "port/sockets"] }

/** Names that the linker sees, except the compiler's own, which begin with two underscores. */
function externalSymbols(objects: string[]): string[] {
    const { stdout } = spawnSync("nm", ["-g", "--defined-only", "-A", ...objects], { encoding: "utf8" })
    const lines = stdout.split("\n").filter((line) => line !== "")
    return lines.map((line) => line.split(" ").at(-1) as string).filter((name) => !name.startsWith("__"))
}

describe("external symbols of machine, natives and translated code", function () {
    this.timeout(300000)

    it("all begin with mote_, so that they link into any firmware", function () {
        needs(this, missingFor(component))
        const image = readFileSync(cachedDeviceImage("test/device/natives/count.ts").path)
        const symbols = externalSymbols(buildObjects(withTranslations(component, [image])))
        ok(symbols.length > 300, `${symbols.length} symbols`)
        deepStrictEqual(
            symbols.filter((name) => !name.startsWith("mote_")),
            [],
        )
    })

    it("are in objects that name no folder of this computer, so that builds are reproducible", function () {
        needs(this, missingFor(component))
        const folders = buildObjects({ ...device, sources: component.sources }).filter((path) =>
            readFileSync(path).includes(root),
        )
        deepStrictEqual(folders, [])
    })
})
