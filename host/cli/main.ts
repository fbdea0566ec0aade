#!/usr/bin/env node
import { AlertDescription } from "../../src/dtls/wire/code-points.js"
import { FailureReason } from "../../src/dtls/handshake/failure.js"
import { GError, IOErrorEnum, isIoError } from "../../src/gio/errors.js"
import { printable } from "../../src/platform/node/printable.js"
import { UsageError } from "../credentials.js"
import { errorText, handshakeName } from "../describe.js"
import { sweepTemporaryFolders } from "../temporary.js"
import { buildCommand } from "./build-command.js"
import { clientCommand } from "./client-command.js"
import { flashCommand } from "./flash-command.js"
import { gatewayCommand } from "./gateway-command.js"
import { monitorCommand } from "./monitor-command.js"
import { sensorCommand } from "./sensor-command.js"
import { serverCommand } from "./server-command.js"
import { simCommand } from "./sim-command.js"
import { startCommand } from "./start-command.js"

const help = `mote: DTLS for microcontrollers, simulators and Node

  mote sensor coaps://HOST[:PORT]/PATH   measure and post samples to a CoAPs server
  mote gateway                           a CoAPs server that prints what sensors post
  mote client HOST:PORT                  as openssl s_client -dtls
  mote server                            as openssl s_server -dtls
  mote sim PROGRAM.ts                    a DeviceScript program in the simulator
  mote build                             what a device needs, out of devs.config.json
  mote flash                             build, and put it onto the device
  mote monitor                           the device's log, positions as lines of TypeScript
  mote start                             gateway and sensor together, a short run (npm start)

mote COMMAND --help tells more. Exit codes: 0 done, 1 failed, 2 wrong usage.`

const commands = new Map([
    ["sensor", sensorCommand],
    ["gateway", gatewayCommand],
    ["client", clientCommand],
    ["server", serverCommand],
    ["sim", simCommand],
    ["build", buildCommand],
    ["flash", flashCommand],
    ["monitor", monitorCommand],
    ["start", startCommand],
])

async function main(args: string[]): Promise<number> {
    // `mote help sim` is `mote sim --help`.
    const [name, ...rest] = args[0] === "help" && args.length === 2 ? [args[1], "--help"] : args
    if (name === undefined || name === "help" || name === "--help" || name === "-h") {
        process.stdout.write(`${help}\n`)
        return name === undefined ? 2 : 0
    }
    const command = commands.get(name)
    // What was typed is not repeated: it may be a key in the wrong place.
    if (command === undefined) throw new UsageError(`no such command; there are ${[...commands.keys()].join(", ")}`)
    return await command(rest)
}

/** Wrong arguments are told from what failed while running. */
function exitCodeOf(error: unknown): number {
    const usage = error instanceof UsageError || isIoError(error, IOErrorEnum.INVALID_ARGUMENT)
    if (process.argv.includes("--json")) printJsonError(error)
    if (usage || error instanceof GError) {
        process.stderr.write(`mote: ${printable(errorText(error))}\n`)
        return usage ? 2 : 1
    }
    // A defect of ours: the stack helps whoever reports it.
    process.stderr.write(`mote: unexpected error, please report it\n${error instanceof Error ? error.stack : ""}\n`)
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
    process.stdout.write(`${JSON.stringify({ event: "error", message: errorText(error), ...detail })}\n`)
}

// Whoever reads our output may stop: `mote sensor ... | head` is no defect.
for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "EPIPE") process.exit(0)
        throw error
    })

sweepTemporaryFolders()
main(process.argv.slice(2)).then(
    (code) => {
        process.exitCode = code
    },
    (error: unknown) => {
        process.exitCode = exitCodeOf(error)
    },
)
