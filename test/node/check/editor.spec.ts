import { deepStrictEqual, strictEqual } from "node:assert/strict"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { cachedDeviceImage, root } from "../../../host/build/device.js"
import { TypeServer } from "../../support/type-server.js"

/** Folders of device code; each has its own tsconfig.json, because editors look for the nearest one. */
const DEVICE_FOLDERS = [
    ...["src/entry", "src/platform/runtime", "src/platform/stock", "src/sensor"],
    ...["examples/device", "test/bogo/machine", "test/device", "test/fuzz"],
]

const sources = (folder: string): string[] =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => `${folder}/${name}`)

describe("an editor", function () {
    this.timeout(180000)
    let server: TypeServer

    before(() => {
        // Any device compilation writes the types, as `npm start` does.
        cachedDeviceImage("src/sensor/main.ts")
        server = new TypeServer()
    })
    after(() => server.close())

    for (const folder of DEVICE_FOLDERS)
        it(`shows no error in the files of ${folder}, which run on a device`, async () => {
            for (const path of sources(folder)) {
                const { errors, project } = await server.check(path)
                strictEqual(project, join(root, folder, "tsconfig.json"), path)
                deepStrictEqual(errors, [], path)
            }
        })

    it("treats everything else as code that runs in Node", async () => {
        for (const path of ["src/dtls/association/association.ts", "host/cli/main.ts", "test/engine/all.ts"]) {
            const { errors, project } = await server.check(path)
            strictEqual(project, join(root, "tsconfig.json"), path)
            deepStrictEqual(errors, [], path)
        }
    })
})
