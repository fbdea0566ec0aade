import { type Command } from "commander"
import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process"
import { createReadStream, existsSync } from "node:fs"
import { join, resolve } from "node:path"
import { createInterface } from "node:readline"
import { type Readable } from "node:stream"
import { emulatorCommand } from "../board/emulator.js"
import { programSources } from "../build/program-sources.js"
import { UsageError } from "../credentials.js"
import { type DeviceConfig } from "../config/device-config.js"
import { type BuildFiles, buildFiles } from "../config/firmware-build.js"
import { slotFolder } from "../config/flash.js"
import { inWords } from "../device-words.js"
import { DebugMap } from "../simulator/debug-map.js"
import { addDeviceOptions, configOf, type DeviceOptions } from "./device-options.js"
import { exiting } from "./exit-code.js"
import { printLine } from "./output.js"
import { whole } from "./parsers.js"
import { onStop } from "./stopping.js"

/** As on an ESP32-C3: firmware/port/esp32c3/sdkconfig.defaults. */
const WATCHDOG_MS = "20000"

const description =
    "Shows the device's log, with the positions of panics as lines of TypeScript. On posix and rv32-virt it starts what " +
    "mote flash wrote; for other boards it reads the serial port at 115200 baud."

interface MonitorOptions extends DeviceOptions {
    port?: string
    /** KB */
    heap?: number
}

export function addMonitorCommand(program: Command): void {
    const command = program
        .command("monitor")
        .summary("show the device's log, with positions as lines of TypeScript")
        .description(description)
        .option("--port <DEVICE>", "serial port of the board, such as /dev/ttyACM0")
        .option(
            "--heap <KB>",
            "posix: memory of the program, overrides the configuration; 4 to 65536",
            whole("--heap", 4, 65536),
        )
    addDeviceOptions(command).action(exiting(monitorCommand))
}

/** Translates `...; at 123 456` to one line for each position. */
export function positionsAsLines(line: string, debug: DebugMap | undefined): string[] {
    const found = /^(.*); at ((?:\d+ ?)+)$/.exec(line)
    if (found === null || debug === undefined) return [debug?.withNames(line) ?? line]
    const places = found[2]
        .trim()
        .split(" ")
        .flatMap((position) => debug.lines(Number(position)))
    return [debug.withNames(found[1]), ...places]
}

function deviceCommand(config: DeviceConfig, files: BuildFiles, heap: number | undefined): string[] {
    const folder = slotFolder(files)
    if (!existsSync(folder) || !existsSync(files.firmware))
        throw new UsageError(`nothing is flashed for ${config.board.title}: run mote flash first`)
    if (config.board.port === "posix") {
        const memory = heap === undefined ? [] : ["--heap", String(heap)]
        const storage = ["--storage", join(folder, "storage"), "--settings", files.settings]
        return [files.firmware, "--guard", "0", "--watchdog", WATCHDOG_MS, ...memory, ...storage, "--slots", folder]
    }
    return emulatorCommand({ firmware: files.firmware, slots: folder, settingsFile: files.settings })
}

/** Configures the serial line with stty, which every Linux and macOS has. */
function openSerial(port: string): Readable {
    if (!existsSync(port)) throw new UsageError(`--port: ${port} is not there; is the board connected?`)
    const flag = process.platform === "darwin" ? "-f" : "-F"
    const { status } = spawnSync("stty", [flag, port, "115200", "raw", "-echo"])
    if (status !== 0) throw new UsageError(`--port: ${port} cannot be set to 115200 baud; may you open it?`)
    return createReadStream(port)
}

async function show(input: Readable, debug: DebugMap | undefined): Promise<void> {
    for await (const line of createInterface({ input, crlfDelay: Infinity }))
        for (const shown of positionsAsLines(line, debug)) printLine(inWords(shown))
}

async function monitorCommand(options: MonitorOptions): Promise<number> {
    const config = configOf(options)
    const files = buildFiles(config)
    const debug = DebugMap.load(files.debug, programSources(resolve(config.folder, config.program)).home)
    if (config.board.port === "esp32c3") {
        if (options.port === undefined)
            throw new UsageError(`--port: the serial port of ${config.board.title} is needed`)
        await show(openSerial(options.port), debug)
        return 0
    }
    const [program, ...rest] = deviceCommand(config, files, options.heap) as [string, ...string[]]
    const child: ChildProcessByStdio<null, Readable, Readable> = spawn(program, rest, {
        stdio: ["ignore", "pipe", "pipe"],
    })
    const stop = (): void => void child.kill()
    onStop(stop)
    process.once("SIGHUP", stop)
    process.once("exit", stop)
    const ended = new Promise<number>((resolve, reject) => {
        child.on("error", reject)
        child.on("close", (code) => resolve(code ?? 0))
    })
    await Promise.all([show(child.stdout, debug), show(child.stderr, debug)])
    return await ended
}
