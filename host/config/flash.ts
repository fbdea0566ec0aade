import { spawnSync } from "node:child_process"
import {
    closeSync,
    copyFileSync,
    cpSync,
    existsSync,
    fsyncSync,
    mkdirSync,
    openSync,
    readFileSync,
    renameSync,
    rmSync,
    statSync,
    writeFileSync,
    writeSync,
} from "node:fs"
import { join } from "node:path"
import { type ProgramInSlot, readSlot, slotBytes, withNumber } from "../board/program-slot.js"
import { UsageError } from "../credentials.js"
import { root } from "../folders.js"
import { temporaryFolder } from "../temporary.js"
import { type DeviceConfig } from "./device-config.js"
import { type BuildFiles, platformioProject } from "./firmware-build.js"

/** How much would be lost with a slot: nothing whole, a program that has not lasted yet or never will, a good one. */
function worth(slot: ProgramInSlot | undefined): number {
    if (slot === undefined) return 0
    return slot.lasted ? 2 : 1
}

/** The slot to write. One with a program that has lasted stays, unless both have one: then the newer stays. */
export function slotToWrite(slots: Uint8Array[]): number {
    const [first, second] = slots.map(readSlot)
    if (worth(first) !== worth(second)) return worth(first) < worth(second) ? 0 : 1
    return (first?.number ?? 0) <= (second?.number ?? 0) ? 0 : 1
}

/** Newer than both, whatever the clock of this computer says. */
function nextNumber(slots: Uint8Array[]): number {
    const numbers = slots.map((slot) => (readSlot(slot)?.number ?? 0) + 1)
    return Math.min(Math.max(Math.floor(Date.now() / 1000), ...numbers), 0xffffffff)
}

/** Gives the built program its number. @returns the slot for it */
function prepare(files: BuildFiles, slots: Uint8Array[]): number {
    writeFileSync(files.slot, withNumber(readFileSync(files.slot), nextNumber(slots)))
    return slotToWrite(slots)
}

/** Folder with the slots of a board that runs on this computer. */
export function slotFolder(files: BuildFiles): string {
    return join(files.folder, "flash")
}

/** Whole or not at all, whatever interrupts it. */
function replaceFile(path: string, content: Uint8Array): void {
    const fresh = `${path}.new`
    const file = openSync(fresh, "w")
    writeSync(file, content)
    fsyncSync(file)
    closeSync(file)
    renameSync(fresh, path)
}

/** @returns the slot that was written */
export function flashHere(files: BuildFiles): number {
    const folder = slotFolder(files)
    mkdirSync(folder, { recursive: true })
    const paths = [0, 1].map((slot) => join(folder, `slot${slot}`))
    const slots = paths.map((path) => (existsSync(path) ? readFileSync(path) : new Uint8Array(0)))
    const slot = prepare(files, slots)
    replaceFile(paths[slot], readFileSync(files.slot))
    return slot
}

/** @param folder to run it in; undefined: the current one */
function run(command: string[], what: string, folder?: string): void {
    const [program, ...args] = command as [string, ...string[]]
    const { status, error } = spawnSync(program, args, { cwd: folder, stdio: "inherit" })
    if (error !== undefined)
        throw new UsageError(`${what}: ${program} is not installed (pip install platformio esptool)`)
    if (status !== 0) throw new UsageError(`${what} failed: the lines above say why`)
}

type Esptool = (...args: string[]) => string[]

const esptoolFor =
    (chip: string, serial: string): Esptool =>
    (...args) => ["esptool.py", "--chip", chip, "--port", serial, ...args]

/** Reads both slots, as far as their headers say: only a checksum tells whether a program is whole. */
function readSlots(esptool: Esptool, [first, second]: [number, number]): Uint8Array[] {
    const folder = temporaryFolder("flash")
    const file = join(folder, "slot")
    const read = (offset: number, bytes: number): Buffer => {
        run(esptool("read_flash", String(offset), String(bytes), file), "reading the board's programs")
        return readFileSync(file)
    }
    try {
        return [first, second].map((offset) => {
            const header = read(offset, 16)
            const bytes = slotBytes(header)
            return bytes === 0 || bytes > second - first ? header : read(offset, bytes)
        })
    } finally {
        rmSync(folder, { recursive: true })
    }
}

/**
 * PlatformIO builds the firmware in the folder of platformio.ini: what this configuration says goes there, and ESP-IDF's
 * generated settings go when the defaults are newer, because it would keep them. @returns that folder
 */
export function prepareFirmware(config: DeviceConfig, files: BuildFiles): string {
    const { board } = config
    const project = platformioProject(config)
    const place = join(project, "build", board.name)
    mkdirSync(place, { recursive: true })
    if (place !== files.folder) {
        copyFileSync(files.configuration, join(place, "mote_config.h"))
        copyFileSync(files.sdkconfig, join(place, "sdkconfig.configured"))
        rmSync(join(place, "translation"), { recursive: true, force: true })
        if (existsSync(files.translation)) cpSync(files.translation, join(place, "translation"), { recursive: true })
    }
    // Which C files there are is asked anew: they come and go with the setting `translate`.
    rmSync(join(project, ".pio", "build", board.environment, "CMakeCache.txt"), { force: true })
    const generated = join(project, `sdkconfig.${board.environment}`)
    const defaults = [
        join(root, "firmware", "port", board.port, "sdkconfig.defaults"),
        join(place, "sdkconfig.configured"),
    ]
    const newest = Math.max(...defaults.map((path) => statSync(path).mtimeMs))
    if (existsSync(generated) && statSync(generated).mtimeMs < newest) rmSync(generated)
    return project
}

function uploadFirmware(config: DeviceConfig, files: BuildFiles, serial: string): void {
    const project = prepareFirmware(config, files)
    const command = ["pio", "run", "-e", config.board.environment, "-t", "upload", "--upload-port", serial]
    run(command, "building and uploading the firmware", project)
}

/**
 * Programs a board over its serial port: settings and, into the slot that can be spared, the new program.
 * @param withFirmware the firmware, too, built by PlatformIO
 * @returns the slot that was written
 */
export function flashBoard(config: DeviceConfig, files: BuildFiles, serial: string, withFirmware: boolean): number {
    const { chip, partitions } = config.board
    if (chip === undefined || partitions === undefined)
        throw new UsageError(`${config.board.title} has no chip with partitions in boards/`)
    const esptool = esptoolFor(chip, serial)
    if (withFirmware) uploadFirmware(config, files, serial)
    const slot = prepare(files, readSlots(esptool, partitions.programs))
    const places = [String(partitions.programs[slot]), files.slot, String(partitions.settings), files.settings]
    run(esptool("write_flash", ...places), "writing program and settings")
    return slot
}
