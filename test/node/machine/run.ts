import { spawnSync } from "node:child_process"
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { buildNative, checkedDevice } from "../../../host/build/native.js"
import { machineModule } from "../../../host/build/wasm.js"
import { Device, type Outcome } from "../../../host/simulator/device.js"

/** The limits of the official machine. */
const OFFICIAL = { heapBytes: 64 * 1024, maxDepth: 100, guard: 131071 }

let folder: string | undefined

/** What a program prints in the Linux build under ASan and UBSan, `PANIC n` last after a panic. */
export function runNatively(image: Uint8Array, ...options: string[]): string {
    folder ??= mkdtempSync(join(tmpdir(), "mote-machine-"))
    const path = join(folder, "image.devs")
    writeFileSync(path, image)
    const args = ["--virtual-time", "--plain", ...options, path]
    const run = spawnSync(buildNative(checkedDevice), args, { encoding: "utf8", timeout: 60000 })
    if (run.stderr !== "") throw new Error(`${run.stdout}\n${run.stderr}`)
    return run.stdout
}

/** The same program in WebAssembly. */
export async function simulate(image: Uint8Array, gcStress: boolean): Promise<{ output: string; outcome: Outcome }> {
    const lines: string[] = []
    const device = new Device(await machineModule(), image, {
        ...OFFICIAL,
        gcStress,
        virtualTime: true,
        deviceId: "0",
        settings: {},
        storageFolder: join(tmpdir(), "mote-machine-storage"),
        print: (_level, line) => lines.push(line),
        log: () => undefined,
    })
    const outcome = await device.run()
    if (outcome.code !== undefined && outcome.code > 0) lines.push(`PANIC ${outcome.code}`)
    return { output: lines.map((line) => `${line}\n`).join(""), outcome }
}
