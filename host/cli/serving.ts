import { isIP } from "node:net"
import { type DtlsSettings } from "../../src/gio/settings.js"
import { UsageError } from "../credentials.js"
import { parseOptions, protocolsOf, settingsOf, text, type Values, whole } from "./options.js"
import { printText } from "./output.js"
import { Reporter } from "./reporter.js"

/** Options of every command that listens. */
const own = {
    host: { type: "string" },
    port: { type: "string" },
    hint: { type: "string" },
} as const

export const hostHelp = `  --host ADDRESS          address to listen on, numeric; default: every address of this host, of both families, and those
                          that come later. 0.0.0.0: every IPv4 address. Answers leave from the address that was asked`

/** What a command that listens works with. */
export interface Serving {
    values: Values
    reporter: Reporter
    settings: DtlsSettings
    protocols: string[] | undefined
    local: { host: string | undefined; port: number }
}

/**
 * Reads the arguments of a command that listens and takes no address.
 * @param options what only this command has
 * @returns undefined when only help was wanted, and given
 */
export function readServing(
    args: string[],
    options: Parameters<typeof parseOptions>[1],
    help: string,
    defaultPort: number,
): Serving | undefined {
    const { values, positionals } = parseOptions(args, { ...own, ...options })
    if (values["help"] === true) {
        printText(help)
        return undefined
    }
    if (positionals.length > 0) throw new UsageError("this command takes options only (keys with --psk); see --help")
    const reporter = new Reporter(values)
    const settings = settingsOf(values, "server", undefined)
    const hint = text(values, "hint")
    if (hint !== undefined) settings.pskIdentityHint = Buffer.from(hint)
    settings.onDiagnostic = reporter.diagnostic
    const host = text(values, "host")
    if (host !== undefined && isIP(host) === 0) throw new UsageError("--host: a numeric address of this machine")
    const local = { host, port: whole(values, "port", defaultPort, 0, 65535) }
    return { values, reporter, settings, protocols: protocolsOf(values), local }
}
