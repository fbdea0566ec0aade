import { ok, strictEqual } from "node:assert"
import { Running } from "../../interop/process.js"
import { needs } from "../../support/needs.js"
import { eventually } from "../../support/running-gateway.js"
import { SLEEPER_KEY, SleeperGateway } from "../../support/sleeper-gateway.js"
import { board, type DeviceKind, linux, type Program } from "./device-under-test.js"

type Version = "1.2" | "1.3"

const PROGRAM = "test/device/sleeping.ts"
const SUITES = { "1.2": "TLS_PSK_WITH_AES_128_CCM_8", "1.3": "TLS_AES_128_CCM_SHA256" }

/** With connection ids of the server alone. */
function program(version: Version): Program {
    const versions = { oldest: version, newest: version }
    return { path: PROGRAM, configured: { suites: [SUITES[version]], connectionId: 0, versions } }
}

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

async function open(kind: DeviceKind, version: Version): Promise<{ gateway: SleeperGateway; command: string[] }> {
    const gateway = await SleeperGateway.open("127.0.0.1", version)
    const target = { host: kind.host, port: `${gateway.port}` }
    const command = await kind.command(program(version), { ...target, identity: "sensor1", key: SLEEPER_KEY })
    return { gateway, command }
}

/** MOTE_WAKES=1000 runs as many as the simulator does; it takes some minutes. */
const WAKES = Number(process.env["MOTE_WAKES"] ?? 100)
const POWER_LOSSES = 10

describe("a sleeping sensor", function () {
    this.timeout(600000)

    const cases = [linux, board].flatMap((kind) => (["1.2", "1.3"] as const).map((version) => ({ kind, version })))
    for (const { kind, version } of cases)
        it(`in DTLS ${version} wakes ${WAKES} times from deep sleep on ${kind.name}, loses power meanwhile, and shakes hands once`, async function () {
            needs(this, kind.missing())
            const { gateway, command } = await open(kind, version)
            const posted: number[] = []
            const onTheAir: number[] = []
            for (let i = 0; i < POWER_LOSSES; i++) {
                posted.push(...(await wakes(command, WAKES / POWER_LOSSES)))
                onTheAir.push(posted[posted.length - 1])
            }
            strictEqual(gateway.handshakes, 1)
            ok(posted.length >= WAKES, `${posted.length} readings`)
            // A reading that is posted once is not posted again: its number was saved before.
            strictEqual(new Set(posted).size, posted.length)
            const unanswered = posted.filter((number) => number % 4 !== 0 && !onTheAir.includes(number))
            const isHeard = (number: number): boolean => gateway.told.has(number)
            await eventually("what was posted without an answer", () => (unanswered.every(isHeard) ? true : undefined))
            await gateway.close()
        })
})
