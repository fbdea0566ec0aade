/*
 * node host/build/prepare-builds.ts --without-packages|--with-packages [THEME]: compiles what the tests of a theme
 * (default: of all themes) use, on all cores. First the simulator, mote's commands and the device programs, which need
 * no Debian package and can be compiled while packages are being installed; then the checked Linux device, the emulated
 * board, the independent peers and the package. Otherwise the first test would compile them within its time limit, and
 * tests running in parallel would compile them twice.
 */
import { fork, spawn } from "node:child_process"
import { once } from "node:events"
import { readdirSync, readFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { compiledHost } from "../../test/support/compiled-host.js"
import { packedPackage } from "../../test/support/packed.js"
import { buildNeeds, type BuiltPeer, peerProgram } from "../../test/interop/peers/build.js"
import { isInstalled } from "../../test/interop/process.js"
import { cachedDeviceImage, root } from "./device.js"
import { buildNative, checkedDevice, missingFor } from "./native.js"
import { buildBoard, missingForBoard } from "./rv32.js"
import { compiledMachine, MACHINE_KINDS } from "./wasm.js"

const SIMULATOR = "the simulator"
const COMMANDS = "the commands"
/** Both in one process, because the compiler, itself WebAssembly, is then compiled only once. */
const SIMULATORS = "the simulator, and the one that counts by function"
const LINUX_DEVICE = "the Linux device"
const BOARD = "the emulated board"
const PEERS = Object.keys(buildNeeds) as BuiltPeer[]
/** The package contains the simulator and the sensor. */
const PACKAGE = "the package"

/** Peers for devices. */
const DEVICE_PEERS: BuiltPeer[] = ["wolfssl", "leshan"]

/** What a theme's tests need besides programs. */
function buildsOf(theme: string | undefined): Record<"withoutPackages" | "withPackages", string[]> {
    const isFor = (...themes: string[]): boolean => theme === undefined || themes.includes(theme)
    const withPackages: string[] = isFor("cli") ? [PACKAGE] : []
    if (isFor("machine", "firmware") && missingFor(checkedDevice) === undefined) withPackages.push(LINUX_DEVICE)
    if (isFor("firmware", "cli") && missingForBoard() === undefined) withPackages.push(BOARD)
    const peers = PEERS.filter((peer) => isFor("cli", ...(DEVICE_PEERS.includes(peer) ? ["firmware"] : [])))
    withPackages.push(...peers.filter((peer) => buildNeeds[peer].every(isInstalled)))
    return { withoutPackages: [isFor("machine") ? SIMULATORS : SIMULATOR, COMMANDS], withPackages }
}

/** Programs that a theme's specs name; those whose names are composed are compiled when a test needs them. */
function programsOf(theme: string | undefined): string[] {
    const folder = join(root, "test", "node", theme ?? "")
    const specs = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"))
    const texts = specs.map((name) => readFileSync(join(folder, name), "utf8"))
    const named = texts.flatMap((text) => [
        ...text.matchAll(/"((?:test\/device|src\/sensor|examples\/device)\/[\w/-]+\.ts)"/g),
    ])
    return [...new Set(named.map(([, path]) => path))]
}

/** Builds one of them in a process of its own. */
function build(what: string): Promise<number> {
    const args = [...process.execArgv, fileURLToPath(import.meta.url), "--only", what]
    const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit" })
    return new Promise((resolve) => child.on("close", (code) => resolve(code ?? 1)))
}

/**
 * Compiles programs one after another in one process, because compiler and optimizer are several times as fast once
 * they are warm.
 */
async function compilePrograms(left: string[]): Promise<void> {
    // The compiler makes much garbage; with a larger young generation it is collected less often.
    const execArgv = [...process.execArgv, "--max-semi-space-size=64"]
    const child = fork(fileURLToPath(import.meta.url), ["--programs"], { cwd: root, stdio: "inherit", execArgv })
    for (let program = left.shift(); program !== undefined; program = left.shift()) {
        child.send(program)
        await once(child, "message")
    }
    child.disconnect()
}

/** Compiles programs requested by the process that forked this one, until it disconnects. */
function compileOnRequest(): void {
    process.on("message", (program) => {
        try {
            cachedDeviceImage(program as string)
        } catch {
            // A program that does not compile is reported by its own test.
        }
        process.send?.("ready")
    })
}

async function buildAll(left: string[], programs: string[] = []): Promise<void> {
    const worker = async (): Promise<void> => {
        for (let what = left.shift(); what !== undefined; what = left.shift())
            if ((await build(what)) !== 0 && [SIMULATOR, SIMULATORS].includes(what)) process.exitCode = 1
        if (programs.length > 0) await compilePrograms(programs)
    }
    await Promise.all(Array.from({ length: availableParallelism() }, worker))
}

const [what, of] = process.argv.slice(2)
if (what === "--without-packages") await buildAll(buildsOf(of).withoutPackages, programsOf(of))
else if (what === "--with-packages") await buildAll(buildsOf(of).withPackages)
else if (what === "--programs") compileOnRequest()
else if (of === SIMULATOR) await compiledMachine()
else if (of === SIMULATORS) for (const kind of MACHINE_KINDS) await compiledMachine(kind)
else if (of === COMMANDS) compiledHost()
else if (of === LINUX_DEVICE) buildNative(checkedDevice)
else if (of === BOARD) await buildBoard()
else if (of === PACKAGE) packedPackage()
else peerProgram(of as BuiltPeer)
