import { type Command } from "commander"
import { existsSync, readFileSync, statSync, watch } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { LogLevel } from "../../src/gio/log-level.js"
import { cachedDeviceImage, type DeviceImage } from "../build/device.js"
import { machineFor } from "../build/program-machine.js"
import { prepareMachine } from "../build/wasm.js"
import { DEFAULT_CONFIG, simulatedTranslateOf } from "../config/device-config.js"
import { ImageRefused } from "../simulator/machine.js"
import { UsageError } from "../credentials.js"
import { root } from "../folders.js"
import { inWords } from "../device-words.js"
import { DebugMap } from "../simulator/debug-map.js"
import { Device, type DeviceOptions, type Outcome } from "../simulator/device.js"
import { runStockSensor, type StockSettings } from "../simulator/stock.js"
import { type Translate, TRANSLATE_BUDGET } from "../translate/choice.js"
import { MOTE_PROFILE } from "../translate/profile.js"
import { exiting } from "./exit-code.js"
import { counterLines, panicLines } from "./outcome.js"
import { printLine, printNote, printRaw } from "./output.js"
import { choice, whole } from "./parsers.js"
import { onStop } from "./stopping.js"

const description = "Runs a DeviceScript program in the simulator: the firmware's machine, compiled to WebAssembly."

const examples = `
Examples
  mote sim src/main.ts --setting host=127.0.0.1 --setting identity=sensor1 --setting key=00112233445566778899aabbccddeeff --setting count=3
  mote sim blink.ts --virtual-time --gc-stress
  mote sim blink.ts --translate all`

const OFFICIAL = { heap: 64, depth: 100, guard: 131071 }
const levels: Record<string, string> = { "*": "warning: ", "!": "error: ", "?": "debug: " }

/** The options as typed. */
interface GivenOptions {
    setting?: Map<string, string>
    /** KB */
    heap: number
    depth: number
    count: number
    gcStress?: boolean
    virtualTime?: boolean
    plain?: boolean
    quiet?: boolean
    watch?: boolean
    stock?: boolean
    translate?: Translate["functions"]
    profile?: string
}

interface SimOptions {
    path: string
    heap: number
    depth: number
    guard: number
    count: number
    gcStress: boolean
    virtualTime: boolean
    plain: boolean
    quiet: boolean
    translate: Translate
    settings: Map<string, string>
}

/** Adds one --setting. */
export function addSetting(text: string, others: Map<string, string> | undefined): Map<string, string> {
    const at = text.indexOf("=")
    // The value may be a key, so the message does not repeat it.
    if (at < 1) throw new UsageError("--setting: NAME=VALUE")
    return new Map([...(others ?? []), [text.slice(0, at), text.slice(at + 1)]])
}

export function addSimCommand(program: Command): void {
    program
        .command("sim")
        .summary("run a DeviceScript program in the simulator")
        .description(description)
        .argument("[PROGRAM.ts|IMAGE.devs]", "the program, or an image")
        .option(
            "--setting <NAME=VALUE>",
            "a setting of the device; repeatable; {n} stands for the device's number",
            addSetting,
        )
        .option("--heap <KB>", "memory of the device, 8 to 65536", whole("--heap", 8, 65536), OFFICIAL.heap)
        .option("--depth <N>", "limit of nested calls", whole("--depth", 1, 65535), OFFICIAL.depth)
        .option("--gc-stress", "collect garbage before every allocation, to find lost references")
        .option("--virtual-time", "sleeping takes no time")
        .option("--watch", "run again whenever the program's folder changes")
        .option(
            "--count <N>",
            "run this many devices, each with its own memory, identity and port",
            whole("--count", 1, 1000),
            1,
        )
        .option(
            "--plain",
            "use the official machine's limits (64 KB, 100 calls, 131071 operations per turn), and print console lines " +
                "only, and PANIC N after a panic",
        )
        .addOption(
            choice(
                "--translate <FUNCTIONS>",
                `translate functions of the program to C, as for a board's firmware (default: "translate" in the ` +
                    `${DEFAULT_CONFIG} of this folder, if it names the program)`,
                ["none", "hot", "all"],
            ),
        )
        .option(
            "--profile <FILE>",
            "with --translate hot: file of mote profile (default: a profile of Mote's own functions)",
        )
        .option("--quiet", "print no counters at the end")
        .option(
            "--stock",
            "without PROGRAM: run the sensor in the official DeviceScript VM, with AES in script and the suite " +
                "TLS_PSK_WITH_AES_128_CCM_8; needs the settings host, identity, key and count",
        )
        .helpOption("-h, --help", "show this help")
        .addHelpText("after", examples)
        .action(exiting(simCommand))
}

/** Throws UsageError if the program cannot be run. */
function checked(program: string, given: GivenOptions): SimOptions {
    checkProgram(program)
    const path = resolve(program)
    const settings = given.setting ?? new Map<string, string>()
    if (path === join(root, "src", "sensor", "main.ts")) checkSensorSettings(settings)
    const plain = given.plain === true
    return {
        path,
        heap: given.heap,
        depth: given.depth,
        guard: plain ? OFFICIAL.guard : 0,
        count: given.count,
        gcStress: given.gcStress === true,
        virtualTime: given.virtualTime === true,
        plain,
        quiet: given.quiet === true || plain,
        translate: translateOf(given, path),
        settings,
    }
}

function translateOf({ translate, profile }: GivenOptions, program: string): Translate {
    if (profile !== undefined && translate !== "hot") throw new UsageError("--profile: only with --translate hot")
    if (translate === undefined) return simulatedTranslateOf(program)
    if (translate !== "hot") return { functions: translate }
    if (profile !== undefined && !existsSync(profile)) throw new UsageError(`there is no file ${profile}`)
    return { functions: "hot", budget: TRANSLATE_BUDGET, profile: profile ?? MOTE_PROFILE }
}

/**
 * The image of a program, compiled if necessary. The debug file of a .devs file is next to it. Throws UsageError if it
 * cannot be run.
 */
export function imageOf(program: string): DeviceImage {
    checkProgram(program)
    const path = resolve(program)
    if (path.endsWith(".devs")) {
        const places = [path.replace(/devs$/, "json"), join(dirname(path), "bytecode-dbg.json")]
        const debugPath = places.find((place) => existsSync(place)) ?? places[1]
        return { path, bytes: statSync(path).size, debugPath, home: root }
    }
    return cachedDeviceImage(path)
}

/** Throws UsageError if the program cannot be run. */
function checkProgram(path: string): void {
    // Not repeated if it looks like a setting in the wrong place, which may be a key.
    if (path.includes("=")) throw new UsageError("one program is needed; settings are given as --setting NAME=VALUE")
    if (!existsSync(path)) throw new UsageError(`there is no file ${path}`)
    if (!statSync(path).isFile()) throw new UsageError(`${path} is no file`)
    if (!/\.(ts|devs)$/.test(path)) throw new UsageError(`${path} is neither a program (.ts) nor an image (.devs)`)
}

/** Checks the settings that the sensor requires before it starts. */
function checkSensorSettings(settings: Map<string, string>): void {
    for (const name of ["host", "identity", "key"])
        if ((settings.get(name) ?? "") === "") throw new UsageError(`the sensor wants --setting ${name}=...`)
    for (const [name, value] of settings) checkSensorSetting(name, value.replaceAll("{n}", "1"))
}

/** Valid values of the sensor's settings; other settings may be for pins. */
const sensorSettings: Record<string, { form: RegExp; said: string }> = {
    host: { form: /./, said: "a name or an address" },
    identity: { form: /./, said: "a text" },
    name: { form: /^/, said: "a text" },
    path: { form: /./, said: "one part of a path" },
    key: { form: /^([0-9a-f]{2})+$/i, said: "pairs of hexadecimal digits, usually 16" },
    port: { form: /^([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])$/, said: "1 to 65535" },
    count: { form: /^\d{1,9}$/, said: "a whole number; 0 is for ever" },
    interval: { form: /^[1-9]\d{1,8}$/, said: "milliseconds, at least 10" },
    profile: { form: /^(wifi|cellular)$/, said: "wifi or cellular" },
}

/** Values are not repeated, because one of them may be a key in the wrong place. */
function checkSensorSetting(name: string, value: string): void {
    if (/^pin-\d+$/.test(name)) return
    const names = Object.keys(sensorSettings).join(", ")
    if (!Object.hasOwn(sensorSettings, name))
        throw new UsageError(`--setting: the sensor has no setting of that name; there are ${names}`)
    const { form, said } = sensorSettings[name]
    if (!form.test(value)) throw new UsageError(`--setting ${name}=...: ${said}`)
}

function deviceOptions(options: SimOptions, number: number, debug: DebugMap | undefined): DeviceOptions {
    const tag = options.count > 1 ? `${number}: ` : ""
    const fill = (value: string): string => value.replaceAll("{n}", String(number))
    const settings = Object.fromEntries([...options.settings].map(([name, value]) => [name, fill(value)]))
    return {
        heapBytes: options.heap * 1024,
        maxDepth: options.depth,
        guard: options.guard,
        gcStress: options.gcStress,
        virtualTime: options.virtualTime,
        deviceId: number.toString(16).padStart(16, "0"),
        settings,
        storageFolder: join(".mote", "sim", String(number)),
        print: (level, text) => {
            // Programs may compare this output, so it is exactly what the device's program printed.
            if (options.plain) printRaw(`${tag}${text}\n`)
            else printLine(tag + (levels[level] ?? "") + (debug?.withNames(text) ?? text))
        },
        log: (level, message) => printLine(`${tag}${LogLevel[level]}: ${inWords(message)}`),
    }
}

function report(options: SimOptions, number: number, outcome: Outcome, debug: DebugMap | undefined): void {
    const tag = options.count > 1 ? `${number}: ` : ""
    const lines: string[] = []
    const { code } = outcome
    if (!options.plain) lines.push(...panicLines(outcome, debug))
    else if (code !== undefined && code > 0) lines.push(`PANIC ${code}`)
    if (!options.quiet) lines.push(...counterLines(outcome))
    for (const line of lines) printLine(`${tag}${line}`)
}

async function runOnce(options: SimOptions, onStart: (devices: Device[]) => void): Promise<number> {
    if (options.translate.functions === "none") prepareMachine()
    const image = imageOf(options.path)
    const bytes = readFileSync(image.path)
    const debug = DebugMap.load(image.debugPath, image.home)
    const module = await machineFor(options.translate, image)
    const numbers = Array.from({ length: options.count }, (_, index) => index + 1)
    const devices = numbers.map((number) => new Device(module, bytes, deviceOptions(options, number, debug)))
    onStart(devices)
    const outcomes = await Promise.all(devices.map((device) => device.run()))
    outcomes.forEach((outcome, index) => report(options, index + 1, outcome, debug))
    return outcomes.some(({ code }) => code !== undefined && code > 0) ? 1 : 0
}

/** Excludes files written by builds and installations, which may be below the same folder. */
function isSource(name: string): boolean {
    return name.endsWith(".ts") && !name.split(/[\\/]/).some((part) => part.startsWith(".") || part === "node_modules")
}

/** Runs the program again whenever a source file below its folder changes; ends with the process. */
async function runAndWatch(options: SimOptions): Promise<number> {
    for (;;) {
        let running: Device[] = []
        const watcher = watch(dirname(options.path), { recursive: true })
        // An editor's save causes several events, so waits until they are over.
        const changed = new Promise<void>((resolve) => {
            let last: NodeJS.Timeout | undefined
            watcher.on("change", (_kind, name) => {
                if (!isSource(String(name))) return
                clearTimeout(last)
                last = setTimeout(resolve, 200)
            })
        })
        const done = runOnce(options, (devices) => (running = devices)).catch((error: Error) => {
            printNote(`mote: ${error.message}`)
            return 1
        })
        await changed
        for (const device of running) device.stop()
        await done
        watcher.close()
        printLine("--- changed: running again")
    }
}

/** Limit on a run of the official VM, ms. */
const STOCK_TIMEOUT = 600000

async function runStock(given: Map<string, string>): Promise<number> {
    checkSensorSettings(given)
    const settings: StockSettings = { host: "", port: "5684", interval: "1000", ...Object.fromEntries(given) }
    if (!given.has("count")) throw new UsageError("--stock: --setting count=... is needed")
    const print = (line: string): void => printLine(inWords(line))
    const { panic, ending } = await runStockSensor(settings, STOCK_TIMEOUT, print)
    if (panic > 0) for (const line of [`panic ${panic} of the official VM`, ...ending]) printLine(line)
    return panic > 0 ? 1 : 0
}

async function simCommand(program: string | undefined, given: GivenOptions): Promise<number> {
    if (given.stock === true) {
        if (program !== undefined) throw new UsageError("--stock runs the sensor itself: leave the program out")
        return await runStock(given.setting ?? new Map<string, string>())
    }
    if (program === undefined)
        throw new UsageError(
            "one program is needed: PROGRAM.ts or IMAGE.devs; mote start runs that of devs.config.json",
        )
    const options = checked(program, given)
    if (given.watch === true) return await runAndWatch(options)
    try {
        return await runOnce(options, (devices) => {
            onStop(() => devices.forEach((device) => device.stop()))
        })
    } catch (error) {
        for (const line of (error as Error).message.split("\n")) printNote(`mote: ${line}`)
        if (options.plain && error instanceof ImageRefused) printLine(`PANIC ${error.code}`)
        return 1
    }
}
