import { ok, strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../../host/folders.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { freePort, mote, Running, untilBound } from "../../interop/process.js"
import { needs } from "../../support/needs.js"

/** libcoap's keys are text. */
const TEXT_KEY = "0123456789abcdef"
const SAMPLES = 3
const PROGRAM = join(root, "src", "sensor", "main.ts")

const sensor = (port: number, ...more: string[]): string[] =>
    mote(
        "sim",
        PROGRAM,
        ...["host=127.0.0.1", `port=${port}`, "identity=sensor1", `key=${Buffer.from(TEXT_KEY).toString("hex")}`],
        ...[`count=${SAMPLES}`, "interval=50", "name=urn:mote:sim:"],
        ...more,
    ).flatMap((word) => (/^\w+=/.test(word) ? ["--setting", word] : [word]))

function missing(program: string): string | undefined {
    const found = spawnSync("sh", ["-c", `command -v ${program}`]).status === 0
    return found ? undefined : `${program} is not installed`
}

/** ms, in which what the program needs is compiled, too */
const COMPILED_AND_POSTED = 240000

/** @param folder where the device's command runs */
async function postTo(server: string[], port: number, options: string[] = [], folder = root): Promise<string> {
    const running = new Running(server)
    try {
        await untilBound(port)
        const device = new Running(sensor(port, ...options), folder)
        await device.expect(`posted sample ${SAMPLES}`, COMPILED_AND_POSTED)
        await device.expect("ran ", 10000)
        return device.output
    } finally {
        await running.end()
    }
}

describe("the unmodified sensor in the simulator", function () {
    this.timeout(300000)

    for (const library of ["openssl", "gnutls"])
        it(`posts to libcoap's server on ${library}`, async function () {
            const program = `coap-server-${library}`
            needs(this, missing(program))
            const port = await freePort()
            const server = [program, "-A", "127.0.0.1", "-p", `${port - 1}`, "-k", TEXT_KEY, "-h", "hint1", "-d", "10"]
            const output = await postTo(server, port)
            ok(output.includes("connected: handshake"), output)
            ok(!output.includes("refused"), output)
        })

    it("posts to the gateway, with the collector running before every allocation, in 32 KB", async () => {
        const port = await freePort()
        const key = `sensor1:${Buffer.from(TEXT_KEY).toString("hex")}`
        const gateway = mote("gateway", "--host", "127.0.0.1", "--port", `${port}`, "--psk", key)
        const output = await postTo(gateway, port, ["--gc-stress", "--heap", "32"])
        strictEqual([...output.matchAll(/posted sample/g)].length, SAMPLES)
    })

    it("posts the same with its hot functions as C, in fewer operations, as devs.config.json says unless the command line differs", async () => {
        const configured = temporaryFolder("translated")
        const config = { program: PROGRAM, board: "posix", target: "coaps://h/r", credentials: "environment" }
        writeFileSync(join(configured, "devs.config.json"), JSON.stringify({ ...config, translate: "hot" }))
        const port = await freePort()
        const key = `sensor1:${Buffer.from(TEXT_KEY).toString("hex")}`
        const gateway = mote("gateway", "--host", "127.0.0.1", "--port", `${port}`, "--psk", key)
        const operations: number[] = []
        for (const [options, folder] of [
            [["--translate", "hot"], root],
            [[], configured],
            [["--translate", "none"], configured],
        ] as [string[], string][]) {
            const output = await postTo(gateway, port, options, folder)
            strictEqual([...output.matchAll(/posted sample/g)].length, SAMPLES)
            operations.push(Number(/ran (\d+) operations/.exec(output)?.[1]))
        }
        const [inC, byConfiguration, interpreted] = operations
        ok(Math.max(inC, byConfiguration) < 0.9 * interpreted, operations.join())
    })

    it("says what is wrong with a key that the server does not have", async () => {
        const port = await freePort()
        const gateway = new Running(
            mote("gateway", "--host", "127.0.0.1", "--port", `${port}`, "--psk", `sensor1:${"ab".repeat(16)}`),
        )
        try {
            await untilBound(port)
            // In virtual time an attempt may be over before a busy gateway has answered at all: another one follows.
            const device = new Running(sensor(port, "--virtual-time"))
            await device.expect("No Finished came: check PSK identity and key; next attempt in", 60000)
            await device.end()
        } finally {
            await gateway.end()
        }
    })
})
