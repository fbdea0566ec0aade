import { strictEqual } from "node:assert/strict"
import { lifeAtLeshan, settingsForLeshan } from "../../interop/leshan-cells.js"
import { buildNeeds, peerProgram } from "../../interop/peers/build.js"
import { missingProgram, needs } from "../../support/needs.js"
import { board, linux } from "./device-under-test.js"

const EXAMPLE = "examples/device/lwm2m.ts"

for (const kind of [linux, board])
    describe(`the LwM2M client on ${kind.name}`, function () {
        this.timeout(300000)

        before(async function () {
            needs(
                this,
                kind.missing() ?? buildNeeds.leshan.map(missingProgram).find((missing) => missing !== undefined),
            )
            peerProgram("leshan")
            await kind.command(EXAMPLE, settingsForLeshan(kind.host, 1))
        })

        it("registers with Leshan, is read, written, observed and told to stay away, and ends when it is to reboot", async () => {
            const ours = (port: number): Promise<string[]> => kind.command(EXAMPLE, settingsForLeshan(kind.host, port))
            strictEqual(await lifeAtLeshan(ours), "ok")
        })
    })
