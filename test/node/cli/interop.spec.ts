import { strictEqual } from "node:assert/strict"
import { matrix, missingFor, runCell } from "../../interop/matrix.js"

describe("independent peers over real sockets", function () {
    this.timeout(40000)

    for (const cell of matrix()) {
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
