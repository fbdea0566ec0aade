import { type Command } from "commander"
import { DEFAULT_CONFIG, type DeviceConfig, loadConfig } from "../config/device-config.js"

/** Options of commands that use a device's configuration. */
export interface DeviceOptions {
    config: string
    board?: string
}

export function addDeviceOptions(command: Command): Command {
    return command
        .option("--config <FILE>", "configuration file", DEFAULT_CONFIG)
        .option("--board <NAME>", "a file of boards/; overrides the configuration")
        .helpOption("-h, --help", "show this help")
}

export function configOf({ config, board }: DeviceOptions): DeviceConfig {
    return loadConfig(config, board)
}
