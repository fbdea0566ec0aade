import { deepStrictEqual } from "node:assert/strict"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { cachedDeviceImage } from "../../../host/build/device.js"
import { buildNative, device as linuxDevice, missingFor } from "../../../host/build/native.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { connect, type DtlsSocket } from "../../../src/index.js"
import { freePort, Running } from "../../interop/process.js"
import { needs } from "../../support/needs.js"
import { simulatedDevice } from "../../support/simulated-device.js"

const PROGRAM = "test/device/server.ts"
const PSK = { identity: "sensor1", key: Buffer.from("c8a1f03b5e92d7446f1b80a95de3721c", "hex") }

/** Starts a device that runs the server in an arena of `arenaKb`. @returns what ends it */
type Start = (settings: Record<string, string>, arenaKb: number) => Promise<() => Promise<unknown>>

const inSimulator: Start = async (settings, arenaKb) => {
    let listening: () => void = () => undefined
    const ready = new Promise<void>((resolve) => (listening = resolve))
    const device = await simulatedDevice(PROGRAM, settings, { heapBytes: arenaKb * 1024, print: () => listening() })
    const running = device.run()
    await ready
    return () => (device.stop(), running)
}

const onLinux: Start = async (settings, arenaKb) => {
    const file = join(temporaryFolder("exporter"), "settings")
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
    writeFileSync(file, lines.join(""), { mode: 0o600 })
    const options = ["--guard", "0", "--heap", String(arenaKb), "--settings", file]
    const running = new Running([buildNative(linuxDevice), ...options, cachedDeviceImage(PROGRAM).path])
    await running.expect("listening")
    return () => running.end()
}

/** The last 32 bytes of what Node exports, or its error. */
function ours({ dtls }: DtlsSocket, length: number, context: number): string {
    try {
        const material = dtls.exportKeyingMaterial("EXPORTER-test", Buffer.alloc(context), length)
        return material.subarray(-32).toString("hex")
    } catch (error) {
        return (error as Error).message
    }
}

/** What Node and the device export for each length and context. */
async function exported(start: Start, asked: [number, number][], arenaKb: number): Promise<[string[], string[]]> {
    const port = await freePort()
    const { identity, key } = PSK
    const end = await start({ identity, key: key.toString("hex"), "listen-port": String(port) }, arenaKb)
    const socket = await connect("127.0.0.1", port, { psk: PSK })
    const theirs: string[] = []
    for (const numbers of asked) {
        await socket.send(`export ${numbers.join(" ")}`)
        theirs.push(String(await socket.receive()))
    }
    const expected = asked.map(([length, context]) => ours(socket, length, context))
    await socket.close()
    await end()
    return [theirs, expected]
}

const places: [string, Start, () => string | undefined][] = [
    ["in the simulator", inSimulator, () => undefined],
    ["on Linux", onLinux, () => missingFor(linuxDevice)],
]

describe("[H27] the exporter on a device", function () {
    this.timeout(120000)

    for (const [place, start, missing] of places) {
        it(`gives 1 to 8160 bytes ${place}, the same as in Node, in an arena of 56 KB; other lengths are refused by name`, async function () {
            needs(this, missing())
            const lengths = [1, 32, 33, 8160, 0, 8161]
            const [theirs, expected] = await exported(
                start,
                lengths.map((length) => [length, 1000]),
                56,
            )
            deepStrictEqual(theirs, expected)
            deepStrictEqual(theirs.slice(4), Array(2).fill("length: a whole number of 1 to 8160 bytes"))
        })

        it(`takes a context of up to 32768 bytes ${place}; a larger one is refused by name`, async function () {
            needs(this, missing())
            const [theirs, expected] = await exported(
                start,
                [0, 32768, 32769].map((context) => [32, context]),
                256,
            )
            deepStrictEqual(theirs, expected)
            deepStrictEqual(theirs[2], "context: a Buffer of at most 32768 bytes, or none")
        })
    }
})
