import { parseArgs, type ParseArgsConfig } from "node:util"
import { UsageError } from "../credentials.js"
import { DEFAULT_CONFIG, type DeviceConfig, loadConfig } from "../config/device-config.js"

export const configHelp = `  --config FILE           configuration (${DEFAULT_CONFIG} in this folder)
  --board NAME            instead of the configuration's: a file of boards/
  -h, --help              this text`

/** Options of the commands that work on a device's configuration. */
export function parseDeviceOptions(
    args: string[],
    own: NonNullable<ParseArgsConfig["options"]>,
): Record<string, string | boolean | undefined> {
    const options = { config: { type: "string" }, board: { type: "string" }, help: { type: "boolean", short: "h" } }
    try {
        const { values } = parseArgs({ args, options: { ...options, ...own } as ParseArgsConfig["options"] })
        return values
    } catch (error) {
        throw new UsageError(`${(error as Error).message.split(/[.:]? ?\n|\. /)[0]}; see --help`)
    }
}

export function configOf(values: Record<string, string | boolean | undefined>): DeviceConfig {
    return loadConfig((values["config"] as string | undefined) ?? DEFAULT_CONFIG, values["board"] as string | undefined)
}
