import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { buildNative, checkedDevice } from "../../../host/build/native.js"
import { machineModule } from "../../../host/build/wasm.js"
import { Device, type Outcome } from "../../../host/simulator/device.js"
import { temporaryFolder } from "../../../host/temporary.js"

/** The limits of the official machine. */
const OFFICIAL = { heapBytes: 64 * 1024, maxDepth: 100, guard: 131071 }

let folder: string | undefined

function scratch(name: string): string {
    folder ??= temporaryFolder("machine")
    return join(folder, name)
}

/** The result of a program that the Linux device has run to its end. */
export interface NativeRun {
    output: string
    /** counters, and what is reported about a panic */
    errors: string
}

/** @param device its executable */
export function runDevice(device: string, image: Uint8Array, ...options: string[]): NativeRun {
    const path = scratch("image.devs")
    writeFileSync(path, image)
    const { stdout, stderr, signal } = spawnSync(device, ["--virtual-time", ...options, path], {
        encoding: "utf8",
        timeout: 60000,
    })
    return { output: stdout, errors: stderr + (signal ?? "") }
}

/** What a program prints, `PANIC n` last after a panic. Sanitizers say nothing. */
export function printedBy(device: string, image: Uint8Array, ...options: string[]): string {
    const { output, errors } = runDevice(device, image, "--plain", ...options)
    if (errors !== "") throw new Error(`${output}\n${errors}`)
    return output
}

/** The same in the Linux build under ASan and UBSan. */
export function runNatively(image: Uint8Array, ...options: string[]): string {
    return printedBy(buildNative(checkedDevice), image, ...options)
}

/** The same program in WebAssembly, in the simulator's machine or another `module`. */
export async function simulate(
    image: Uint8Array,
    gcStress: boolean,
    { guard = OFFICIAL.guard, module }: { guard?: number; module?: WebAssembly.Module } = {},
): Promise<{ output: string; outcome: Outcome }> {
    const lines: string[] = []
    const device = new Device(module ?? (await machineModule()), image, {
        ...OFFICIAL,
        guard,
        gcStress,
        virtualTime: true,
        deviceId: "0",
        settings: {},
        storageFolder: scratch("storage"),
        print: (_level, line) => lines.push(line),
        log: () => undefined,
    })
    const outcome = await device.run()
    if (outcome.code !== undefined && outcome.code > 0) lines.push(`PANIC ${outcome.code}`)
    return { output: lines.map((line) => `${line}\n`).join(""), outcome }
}
