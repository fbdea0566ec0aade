import { spawnSync } from "node:child_process"
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { root } from "../build/device.js"
import { UsageError } from "../credentials.js"
import { type DeviceConfig } from "./device-config.js"
import { type BuildFiles } from "./firmware-build.js"

/** Number of the program in a slot; -1 when there is none. */
export function slotNumber(slot: Uint8Array): number {
    const bytes = Buffer.from(slot)
    return bytes.length >= 16 && bytes.toString("latin1", 0, 4) === "MSL1" ? bytes.readUInt32LE(12) : -1
}

/** The slot to write: the one with the older program, so that the newer stays to fall back on. */
export function olderSlot(slots: Uint8Array[]): number {
    return slotNumber(slots[0]) <= slotNumber(slots[1]) ? 0 : 1
}

/** Folder with the slots of a board that runs on this computer. */
export function slotFolder(files: BuildFiles): string {
    return join(files.folder, "flash")
}

/** @returns the slot that was written */
export function flashHere(files: BuildFiles): number {
    const folder = slotFolder(files)
    mkdirSync(folder, { recursive: true })
    const paths = [0, 1].map((slot) => join(folder, `slot${slot}`))
    const slot = olderSlot(paths.map((path) => (existsSync(path) ? readFileSync(path) : new Uint8Array(0))))
    copyFileSync(files.slot, paths[slot])
    return slot
}

function run(command: string[], what: string, more: Record<string, string> = {}): void {
    const [program, ...args] = command as [string, ...string[]]
    const { status, error } = spawnSync(program, args, {
        cwd: root,
        env: { ...process.env, ...more },
        stdio: "inherit",
    })
    if (error !== undefined)
        throw new UsageError(`${what}: ${program} is not installed (pip install platformio esptool)`)
    if (status !== 0) throw new UsageError(`${what} failed: the lines above say why`)
}

const esptool = (serial: string, ...args: string[]): string[] => [
    "esptool.py",
    "--chip",
    "esp32c3",
    "--port",
    serial,
    ...args,
]

function readSlotHeaders(serial: string, offsets: number[]): Uint8Array[] {
    const folder = mkdtempSync(join(tmpdir(), "mote-flash-"))
    try {
        return offsets.map((offset, index) => {
            const file = join(folder, String(index))
            run(esptool(serial, "read_flash", String(offset), "16", file), "reading the board's programs")
            return readFileSync(file)
        })
    } finally {
        rmSync(folder, { recursive: true })
    }
}

/** Which C files there are is asked anew: they come and go with the setting `translate`. */
function uploadFirmware(environment: string, files: BuildFiles, serial: string): void {
    rmSync(join(root, ".pio", "build", environment, "CMakeCache.txt"), { force: true })
    run(
        ["pio", "run", "-e", environment, "-t", "upload", "--upload-port", serial],
        "building and uploading the firmware",
        { MOTE_BUILD: files.folder },
    )
}

/**
 * Programs a board over its serial port: settings and, into the slot of the older program, the new one.
 * @param withFirmware the firmware, too, built by PlatformIO
 * @returns the slot that was written
 */
export function flashBoard(config: DeviceConfig, files: BuildFiles, serial: string, withFirmware: boolean): number {
    const { partitions, environment } = config.board
    if (partitions === undefined) throw new UsageError(`${config.board.title} has no partitions in boards/`)
    if (withFirmware) uploadFirmware(environment, files, serial)
    const slot = olderSlot(readSlotHeaders(serial, partitions.programs))
    const places = [String(partitions.programs[slot]), files.slot, String(partitions.settings), files.settings]
    run(esptool(serial, "write_flash", ...places), "writing program and settings")
    return slot
}
