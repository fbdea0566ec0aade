import { UsageError } from "../credentials.js"
import { buildFiles } from "../config/firmware-build.js"
import { flashBoard, flashHere } from "../config/flash.js"
import { buildCommand } from "./build-command.js"
import { configHelp, configOf, parseDeviceOptions } from "./device-options.js"
import { printLine, printText } from "./output.js"

export const flashHelp = `mote flash [options]

Builds as mote build does, and puts program and settings onto the device, into the slot that can be spared: a program
that has lasted stays, and runs again when the new one does not last through its first starts. On posix and rv32-virt
the "flash" is a folder in build/BOARD; other boards are written by esptool, and their firmware by PlatformIO.

  --port DEVICE           serial port of the board, like /dev/ttyACM0
  --program-only          leave the firmware as it is
${configHelp}`

export async function flashCommand(args: string[]): Promise<number> {
    const values = parseDeviceOptions(args, { port: { type: "string" }, "program-only": { type: "boolean" } })
    if (values["help"] === true) {
        printText(flashHelp)
        return 0
    }
    const config = configOf(values)
    const serial = values["port"]
    const here = config.board.port !== "esp32c3"
    if (!here && typeof serial !== "string")
        throw new UsageError(`--port: the serial port of ${config.board.title} is needed`)
    const own = ["config", "board"].flatMap((name) =>
        values[name] === undefined ? [] : [`--${name}`, String(values[name])],
    )
    const built = await buildCommand(own)
    if (built !== 0) return built
    const files = buildFiles(config)
    const withFirmware = values["program-only"] !== true
    const slot = here ? flashHere(files) : flashBoard(config, files, String(serial), withFirmware)
    printLine(`flashed: slot ${slot} of ${config.board.title}`)
    if (config.translate && !here && !withFirmware)
        printLine("a program that the board's firmware was not built with is interpreted: leave --program-only out")
    return 0
}
