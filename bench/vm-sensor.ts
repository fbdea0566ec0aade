import { readFileSync } from "node:fs"
import { cachedDeviceImage } from "../host/build/device.js"
import { Gateway } from "../host/gateway/gateway.js"
import { PskStore } from "../host/credentials.js"
import { Device, type DeviceOptions, type Outcome } from "../host/simulator/device.js"
import { temporaryFolder } from "../host/temporary.js"
import { allSuites, TLS_PSK_WITH_AES_128_CCM_8 } from "../src/dtls/key-exchange/suites.js"
import { wifi } from "../src/dtls/flight/retransmission.js"
import { gatewayLimits } from "../src/dtls/handshake/limits.js"
import { newSettings } from "../src/gio/settings.js"
import { connect, type DtlsSocket } from "../src/index.js"
import { NodeServices } from "../src/platform/node/services.js"

export interface SensorMemory {
    /** bytes of the smallest arena in which the sensor connects, posts all its samples and ends */
    arenaPeak: number
    /** live bytes for each additional idle connection of a server */
    idleConnection: number
    /** in microseconds, over these runs */
    longestPause: number
}

const KEY = Buffer.from("00112233445566778899aabbccddeeff", "hex")
const IDENTITY = "bench"
const SAMPLES = 8
const KB = 1024

function options(heapBytes: number, settings: Record<string, string>): DeviceOptions {
    return {
        heapBytes,
        maxDepth: 100,
        guard: 0,
        gcStress: false,
        virtualTime: false,
        deviceId: "1",
        settings: { identity: IDENTITY, key: KEY.toString("hex"), ...settings },
        storageFolder: temporaryFolder("bench"),
        print: () => undefined,
        log: () => undefined,
    }
}

/** Runs a sensor that posts to a gateway in this process. */
async function runSensor(
    module: WebAssembly.Module,
    heapBytes: number,
): Promise<{ outcome: Outcome; samples: number }> {
    let samples = 0
    const psk = new PskStore([{ identity: Buffer.from(IDENTITY), key: KEY }])
    const settings = newSettings(allSuites(), psk, wifi(), gatewayLimits())
    const events = { connected: () => undefined, readings: () => void samples++, ended: () => undefined }
    const local = { host: "127.0.0.1", port: 0 }
    const gateway = await Gateway.start(new NodeServices(), settings, local, events, () => undefined)
    const port = String(gateway.localAddress().port)
    const image = readFileSync(cachedDeviceImage("src/sensor/main.ts").path)
    const given = { host: "127.0.0.1", port, count: String(SAMPLES), interval: "10", name: "urn:mote:bench:" }
    const outcome = await new Device(module, image, options(heapBytes, given)).run()
    await gateway.close()
    return { outcome, samples }
}

/** Runs that must all succeed: near the limit, success depends on what is allocated between two collections. */
const TRIES = 5

/** Bisection, with a resolution of 1 KB. */
async function smallestArena(module: WebAssembly.Module): Promise<number> {
    let fails = 8
    let runs = 64
    while (runs - fails > 1) {
        const middle = Math.floor((fails + runs) / 2)
        if (await succeeds(module, middle * KB)) runs = middle
        else fails = middle
    }
    return runs * KB
}

async function succeeds(module: WebAssembly.Module, heapBytes: number): Promise<boolean> {
    for (let i = 0; i < TRIES; i++) {
        const run = await runSensor(module, heapBytes).catch(() => undefined)
        if (run?.outcome.code !== 0 || run.samples !== SAMPLES) return false
    }
    return true
}

/** A server on the device, with more and more clients that have sent only one message. */
async function idleConnection(module: WebAssembly.Module): Promise<number> {
    let found: (port: number) => void = () => undefined
    const port = new Promise<number>((resolve) => (found = resolve))
    const image = readFileSync(cachedDeviceImage("test/device/server.ts").path)
    const device = new Device(module, image, {
        ...options(64 * KB, {}),
        print: (_level, line) => found(Number(/\d+$/.exec(line)?.[0])),
    })
    const running = device.run()
    const clients: DtlsSocket[] = []
    const alive: number[] = []
    for (let i = 0; i < 3; i++) {
        const suites = [TLS_PSK_WITH_AES_128_CCM_8()]
        const client = await connect("127.0.0.1", await port, { psk: { identity: IDENTITY, key: KEY }, suites })
        clients.push(client)
        await client.send("hold")
        // The memory of the handshake is released with the first data: give it time.
        await new Promise((resolve) => setTimeout(resolve, 300))
        alive.push(device.measure().liveBytes)
    }
    device.stop()
    await running
    for (const client of clients) await client.close()
    return Math.round((alive[2] - alive[0]) / 2)
}

export async function measureSensor(module: WebAssembly.Module): Promise<SensorMemory> {
    const arenaPeak = await smallestArena(module)
    const { outcome } = await runSensor(module, 64 * KB)
    return { arenaPeak, idleConnection: await idleConnection(module), longestPause: outcome.counters.longestPause }
}
