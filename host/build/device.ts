import { spawnSync } from "node:child_process"
import { cpSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

/** The project's folder. */
export const root = fileURLToPath(new URL("../../", import.meta.url))

/** Where images are built; ignored by git. */
const workshop = join(root, ".cache", "device")

export interface DeviceImage {
    /** the image file */
    path: string
    bytes: number
    /** the compiler's debug file: function names, sizes, source map */
    debugPath: string
}

/** The official command line, run in the image's own folder: its output always goes to the current one. */
function devicescript(folder: string, args: string[]): { status: number; output: string } {
    const cli = join(root, "node_modules", "@devicescript", "cli", "devicescript")
    const run = spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: "utf8", maxBuffer: 1 << 26 })
    return { status: run.status ?? -1, output: run.stdout + run.stderr }
}

/** A folder with copies of the sources: the compiler finds its own packages only below the current folder. */
function prepareFolder(name: string): string {
    const folder = join(workshop, name)
    for (const part of [".devicescript", "src", "test"]) rmSync(join(folder, part), { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    for (const part of ["src", "test"]) cpSync(join(root, part), join(folder, part), { recursive: true })
    return folder
}

/**
 * Compiles a program with the official DeviceScript compiler. Throws with its messages when it does not compile.
 * @param entry path of the main file, relative to the project
 * @param name folder below .cache/device
 * @param flags further arguments, for example ["-F", "allFunctions"]
 */
export function buildDeviceImage(entry: string, name: string, flags: string[] = []): DeviceImage {
    const folder = prepareFolder(name)
    const { status, output } = devicescript(folder, ["build", "--ignore-missing-config", ...flags, entry])
    const path = join(folder, ".devicescript", "bin", "bytecode.devs")
    if (status !== 0) throw new Error(`${entry} does not compile for the device:\n${output}`)
    const debugPath = join(folder, ".devicescript", "bin", "bytecode-dbg.json")
    return { path, bytes: statSync(path).size, debugPath }
}

/** Compiles and runs a program in the official VM; it must end with ds.restart(). */
export function runInOfficialVm(entry: string, name: string): { status: number; output: string } {
    const folder = prepareFolder(name)
    const options = ["--ignore-missing-config", "--test", "--test-self-exit", "-T", String(VM_TIMEOUT)]
    return devicescript(folder, ["--no-colors", "run", ...options, entry])
}

/** Longest run in the official VM, ms. */
const VM_TIMEOUT = 120000

interface DebugFile {
    functions: { name: string; size: number; location: [number, number] }[]
    sources: { path: string; length: number }[]
}

/** Bytes of code per source file, function headers included; names and literals are shared, so they stand apart. */
export function sizeByFile(image: DeviceImage): Map<string, number> {
    const debug = JSON.parse(readFileSync(image.debugPath, "utf8")) as DebugFile
    const sizes = new Map<string, number>()
    for (const { name, size, location } of debug.functions) {
        const file = name === "prototype" ? "(methods put on their prototypes)" : sourceAt(debug, location[0])
        sizes.set(file, (sizes.get(file) ?? 0) + size)
    }
    const code = [...sizes.values()].reduce((sum, size) => sum + size, 0)
    sizes.set("(names, literals, headers)", image.bytes - code)
    return sizes
}

/** Positions count through all sources, one after the other. */
function sourceAt(debug: DebugFile, position: number): string {
    let start = 0
    for (const { path, length } of debug.sources) {
        if (position < start + length) return path
        start += length
    }
    return "?"
}
