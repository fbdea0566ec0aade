import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../../host/folders.js"
import { missingFor, checkedDevice } from "../../../host/build/native.js"
import { needs } from "../../support/needs.js"

interface Bom {
    bomFormat: string
    metadata: { component: { type: string; name: string } }
    components: { name: string; version: string; licenses: unknown[] }[]
}

describe("npm run sbom", function () {
    this.timeout(60000)

    it("lists the components of the package and of each firmware, with versions and licences", function () {
        needs(this, missingFor(checkedDevice))
        const { status, stderr } = spawnSync("npm", ["run", "-s", "sbom"], { cwd: root, encoding: "utf8" })
        strictEqual(status, 0, stderr)
        const read = (name: string): Bom =>
            JSON.parse(readFileSync(join(root, "build", "sbom", `${name}.cdx.json`), "utf8")) as Bom
        const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
            dependencies: Record<string, string>
        }
        const pack = read("package")
        strictEqual(pack.bomFormat, "CycloneDX")
        for (const [name, version] of Object.entries(dependencies))
            ok(
                pack.components.some((part) => part.name === name && part.version === version),
                name,
            )
        strictEqual(pack.components.length, Object.keys(dependencies).length, "workspaces are packages of their own")
        const parts = (name: string): string[] => read(name).components.map((part) => part.name)
        deepStrictEqual(parts("posix"), ["mote-dtls", "mbedtls"])
        deepStrictEqual(parts("rv32-virt"), ["mote-dtls", "mbedtls", "lwip"])
        deepStrictEqual(parts("esp32c3-devkitm-1"), ["mote-dtls", "esp-idf"])
        for (const { version, licenses } of read("rv32-virt").components) ok(/^\d/.test(version) && licenses.length > 0)
        strictEqual(read("posix").metadata.component.type, "firmware")
    })
})
