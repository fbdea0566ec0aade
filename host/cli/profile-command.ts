import { type Command } from "commander"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { LogLevel } from "../../src/gio/log-level.js"
import { machineModule } from "../build/wasm.js"
import { UsageError } from "../credentials.js"
import { inWords } from "../device-words.js"
import type { DebugFile } from "../image/ir/debug.js"
import { readImage } from "../image/ir/read.js"
import { DebugMap } from "../simulator/debug-map.js"
import { Device, type Outcome } from "../simulator/device.js"
import { temporaryFolder } from "../temporary.js"
import { addCounts, type Profile, profileText, readProfile } from "../translate/profile.js"
import { exiting } from "./exit-code.js"
import { panicLines } from "./outcome.js"
import { printLine } from "./output.js"
import { whole } from "./parsers.js"
import { addSetting, imageOf } from "./sim-command.js"
import { onStop } from "./stopping.js"

const description =
    "Runs a program in the simulator, counts the calls and operations of each function and notes which of its statements run. " +
    `The setting "translate": "hot" of devs.config.json uses this to translate to C the functions that run most for their size, ` +
    "without the statements that never ran. " +
    "Ends with the program, or on Ctrl-C."

const examples = `
Examples
  mote profile src/main.ts --setting host=127.0.0.1 --setting identity=sensor1 --setting key=00112233445566778899aabbccddeeff --setting count=20
  mote profile src/main.ts --output profile.json --add    a second workload on top of the first`

interface ProfileOptions {
    setting?: Map<string, string>
    output: string
    add?: boolean
    /** KB */
    heap: number
    virtualTime?: boolean
}

export function addProfileCommand(program: Command): void {
    program
        .command("profile")
        .summary("find out which functions of a program to translate to C")
        .description(description)
        .argument("<PROGRAM.ts>", "the program")
        .option("--setting <NAME=VALUE>", "a setting of the device; repeatable", addSetting)
        .option("--output <FILE>", `file to write, for "translateProfile"`, "profile.json")
        .option("--add", "add to what the file has")
        .option("--heap <KB>", "memory of the device, 8 to 65536", whole("--heap", 8, 65536), 64)
        .option("--virtual-time", "sleeping takes no time")
        .helpOption("-h, --help", "show this help")
        .addHelpText("after", examples)
        .action(exiting(profileCommand))
}

/** Runs the program until it ends or is stopped. */
async function run(image: Buffer, options: ProfileOptions, debug: DebugMap | undefined): Promise<Outcome> {
    const device = new Device(await machineModule("profiling"), image, {
        heapBytes: options.heap * 1024,
        maxDepth: 100,
        guard: 0,
        gcStress: false,
        virtualTime: options.virtualTime === true,
        deviceId: "1",
        settings: Object.fromEntries(options.setting ?? []),
        storageFolder: temporaryFolder("profile"),
        profiledFunctions: readImage(image).functions.length,
        print: (_level, line) => printLine(debug?.withNames(line) ?? line),
        log: (level, message) => printLine(`${LogLevel[level]}: ${inWords(message)}`),
    })
    const forget = onStop(() => device.stop())
    const outcome = await device.run()
    forget()
    return outcome
}

async function profileCommand(program: string, options: ProfileOptions): Promise<number> {
    const { path, debugPath, home } = imageOf(program)
    if (!existsSync(debugPath)) throw new UsageError(`${path}: without its debug file the functions have no names`)
    const debug = DebugMap.load(debugPath, home)
    const before = options.add === true && existsSync(options.output)
    const profile: Profile = before ? readProfile(options.output) : {}
    const outcome = await run(readFileSync(path), options, debug)
    for (const line of panicLines(outcome, debug)) printLine(line)
    addCounts(profile, JSON.parse(readFileSync(debugPath, "utf8")) as DebugFile, outcome.profile)
    writeFileSync(options.output, profileText(profile))
    const functions = Object.values(profile).reduce((sum, file) => sum + Object.keys(file.functions).length, 0)
    printLine(`profile: ${options.output}, ${functions} functions`)
    return outcome.code !== undefined && outcome.code > 0 ? 1 : 0
}
