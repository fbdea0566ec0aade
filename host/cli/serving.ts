import { type Command } from "commander"
import { type DtlsSettings } from "../../src/gio/settings.js"
import { HandshakeWatch } from "../../src/platform/node/connect/handshake-watch.js"
import { type ConnectionOptions, protocolsOf, settingsOf } from "./options.js"
import { localHost, whole } from "./parsers.js"
import { Reporter } from "./reporter.js"

/** Options of every command that listens. */
export interface ServingOptions extends ConnectionOptions {
    host?: string
    port: number
    hint?: string
    raw?: boolean
}

export function addServingOptions(command: Command, defaultPort: number): Command {
    return command
        .option(
            "--host <ADDRESS>",
            "numeric address to listen on (default: all IPv4 and IPv6 addresses of this host, including later ones; " +
                "0.0.0.0: all IPv4 addresses). Answers leave from the address that the client used",
            localHost,
        )
        .option("--port <PORT>", "UDP port (0: the system chooses)", whole("--port", 0, 65535), defaultPort)
        .option("--hint <TEXT>", "PSK identity hint for clients")
}

/** The objects that a listening command works with. */
export interface Serving {
    reporter: Reporter
    settings: DtlsSettings
    /** reports which clients the server refuses, and why */
    watch: HandshakeWatch
    protocols: string[] | undefined
    local: { host: string | undefined; port: number }
}

export function servingOf(options: ServingOptions): Serving {
    const reporter = new Reporter(options)
    const settings = settingsOf(options, "server")
    if (options.hint !== undefined) settings.pskIdentityHint = Buffer.from(options.hint)
    reporter.warnOfKeys(options)
    const watch = new HandshakeWatch(reporter.refusal)
    settings.credentials = watch.watched(settings.credentials)
    settings.onDiagnostic = watch.diagnostic
    const local = { host: options.host, port: options.port }
    return { reporter, settings, watch, protocols: protocolsOf(options), local }
}
