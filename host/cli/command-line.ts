import addCompletion from "@bomb.sh/tab/commander"
import { Command, CommanderError } from "commander"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { AlertDescription } from "../../src/dtls/wire/code-points.js"
import { FailureReason } from "../../src/dtls/handshake/failure.js"
import { GError, IOErrorEnum, isIoError } from "../../src/gio/errors.js"
import { UsageError } from "../credentials.js"
import { errorText, handshakeName } from "../describe.js"
import { root } from "../folders.js"
import { sweepTemporaryFolders } from "../temporary.js"
import { addBuildCommand } from "./build-command.js"
import { addClientCommand } from "./client-command.js"
import { addCoapCommands } from "./coap-commands.js"
import { addFlashCommand } from "./flash-command.js"
import { addGatewayCommand } from "./gateway-command.js"
import { addInitCommand } from "./init-command.js"
import { addMonitorCommand } from "./monitor-command.js"
import { addKeygenCommand } from "./keygen-command.js"
import { EXIT_CODES } from "./options.js"
import { printJson, printNote, stopWithReader } from "./output.js"
import { addProfileCommand } from "./profile-command.js"
import { addSensorCommand } from "./sensor-command.js"
import { addServerCommand } from "./server-command.js"
import { addSimCommand } from "./sim-command.js"
import { addStartCommand } from "./start-command.js"
import { addSwarmCommand } from "./swarm-command.js"
import { addUpdateCommand } from "./update-command.js"
import { stopOnSignals, wasStopped } from "./stopping.js"

/** Ctrl-C ends these commands by the signal itself, so that scripts do not take their unfinished work for success. */
const UNINTERRUPTED = ["build", "flash"]

function version(): string {
    return (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version
}

/** The whole command line. Each command's file adds it to the program. */
function commandLine(): Command {
    const program = new Command("mote")
        .description("mote: DTLS for microcontrollers, simulators and Node")
        .version(version(), "--version", "print the version")
        .helpOption("-h, --help", "show this help; mote COMMAND --help shows more")
        .addHelpText("after", `\n${EXIT_CODES}\nCtrl-C in mote build and mote flash aborts them.`)
        .exitOverride()
        .configureOutput({ outputError: () => undefined })
        .hook("preAction", (_program, command) => {
            if (!UNINTERRUPTED.includes(command.name())) stopOnSignals()
        })
    addInitCommand(program)
    addStartCommand(program)
    addSensorCommand(program)
    addGatewayCommand(program)
    addSwarmCommand(program)
    addCoapCommands(program)
    addUpdateCommand(program)
    addClientCommand(program)
    addServerCommand(program)
    addKeygenCommand(program)
    addSimCommand(program)
    addProfileCommand(program)
    addBuildCommand(program)
    addFlashCommand(program)
    addMonitorCommand(program)
    addCompletion(program, { completionCommandName: "completion" })
    return program
}

/** The message for a wrong command line. It does not repeat what was typed, which may be a key in the wrong place. */
function usageSentence({ code, message }: CommanderError, program: Command): string {
    const names = program.commands.map((command) => command.name()).filter((name) => name !== "complete")
    const meant = /\(Did you mean (.*)\)/.exec(message)?.[1]
    const perhaps = meant === undefined ? "" : ` (did you mean ${meant})`
    if (code === "commander.unknownCommand") return `no such command${perhaps}; there are ${names.join(", ")}`
    if (code === "commander.unknownOption") {
        const option = /^error: unknown option '(--[a-z-]+)/.exec(message)?.[1] ?? "an option"
        return `${option} is not known${perhaps}; see --help`
    }
    const crowded = /too many arguments for '([a-z-]+)'/.exec(message)?.[1]
    if (crowded !== undefined) return tooManyArguments(program, crowded)
    const sentence = message
        .replace(/^error: /, "")
        .replace(/^command-argument value '.*' is invalid for argument '(.*)'/s, "argument '$1' is invalid")
        .replace(/value '.*' is invalid/s, "is invalid")
    return `${sentence.replace(/\.$/, "")}; see --help`
}

/** Says how many arguments are allowed, and where to put a body that was meant to be one. */
function tooManyArguments(program: Command, name: string): string {
    const command = program.commands.find((candidate) => candidate.name() === name)
    const wanted = command?.registeredArguments.map((argument) => `<${argument.name()}>`) ?? []
    const takesBody = command?.options.some((option) => option.long === "--payload") === true
    const right = wanted.length === 0 ? "no argument" : wanted.join(" and ") + " and options"
    return `mote ${name} takes ${right}${takesBody ? ": a body goes into --payload" : ""}; see --help`
}

/** @returns the exit code if the command-line library ended the program: help, version or a wrong command line */
function endedByLibrary(error: CommanderError, program: Command): number {
    if (error.exitCode === 0) return 0
    if (error.code === "commander.help") return 2
    const message = usageSentence(error, program)
    if (process.argv.includes("--json")) printJson({ event: "error", message })
    printNote(`mote: ${message}`)
    return 2
}

/** Distinguishes wrong arguments from failures at run time. */
function exitCodeOf(error: unknown): number {
    const usage = error instanceof UsageError || isIoError(error, IOErrorEnum.INVALID_ARGUMENT)
    if (process.argv.includes("--json")) printJsonError(error)
    if (usage || error instanceof GError) {
        // Only a UsageError has several lines, one for each error in a configuration.
        const lines = error instanceof UsageError ? error.message.split("\n") : [errorText(error)]
        for (const [index, line] of lines.entries()) printNote(index === 0 ? `mote: ${line}` : line)
        return usage ? 2 : 1
    }
    // A defect in Mote: the stack helps with the report.
    printNote("mote: unexpected error, please report it")
    for (const line of (error instanceof Error ? (error.stack ?? "") : "").split("\n")) printNote(line)
    return 1
}

/** The error for programs, in addition to the sentence on standard error. */
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
const program = commandLine()
program.parseAsync().then(
    () => {
        if (wasStopped()) process.exitCode = 0
    },
    (error: unknown) => {
        process.exitCode = error instanceof CommanderError ? endedByLibrary(error, program) : exitCodeOf(error)
    },
)
