#!/usr/bin/env node
import { Command, CommanderError } from "commander"
import { errorText, printable, UsageError } from "mote-dtls/gateway"
import { GError } from "mote-dtls/gio"
import { loadGatewayConfig } from "./config.js"
import { type Log, newLog } from "./log.js"
import { checkConfig, GatewayService } from "./service.js"
import { SystemdNotifier } from "./systemd.js"
import { watchSources } from "./watch.js"
import { runWorker } from "./worker.js"
import { workerRole } from "./worker-role.js"
import { WorkersService } from "./workers.js"

const description =
    "Receives what sensors post over CoAPs and passes it on to standard output, files, MQTT brokers and webhooks. Its " +
    "configuration file (docs/gateway.md) is read again when it changes and on SIGHUP, while sessions continue. The log is " +
    "written to standard error as lines of JSON. Ctrl-C and SIGTERM shut it down in order, a second one ends it at once."

const exitCodes = "Exit codes: 0 stopped by Ctrl-C or SIGTERM; 1 failed; 2 wrong usage or configuration."

interface Options {
    config: string
    check?: true
}

function commandLine(): Command {
    return new Command("mote-gateway")
        .description(description)
        .option("-c, --config <FILE>", "configuration file", "gateway.json")
        .option("--check", "only check the configuration and the files that it names, and report what is wrong")
        .helpOption("-h, --help", "show this help")
        .addHelpText("after", `\nExample\n  mote-gateway --config /etc/mote/gateway.json\n\n${exitCodes}`)
        .allowExcessArguments(false)
        .exitOverride()
        .configureOutput({ outputError: () => undefined })
}

/** Sentences for people: nothing that runs yet would log. */
function tell(text: string): void {
    for (const line of text.split("\n")) process.stderr.write(`${printable(line)}\n`)
}

/** Runs until a signal ends it. Signals are heeded before anything is opened. */
async function run({ config }: Options): Promise<void> {
    const log = newLog()
    const systemd = new SystemdNotifier(log)
    const running: { service?: Service; unwatch?: () => Promise<void> } = {}
    let ended = false
    const end = (): void => {
        const { service, unwatch } = running
        if (ended || service === undefined) process.exit()
        ended = true
        systemd.stopping()
        Promise.all([unwatch?.(), service.stop()]).then(
            () => {
                log.info("stopped")
                process.exit()
            },
            (error: unknown) => {
                log.error(`it could not stop in order: ${errorText(error)}`)
                process.exit(1)
            },
        )
    }
    for (const signal of ["SIGINT", "SIGTERM"] as const)
        process.on(signal, () => {
            log.info(`${signal}: the gateway ends`)
            end()
        })
    process.on("SIGHUP", () => void running.service?.reload())
    const service = await startService(config, log, (error) => {
        log.error(`it can serve no more: ${errorText(error)}`)
        process.exitCode = 1
        end()
    })
    running.service = service
    // Each worker watches for itself.
    if (service instanceof GatewayService) running.unwatch = await watchSources(service)
    systemd.ready()
}

type Service = Pick<GatewayService, "stop"> & { reload: () => unknown }

async function startService(path: string, log: Log, failed: (error: Error) => void): Promise<Service> {
    const config = loadGatewayConfig(path)
    if (config.workers === 1) return await GatewayService.start(path, log, failed)
    for (const warning of checkConfig(path)) log.warn(warning)
    return await WorkersService.start(path, config, log, failed)
}

async function main(): Promise<void> {
    const program = commandLine().parse()
    const options = program.opts<Options>()
    const role = workerRole()
    if (role !== undefined) return await runWorker(options.config, newLog(), role)
    if (options.check !== true) return await run(options)
    for (const warning of checkConfig(options.config)) tell(`warning: ${warning}`)
    process.stdout.write(`${options.config} is in order\n`)
}

main().catch((error: unknown) => {
    if (error instanceof CommanderError) {
        if (error.exitCode !== 0) tell(`mote-gateway: ${error.message.replace(/^error: /, "")}; see --help`)
        process.exitCode = error.exitCode === 0 ? 0 : 2
        return
    }
    process.exitCode = error instanceof UsageError ? 2 : 1
    if (error instanceof UsageError || error instanceof GError) tell(`mote-gateway: ${errorText(error)}`)
    else tell(`mote-gateway: unexpected error, please report it\n${(error as Error).stack ?? ""}`)
})
