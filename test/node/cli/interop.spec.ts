import { deepStrictEqual, strictEqual } from "node:assert/strict"
import { cachedDeviceImage } from "../../../host/build/device.js"
import { coverage, matrix, missingFor, runCell } from "../../interop/matrix.js"

const FEATURES = [
    ...(["psk", "ecdhe-psk", "certificate", "client-certificate", "rpk", "cid", "rrc", "resumption-id"] as const),
    ...(["ticket", "mfl", "record-size-limit", "alpn", "exporter", "fragments", "loss", "coalesce"] as const),
]

describe("independent peers over real sockets", () => {
    const cells = matrix()

    before("what runs in the simulator", function () {
        this.timeout(180000)
        cachedDeviceImage("examples/device/lwm2m.ts")
    })

    it("try each feature of DTLS 1.2 with a peer in either role", () => {
        const covered = coverage(cells)
        const lacks = FEATURES.filter((feature) => !covered[feature]?.server.length || !covered[feature].client.length)
        deepStrictEqual(lacks, [])
    })

    for (const cell of cells) {
        it(`${cell.peer} as ${cell.role}, ${cell.suite}: ${cell.what}`, async function () {
            const missing = missingFor(cell)
            if (missing.length > 0 && process.env["CI"] === undefined) {
                console.log(`      SKIPPED: ${missing.join(", ")} not installed; npm test installs it where it may`)
                this.skip()
            }
            strictEqual(await runCell(cell), cell.expected)
        })
    }
})
