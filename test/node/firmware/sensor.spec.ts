import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { type Configured } from "../../../host/build/configured.js"
import { SIZE_PROFILES } from "../../../host/build/size-profiles.js"
import { CoapCode, CoapType } from "../../../src/coap/code-points.js"
import { readCoapMessage, writeCoapMessage } from "../../../src/coap/message.js"
import { readSenmlCbor } from "../../../src/coap/senml.js"
import { buildNeeds, peerProgram } from "../../interop/peers/build.js"
import { freePort, mote, Running, sleep, untilBound } from "../../interop/process.js"
import { missingProgram, needs } from "../../support/needs.js"
import { RoughPath } from "../../support/rough-path.js"
import { board, type DeviceKind, linux, linuxWithoutRoute } from "./device-under-test.js"

/** libcoap's keys are text. */
const TEXT_KEY = "0123456789abcdef"
const HEX_KEY = Buffer.from(TEXT_KEY).toString("hex")
const SAMPLES = 3
const SENSOR = "src/sensor/main.ts"

function settings(kind: DeviceKind, port: number, more: Record<string, string> = {}): Record<string, string> {
    return {
        host: kind.host,
        port: String(port),
        identity: "sensor1",
        key: HEX_KEY,
        count: String(SAMPLES),
        interval: "50",
        name: "urn:mote:test:",
        ...more,
    }
}

/** Runs the sensor against a server until it has posted everything. @returns its output */
async function post(
    kind: DeviceKind,
    server: string[],
    port: number,
    more: Record<string, string> = {},
    wait = 30000,
): Promise<string> {
    const running = new Running(server)
    try {
        await untilBound(port)
        const device = new Running(await kind.command(SENSOR, settings(kind, port, more)))
        try {
            await device.expect(`posted sample ${SAMPLES}`, wait)
            return device.output
        } finally {
            await device.end()
        }
    } finally {
        await running.end()
    }
}

const gateway = (port: number): string[] =>
    mote("gateway", "--host", "127.0.0.1", "--port", `${port}`, "--psk", `sensor1:${HEX_KEY}`)

/** A sensor of DTLS 1.3 only, with connection ids. It is compiled for its size profile anyway. */
const { program: path, configured } = SIZE_PROFILES["psk13-cid-sensor"]
const SENSOR_V13 = { path, configured: configured as Configured }

/** A line of the peer's output. */
async function received(peer: Running, line: number): Promise<Buffer> {
    const until = performance.now() + 30000
    for (;;) {
        const [, hex] = [...peer.output.matchAll(/^received: (\w+)\n/gm)][line] ?? []
        if (hex !== undefined) return Buffer.from(hex, "hex")
        if (performance.now() > until || !peer.running) throw new Error(`no further message came:\n${peer.output}`)
        await sleep(10)
    }
}

/** Answers the requests that an independent peer has decrypted, repeated ones too. @returns the readings of each, without their values */
async function answerAll(peer: Running): Promise<string[][]> {
    const samples = new Map<number, string[]>()
    for (let line = 0; samples.size < SAMPLES; line++) {
        const data = await received(peer, line)
        const request = readCoapMessage(data, data.length)
        if (request === undefined) throw new Error(`no CoAP: ${data.toString("hex")}`)
        const { messageId, token, payload } = request
        samples.set(
            messageId,
            readSenmlCbor(payload)?.map(({ name, unit, value }) => `${name} ${typeof value} ${unit}`) ?? [],
        )
        const nothing = { options: [], payload: Buffer.alloc(0) }
        const answer = writeCoapMessage({ type: CoapType.ACK, code: CoapCode.CHANGED, messageId, token, ...nothing })
        peer.write(`${answer.toString("hex")}\n`)
    }
    return [...samples.values()]
}

for (const kind of [linux, board])
    describe(`the unmodified sensor on ${kind.name}`, function () {
        this.timeout(180000)

        before(async function () {
            needs(this, kind.missing())
            await kind.command(SENSOR, settings(kind, 1))
        })

        it("posts to the gateway", async () => {
            const port = await freePort()
            const output = await post(kind, gateway(port), port)
            ok(output.includes("connected: handshake"), output)
        })

        it("posts to the gateway over IPv6", async () => {
            const port = await freePort()
            const server = mote("gateway", "--host", "::1", "--port", `${port}`, "--psk", `sensor1:${HEX_KEY}`)
            const output = await post(kind, server, port, { host: kind.ipv6Host })
            ok(output.includes("connected: handshake"), output)
        })

        it("posts to the gateway over a path that loses, repeats and swaps datagrams", async () => {
            const port = await freePort()
            const path = await RoughPath.open(port, { loss: 0.15, reorder: 0.15, duplicate: 0.1, seed: 7 })
            try {
                const output = await post(kind, gateway(port), port, { port: String(path.port) }, 120000)
                ok(!output.includes("refused"), output)
                ok(path.mishaps > 0, "nothing happened to any datagram")
            } finally {
                path.close()
            }
        })

        for (const library of ["openssl", "gnutls"])
            it(`posts to libcoap's server on ${library}`, async function () {
                const program = `coap-server-${library}`
                needs(this, missingProgram(program))
                const port = await freePort()
                const options = ["-A", "127.0.0.1", "-p", `${port - 1}`, "-k", TEXT_KEY, "-h", "hint1", "-d", "10"]
                const output = await post(kind, [program, ...options], port)
                ok(!output.includes("refused"), output)
            })

        it("posts in DTLS 1.3 with connection ids to wolfSSL's server, which decrypts each reading", async function () {
            needs(
                this,
                buildNeeds.wolfssl.map(missingProgram).find((missing) => missing !== undefined),
            )
            const port = await freePort()
            const peer = new Running([
                ...[peerProgram("wolfssl"), "server", "--port", `${port}`, "--identity", "sensor1", "--key", HEX_KEY],
                ...["--suite", SENSOR_V13.configured.suites[0], "--mode", "psk_ke", "--cid", "6", "--hex", "1"],
            ])
            try {
                await untilBound(port)
                const device = new Running(await kind.command(SENSOR_V13, settings(kind, port)))
                try {
                    const readings = ["temperature number Cel", "humidity number %RH"]
                    const wanted = readings.map((reading) => `urn:mote:test:${reading}`)
                    deepStrictEqual(await answerAll(peer), Array(SAMPLES).fill(wanted))
                    await device.expect(`posted sample ${SAMPLES}`)
                } finally {
                    await device.end()
                }
            } finally {
                await peer.end()
            }
        })

        it("completes the handshake with openssl s_server", async function () {
            needs(this, missingProgram("openssl"))
            const port = await freePort()
            const server = new Running([
                ...["openssl", "s_server", "-dtls1_2", "-accept", `127.0.0.1:${port}`, "-nocert", "-psk", HEX_KEY],
                ...["-cipher", "PSK-AES128-CCM8:@SECLEVEL=0", "-listen", "-quiet"],
            ])
            try {
                await untilBound(port)
                const device = new Running(await kind.command(SENSOR, settings(kind, port)))
                await device.expect("connected: handshake", 30000)
                await device.end()
            } finally {
                await server.end()
            }
        })

        it("is a server, too: openssl s_client gets its line back", async function () {
            needs(this, missingProgram("openssl"))
            const port = await freePort()
            const listen = { listen: "anywhere", "listen-port": String(port), identity: "sensor1", key: HEX_KEY }
            const device = new Running(await kind.command("test/device/server.ts", listen, port))
            try {
                await device.expect("listening", 30000)
                const client = new Running([
                    ...["openssl", "s_client", "-dtls1_2", "-connect", `127.0.0.1:${port}`, "-psk", HEX_KEY],
                    ...["-psk_identity", "sensor1", "-cipher", "PSK-AES128-CCM8:@SECLEVEL=0", "-quiet"],
                ])
                client.write("hello device\n")
                await client.expect("hello device")
                await client.end()
            } finally {
                await device.end()
            }
        })

        it("names a setting that makes no sense, and ends", async () => {
            const device = new Running(await kind.command(SENSOR, settings(kind, 1, { interval: "soon" })))
            await device.expect("setting interval: a number of at least 10", 30000)
            await device.ended()
            strictEqual(device.exitCode, 0)
        })
    })

describe("mote-device", function () {
    this.timeout(180000)

    it("keeps its session when the network accepts neither a datagram of the handshake nor one of a request", async function () {
        needs(this, linux.missing())
        await linuxWithoutRoute.command(SENSOR, settings(linux, 1)) // compiled before time counts
        const port = await freePort()
        const server = new Running(gateway(port))
        try {
            await untilBound(port)
            const device = new Running(await linuxWithoutRoute.command(SENSOR, settings(linux, port)))
            await device.expect(`posted sample ${SAMPLES}`, 30000)
            await device.end()
            ok(!device.output.includes("next attempt"), device.output)
            strictEqual(device.output.match(/connected: handshake/g)?.length, 1, device.output)
            strictEqual(server.output.match(/ \/readings: /g)?.length, SAMPLES, server.output)
        } finally {
            await server.end()
        }
    })

    it("finds a gateway by name", async function () {
        needs(this, linux.missing())
        const port = await freePort()
        await post(linux, gateway(port), port, { host: "localhost" })
    })
})
