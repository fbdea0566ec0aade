/* Profiles of this repository's own programs, recorded in the simulator, so only Node is needed. */
import { readFileSync } from "node:fs"
import type { DebugFile } from "../image/ir/debug.js"
import { readImage } from "../image/ir/read.js"
import { Device } from "../simulator/device.js"
import type { Native } from "../simulator/native-call.js"
import { temporaryFolder } from "../temporary.js"
import { addCounts, type Profile } from "../translate/profile.js"
import { cachedDeviceImage } from "./device.js"
import { machineModule } from "./wasm.js"

/** The natives of test/device/bench/natives.ts, whose measurements a profile does not need. */
const BENCH_NATIVES = [
    "_benchTurn",
    "_benchSeed",
    "_benchReport",
    "_benchAlive",
    "_benchReset",
    "_benchPeak",
    "_benchHeap",
]

/** What a program gets in place of the simulator's own. */
export interface RunOptions {
    settings: Record<string, string>
    natives?: Native[]
    random?: (length: number) => Uint8Array
}

/** Runs a program and adds what it did to a profile. Throws if it fails. */
export async function recordProgram(profile: Profile, program: string, options: RunOptions): Promise<void> {
    const { path, debugPath } = cachedDeviceImage(program)
    const image = readFileSync(path)
    const device = new Device(await machineModule("profiling"), image, {
        heapBytes: 256 * 1024,
        maxDepth: 100,
        guard: 0,
        gcStress: false,
        virtualTime: false,
        deviceId: "1",
        storageFolder: temporaryFolder("profile"),
        profiledFunctions: readImage(image).functions.length,
        print: () => undefined,
        log: () => undefined,
        ...options,
        natives: [...BENCH_NATIVES.map((name) => ({ name, numArgs: 0, run: () => 0 })), ...(options.natives ?? [])],
    })
    const { code, exception, profile: counts } = await device.run()
    if (code !== 0) throw new Error(`${program} ended with ${code} ${exception}`)
    addCounts(profile, JSON.parse(readFileSync(debugPath, "utf8")) as DebugFile, counts)
}
