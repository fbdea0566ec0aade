/*
 * npm run profile: records what Mote's functions do under load, for the setting `"translate": "hot"`: the workloads of
 * bench:rv32 in both versions, and the sensor with a gateway. All run in the simulator, so only Node is needed.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { Command } from "commander"
import { PskStore } from "../credentials.js"
import { Gateway } from "../gateway/gateway.js"
import { Device, type DeviceOptions } from "../simulator/device.js"
import { readImage } from "../image/ir/read.js"
import type { DebugFile } from "../image/ir/debug.js"
import { temporaryFolder } from "../temporary.js"
import { addCounts, MOTE_PROFILE, type Profile, profileText } from "../translate/profile.js"
import { allSuites } from "../../src/dtls/key-exchange/suites.js"
import { wifi } from "../../src/dtls/flight/retransmission.js"
import { gatewayLimits } from "../../src/dtls/handshake/limits.js"
import { newSettings } from "../../src/gio/settings.js"
import { NodeServices } from "../../src/platform/node/services.js"
import { cachedDeviceImage } from "./device.js"
import { machineModule } from "./wasm.js"

const IDENTITY = "profile"
const KEY = Buffer.from("00112233445566778899aabbccddeeff", "hex")
const SAMPLES = 50

/** The natives of test/device/bench/natives.ts, whose measurements are not used here. */
const BENCH_NATIVES = [
    "_benchTurn",
    "_benchSeed",
    "_benchReport",
    "_benchAlive",
    "_benchReset",
    "_benchPeak",
    "_benchHeap",
]

async function record(profile: Profile, program: string, settings: Record<string, string>): Promise<void> {
    const { path, debugPath } = cachedDeviceImage(program)
    const image = readFileSync(path)
    const options: DeviceOptions = {
        heapBytes: 256 * 1024,
        maxDepth: 100,
        guard: 0,
        gcStress: false,
        virtualTime: false,
        deviceId: "1",
        settings,
        storageFolder: temporaryFolder("profile"),
        profiledFunctions: readImage(image).functions.length,
        natives: BENCH_NATIVES.map((name) => ({ name, numArgs: 0, run: () => 0 })),
        print: () => undefined,
        log: () => undefined,
    }
    const {
        code,
        exception,
        profile: counts,
    } = await new Device(await machineModule("profiling"), image, options).run()
    if (code !== 0) throw new Error(`${program} ended with ${code} ${exception}`)
    addCounts(profile, JSON.parse(readFileSync(debugPath, "utf8")) as DebugFile, counts)
}

async function recordSensor(profile: Profile): Promise<void> {
    const psk = new PskStore([{ identity: Buffer.from(IDENTITY), key: KEY }])
    const settings = newSettings(allSuites(), psk, wifi(), gatewayLimits())
    const events = { connected: () => undefined, readings: () => undefined, ended: () => undefined }
    const local = { host: "127.0.0.1", port: 0 }
    const gateway = await Gateway.start(new NodeServices(), settings, local, events, (error) => {
        throw error
    })
    const port = String(gateway.localAddress().port)
    await record(profile, "src/sensor/main.ts", {
        ...{ host: "127.0.0.1", port, identity: IDENTITY, key: KEY.toString("hex") },
        ...{ count: String(SAMPLES), interval: "10", name: "urn:mote:profile:" },
    })
    await gateway.close()
}

new Command("npm run profile")
    .description(`records which functions of Mote run how often, into ${MOTE_PROFILE}`)
    .allowExcessArguments(false)
    .showHelpAfterError()
    .parse()

const profile: Profile = {}
await record(profile, "test/device/bench/handshakes.ts", {})
await record(profile, "test/device/bench/handshakes-v13.ts", {})
await recordSensor(profile)
writeFileSync(MOTE_PROFILE, profileText(profile))
const functions = Object.values(profile).reduce((sum, file) => sum + Object.keys(file.functions).length, 0)
console.log(`${functions} functions of ${Object.keys(profile).length} files`)
process.exit()
