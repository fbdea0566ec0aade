import { deepStrictEqual, ok, strictEqual } from "node:assert"
import { Running } from "../../interop/process.js"
import { needs } from "../../support/needs.js"
import { SLEEPER_KEY, SleeperGateway } from "../../support/sleeper-gateway.js"
import { type DeviceKind, linux } from "./device-under-test.js"

const PROGRAM = "test/device/sleeping.ts"

/** Numbers of the readings that a program's output says it has posted. */
function postedIn(output: string): number[] {
    return [...output.matchAll(/posted reading (\d+)/g)].map(([, number]) => Number(number))
}

/** Runs until so many readings are posted, then takes the power away. @returns their numbers */
async function wakes(command: string[], count: number): Promise<number[]> {
    const running = new Running(command)
    try {
        for (let i = 0; running.running && i < 1200 && postedIn(running.output).length < count; i++)
            await new Promise((resolve) => setTimeout(resolve, 100))
        ok(postedIn(running.output).length >= count, running.output)
    } finally {
        await running.end()
    }
    return postedIn(running.output)
}

async function open(kind: DeviceKind): Promise<{ gateway: SleeperGateway; command: string[] }> {
    const gateway = await SleeperGateway.open()
    const target = { host: kind.host, port: `${gateway.port}` }
    const command = await kind.command(PROGRAM, { ...target, identity: "sensor1", key: SLEEPER_KEY })
    return { gateway, command }
}

describe("a sleeping sensor", function () {
    this.timeout(300000)

    for (const kind of [linux])
        it(`wakes 30 times from deep sleep on ${kind.name} and shakes hands once`, async function () {
            needs(this, kind.missing())
            const { gateway, command } = await open(kind)
            const posted = await wakes(command, 30)
            strictEqual(gateway.handshakes, 1)
            deepStrictEqual(
                posted.filter((number) => number % 4 !== 0 && !gateway.told.has(number)),
                [],
            )
            await gateway.close()
        })

    it("goes on without a handshake when its process is killed ten times on Linux", async function () {
        needs(this, linux.missing())
        const { gateway, command } = await open(linux)
        for (let i = 0; i < 10; i++) await wakes(command, 3)
        strictEqual(gateway.handshakes, 1)
        await gateway.close()
    })
})
