import { type Command } from "commander"
import { rmSync, writeFileSync } from "node:fs"
import { relative } from "node:path"
import { checkReachable, type DeviceConfig, type FlashEncryption } from "../config/device-config.js"
import { loadCredentials } from "../config/device-credentials.js"
import {
    buildFiles,
    buildFirmware,
    buildProgram,
    missingForFirmware,
    settingsText,
    writeConfiguration,
    writeTranslation,
    writeUpdateFile,
} from "../config/firmware-build.js"
import { UsageError } from "../credentials.js"
import { readSigningKey } from "../update/update-file.js"
import { addDeviceOptions, configOf, type DeviceOptions } from "./device-options.js"
import { exiting } from "./exit-code.js"
import { printLine } from "./output.js"

const description =
    "Builds what a device needs from devs.config.json into build/BOARD: the compiled program, also as a slot of " +
    "the flash; the settings of this one device including its secrets (mode 600); the C configuration; and for boards " +
    "that run on this computer (posix, rv32-virt) the firmware. PlatformIO builds the firmware of other boards: see mote " +
    `flash. The setting "translate" selects the functions of the program that are translated to C.`

const seen = (path: string): string => relative(process.cwd(), path)

/** Hexadecimal digits. */
const SHORTEST_STRONG_KEY = 32

function encryptionWarning(mode: FlashEncryption): string {
    const after =
        mode === "release"
            ? "and cannot be flashed again"
            : "and what is flashed later must be encrypted by esptool (docs/firmware.md)"
    return `warning: flashEncryption ${mode}: at its first start the board burns eFuses, which nothing undoes, ${after}`
}

export function addBuildCommand(program: Command): void {
    const command = program
        .command("build")
        .summary("build what a device needs from devs.config.json")
        .description(description)
        .option("--firmware <FILE>", "build only the firmware, to this path")
        .option("--update <FILE>", "also write an update for devices that have an older program (docs/update.md)")
        .option("--sign <KEY>", "with --update: file with the private key that signs it")
    addDeviceOptions(command).action(exiting(buildCommand))
}

interface BuildOptions extends DeviceOptions {
    firmware?: string
    update?: string
    sign?: string
}

async function buildCommand(options: BuildOptions): Promise<number> {
    const { update, sign } = options
    if ((update === undefined) !== (sign === undefined)) throw new UsageError("--update and --sign go together")
    const config = configOf(options)
    if (options.firmware === undefined) {
        const built = await buildAll(config)
        if (built === 0 && update !== undefined && sign !== undefined) buildUpdate(config, update, sign)
        return built
    }
    const files = buildFiles(config)
    if (config.translate.functions !== "none") buildProgram(config, files)
    printLine(`firmware: ${await buildFirmware(config, files, options.firmware)}`)
    return 0
}

function buildUpdate(config: DeviceConfig, path: string, sign: string): void {
    const version = writeUpdateFile(config, buildFiles(config), path, readSigningKey(sign, "--sign"))
    printLine(`update: ${path}, version ${version} for ${config.update?.target}`)
}

/** Builds everything that `mote flash` writes to the device. @returns exit code */
export async function buildAll(config: DeviceConfig): Promise<number> {
    const files = buildFiles(config)
    checkReachable(config)
    const credentials = loadCredentials(config)
    const bytes = buildProgram(config, files)
    printLine(`program: ${seen(files.slot)}, ${bytes} bytes, ${config.suites.join(", ")}`)
    if (config.lackingSuites.length > 0)
        printLine(`warning: suites: left out what ${config.board.title} lacks: ${config.lackingSuites.join(", ")}`)
    rmSync(files.settings, { force: true }) // an existing file would keep its permissions
    writeFileSync(files.settings, settingsText(config, credentials), { mode: 0o600 })
    printLine(`settings: ${seen(files.settings)} (holds this device's key: keep it to yourself)`)
    if (credentials.settings["key"].length < SHORTEST_STRONG_KEY)
        printLine("warning: the key is shorter than 16 bytes (32 hexadecimal digits): it can be guessed")
    writeConfiguration(config, files)
    if (config.flashEncryption !== undefined) printLine(encryptionWarning(config.flashEncryption))
    printLine(`configuration: ${seen(files.configuration)}`)
    const functions = writeTranslation(config, files)
    if (functions > 0) printLine(`as C: ${seen(files.translation)}, ${functions} functions`)
    if (config.board.port === "esp32c3") printLine("firmware: mote flash builds it by PlatformIO")
    else if (missingForFirmware(config.board) === undefined)
        printLine(`firmware: ${seen(await buildFirmware(config, files))}`)
    else printLine(`firmware: not built, ${missingForFirmware(config.board)}`)
    return 0
}
