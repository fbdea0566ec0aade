import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { emulatorCommand, HOST_OF_BOARD, IPV6_HOST_OF_BOARD } from "../../../host/board/emulator.js"
import { type Configured } from "../../../host/build/configured.js"
import { cachedDeviceImage, type DeviceImage } from "../../../host/build/device.js"
import {
    buildNative,
    checkedDevice,
    failingLibrary,
    lostNetwork,
    missingFor,
    type NativeProgram,
    withTranslations,
} from "../../../host/build/native.js"
import type { DebugFile } from "../../../host/image/ir/debug.js"
import { hotFunctions, TRANSLATE_BUDGET } from "../../../host/translate/choice.js"
import { MOTE_PROFILE, readProfile } from "../../../host/translate/profile.js"
import { buildBoard, missingForBoard } from "../../../host/build/rv32.js"
import { machineModule } from "../../../host/build/wasm.js"
import { Device } from "../../../host/simulator/device.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { Running } from "../../interop/process.js"

/** The path of a program, or that and what its configuration decides (host/build/configured.ts). */
export type Program = string | { path: string; configured: Configured }

const imageOf = (program: Program): DeviceImage =>
    typeof program === "string" ? cachedDeviceImage(program) : cachedDeviceImage(program.path, program.configured)

/** One of the places where the firmware runs here. */
export interface DeviceKind {
    name: string
    /** the address of this computer as a device of this kind sees it */
    host: string
    ipv6Host: string
    missing(): string | undefined
    /**
     * The command that runs a program with settings.
     * @param port UDP port of this computer that leads to the same one of the device
     */
    command(program: Program, settings: Record<string, string>, port?: number): Promise<string[]>
}

const folder = temporaryFolder("firmware")

/** The command for a program on Linux, with its settings in a file, as users do it. */
function linuxCommand(device: NativeProgram, image: string, settings: Record<string, string>): string[] {
    const file = join(folder, `settings-${Math.random().toString(36).slice(2)}`)
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
    writeFileSync(file, lines.join(""))
    return [buildNative(device), ...["--guard", "0", "--settings", file, "--storage", `${file}.flash`, image]]
}

/** Linux with ASan and UBSan. */
export const linux: DeviceKind = {
    name: "Linux",
    host: "127.0.0.1",
    ipv6Host: "::1",
    missing: () => missingFor(checkedDevice),
    command: (program, settings) => Promise.resolve(linuxCommand(checkedDevice, imageOf(program).path, settings)),
}

/** The same with all functions of the program translated to C. */
export const translatedLinux: DeviceKind = {
    ...linux,
    name: "Linux, as C",
    command: (program, settings) => {
        const { path } = imageOf(program)
        return Promise.resolve(linuxCommand(withTranslations(checkedDevice, [readFileSync(path)]), path, settings))
    },
}

/** The same with the functions translated to C that an ESP32-C3 has by default. */
export const hotLinux: DeviceKind = {
    ...linux,
    name: "Linux, hot functions as C",
    command: (program, settings) => {
        const { path, debugPath } = imageOf(program)
        const debug = JSON.parse(readFileSync(debugPath, "utf8")) as DebugFile
        const choose = hotFunctions(debug, readProfile(MOTE_PROFILE), TRANSLATE_BUDGET * 1024)
        const device = withTranslations(checkedDevice, [readFileSync(path)], choose)
        return Promise.resolve(linuxCommand(device, path, settings))
    },
}

/** Linux with a preloaded library. */
const linuxBehind = (library: NativeProgram, name: string): DeviceKind => ({
    ...linux,
    name,
    command: async (program, settings) => [
        "env",
        `LD_PRELOAD=${buildNative(library)}`,
        "ASAN_OPTIONS=verify_asan_link_order=0", // it wants to be the first library
        ...(await linux.command(program, settings)),
    ],
})

/** Linux where parts of the crypto library have no memory (firmware/test/failing_library.c). */
export const linuxWithoutMemory = linuxBehind(failingLibrary, "Linux without memory for cryptography")

/** Linux whose network has no route for the first datagram and for a later one (firmware/test/lost_network.c). */
export const linuxWithoutRoute = linuxBehind(lostNetwork, "Linux without a route at times")

/** The emulated RV32IMC board. */
export const board: DeviceKind = {
    name: "the emulated board",
    host: HOST_OF_BOARD,
    ipv6Host: IPV6_HOST_OF_BOARD,
    missing: missingForBoard,
    command: async (program, settings, port) =>
        emulatorCommand({
            forward: port === undefined ? [] : [{ host: port, board: port }],
            firmware: (await buildBoard()).path,
            image: imageOf(program).path,
            settings: { ...settings, flash: join(folder, `flash-${Math.random().toString(36).slice(2)}`) },
        }),
}

/** Runs a program to its end. @returns what it printed */
export async function runOn(kind: DeviceKind, program: string, settings: Record<string, string>): Promise<string> {
    const running = new Running(await kind.command(program, settings))
    try {
        for (let i = 0; running.running && i < 3000; i++) await new Promise((resolve) => setTimeout(resolve, 100))
        if (running.running) throw new Error(`${program} did not end on ${kind.name}:\n${running.output.slice(-2000)}`)
    } finally {
        await running.end()
    }
    return running.output
}

/**
 * The console lines of a program in the simulator.
 * @param time virtual: waiting takes no time; real: for programs that talk to a server, which would not answer in virtual time
 */
export async function runInSimulator(
    program: string,
    settings: Record<string, string>,
    time: "virtual" | "real" = "virtual",
): Promise<string[]> {
    const lines: string[] = []
    const image = readFileSync(imageOf(program).path)
    const device = new Device(await machineModule(), image, {
        heapBytes: 64 * 1024,
        maxDepth: 100,
        guard: 0,
        gcStress: false,
        virtualTime: time === "virtual",
        deviceId: "1",
        settings,
        storageFolder: join(folder, "storage"),
        print: (_level, line) => lines.push(line),
        log: () => undefined,
    })
    await device.run()
    return lines
}
