import { type Command } from "commander"
import { UsageError } from "../credentials.js"
import { buildFiles } from "../config/firmware-build.js"
import { flashBoard, flashHere } from "../config/flash.js"
import { buildAll } from "./build-command.js"
import { addDeviceOptions, configOf, type DeviceOptions } from "./device-options.js"
import { exiting } from "./exit-code.js"
import { printLine } from "./output.js"

const description =
    "Builds like mote build, and writes program and settings to the device. The program goes into the slot that does not " +
    "hold the confirmed one, which runs again if the new program does not survive its first starts. On posix and " +
    `rv32-virt the "flash" is a folder in build/BOARD; for other boards esptool writes it, and PlatformIO the firmware.`

interface FlashOptions extends DeviceOptions {
    port?: string
    programOnly?: boolean
}

export function addFlashCommand(program: Command): void {
    const command = program
        .command("flash")
        .summary("build, and flash the device")
        .description(description)
        .option("--port <DEVICE>", "serial port of the board, such as /dev/ttyACM0")
        .option("--program-only", "do not write the firmware")
    addDeviceOptions(command).action(exiting(flashCommand))
}

async function flashCommand(options: FlashOptions): Promise<number> {
    const config = configOf(options)
    const serial = options.port
    const here = config.board.port !== "esp32c3"
    if (!here && serial === undefined)
        throw new UsageError(`--port: the serial port of ${config.board.title} is needed`)
    if (options.programOnly === true && config.natives === "program")
        throw new UsageError('--program-only: with "natives": "program" a program needs the firmware built for it')
    const built = await buildAll(config)
    if (built !== 0) return built
    const files = buildFiles(config)
    const withFirmware = options.programOnly !== true
    const slot = here ? flashHere(files) : flashBoard(config, files, String(serial), withFirmware)
    printLine(`flashed: slot ${slot} of ${config.board.title}; mote monitor shows its log`)
    if (config.translate.functions !== "none" && !here && !withFirmware)
        printLine("a program that the board's firmware was not built with is interpreted: leave --program-only out")
    return 0
}
