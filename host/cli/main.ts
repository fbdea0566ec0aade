#!/usr/bin/env node
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { AlertDescription } from "../../src/dtls/wire/code-points.js"
import { FailureReason } from "../../src/dtls/handshake/failure.js"
import { GError, IOErrorEnum, isIoError } from "../../src/gio/errors.js"
import { UsageError } from "../credentials.js"
import { errorText, handshakeName } from "../describe.js"
import { root } from "../folders.js"
import { sweepTemporaryFolders } from "../temporary.js"
import { buildCommand } from "./build-command.js"
import { clientCommand } from "./client-command.js"
import { flashCommand } from "./flash-command.js"
import { gatewayCommand } from "./gateway-command.js"
import { initCommand } from "./init-command.js"
import { monitorCommand } from "./monitor-command.js"
import { printJson, printNote, printText, stopWithReader } from "./output.js"
import { sensorCommand } from "./sensor-command.js"
import { serverCommand } from "./server-command.js"
import { simCommand } from "./sim-command.js"
import { startCommand } from "./start-command.js"
import { stopOnSignals, wasStopped } from "./stopping.js"

const help = `mote: DTLS for microcontrollers, simulators and Node

  mote init DIR                          a new folder with a sensor of one's own
  mote start                             the program of devs.config.json in the simulator, and a gateway
  mote sensor coaps://HOST[:PORT]/PATH   measure and post samples to a CoAPs server
  mote gateway                           a CoAPs server that prints what sensors post
  mote client HOST:PORT                  as openssl s_client -dtls
  mote server                            as openssl s_server -dtls
  mote sim PROGRAM.ts                    a DeviceScript program in the simulator
  mote build                             what a device needs, out of devs.config.json
  mote flash                             build, and put it onto the device
  mote monitor                           the device's log, positions as lines of TypeScript

mote COMMAND --help tells more; mote --version says which Mote this is. Exit codes: 0 done, or stopped by Ctrl-C or SIGTERM; 1 failed;
2 wrong usage. Ctrl-C in mote build and mote flash ends them undone.`

const commands = new Map<string, (args: string[]) => number | Promise<number>>([
    ["init", initCommand],
    ["start", startCommand],
    ["sensor", sensorCommand],
    ["gateway", gatewayCommand],
    ["client", clientCommand],
    ["server", serverCommand],
    ["sim", simCommand],
    ["build", buildCommand],
    ["flash", flashCommand],
    ["monitor", monitorCommand],
])

/** Ctrl-C leaves their work undone: the signal itself ends them, and no script takes that for success. */
const UNINTERRUPTED = ["build", "flash"]

function version(): string {
    return (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version
}

async function main(args: string[]): Promise<number> {
    // `mote help sim` is `mote sim --help`.
    const [name, ...rest] = args[0] === "help" && args.length === 2 ? [args[1], "--help"] : args
    if (name === undefined || name === "help" || name === "--help" || name === "-h") {
        printText(help)
        return name === undefined ? 2 : 0
    }
    if (name === "--version") {
        printText(version())
        return 0
    }
    const command = commands.get(name)
    // What was typed is not repeated: it may be a key in the wrong place.
    if (command === undefined) throw new UsageError(`no such command; there are ${[...commands.keys()].join(", ")}`)
    if (!UNINTERRUPTED.includes(name)) stopOnSignals()
    return await command(rest)
}

/** Wrong arguments are told from what failed while running. */
function exitCodeOf(error: unknown): number {
    const usage = error instanceof UsageError || isIoError(error, IOErrorEnum.INVALID_ARGUMENT)
    if (process.argv.includes("--json")) printJsonError(error)
    if (usage || error instanceof GError) {
        // Only a UsageError has several lines: one for each flaw of a configuration.
        const lines = error instanceof UsageError ? error.message.split("\n") : [errorText(error)]
        for (const [index, line] of lines.entries()) printNote(index === 0 ? `mote: ${line}` : line)
        return usage ? 2 : 1
    }
    // A defect of ours: the stack helps whoever reports it.
    printNote("mote: unexpected error, please report it")
    for (const line of (error instanceof Error ? (error.stack ?? "") : "").split("\n")) printNote(line)
    return 1
}

/** For programs, beside the sentence on standard error. */
function printJsonError(error: unknown): void {
    const failure = error instanceof GError ? error.failure : undefined
    const detail =
        failure === undefined
            ? {}
            : {
                  reason: FailureReason[failure.reason],
                  alert: failure.alert === AlertDescription.none ? null : AlertDescription[failure.alert],
                  expecting: failure.expecting < 0 ? null : handshakeName(failure.expecting),
              }
    printJson({ event: "error", message: errorText(error), ...detail })
}

sweepTemporaryFolders()
stopWithReader()
main(process.argv.slice(2)).then(
    (code) => {
        process.exitCode = wasStopped() ? 0 : code
    },
    (error: unknown) => {
        process.exitCode = exitCodeOf(error)
    },
)
