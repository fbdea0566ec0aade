import { appendFileSync } from "node:fs"
import { isIP } from "node:net"
import { parseArgs, type ParseArgsConfig } from "node:util"
import { connectionIds } from "../../src/dtls/handshake/connection-ids.js"
import { returnRoutability } from "../../src/dtls/handshake/return-routability.js"
import { gatewayLimits } from "../../src/dtls/handshake/limits.js"
import { type CipherSuite } from "../../src/dtls/handshake/cipher-suite.js"
import { allSuites } from "../../src/dtls/key-exchange/suites.js"
import { cellular, wifi } from "../../src/dtls/flight/retransmission.js"
import { type PskAnswer } from "../../src/dtls/handshake/question.js"
import { SinglePsk } from "../../src/gio/credentials.js"
import { DEFAULT_PATH_BUDGET, type DtlsSettings, newSettings } from "../../src/gio/settings.js"
import { parsePsk, PskStore, readPskFile, UsageError } from "../credentials.js"

export type Values = Record<string, string | boolean | string[] | undefined>

/** Options that every command with a connection has. */
const common: NonNullable<ParseArgsConfig["options"]> = {
    psk: { type: "string", multiple: true },
    "psk-file": { type: "string" },
    suite: { type: "string", multiple: true },
    profile: { type: "string" },
    mtu: { type: "string" },
    alpn: { type: "string" },
    cid: { type: "string" },
    "require-ems": { type: "boolean" },
    coalesce: { type: "boolean" },
    keylog: { type: "string" },
    trace: { type: "boolean" },
    json: { type: "boolean" },
    help: { type: "boolean", short: "h" },
}

export const commonHelp = `Options of every command
  --psk IDENTITY:HEXKEY   pre-shared key; on servers as often as there are clients
  --psk-file FILE         lines IDENTITY:HEXKEY, as gnutls-serv reads them
  --suite NAME            cipher suite, IANA name; again for more, preferred first
  --profile wifi|cellular first retransmission after 1 s or 9 s (RFC 7925)
  --mtu BYTES             largest datagram to send, 228 to 16384 (default ${DEFAULT_PATH_BUDGET})
  --alpn NAME,NAME        application protocols, preferred first
  --cid BYTES             connection ids (RFC 9146), 0 to 255 bytes of our own: sessions survive a client's new address;
                          a server needs 1 or more, 8 are plenty; a client takes 0 (default: no connection ids)
  --require-ems           refuse peers without extended master secret
  --coalesce              messages given together share datagrams (not every peer reads that)
  --keylog FILE           append an NSS key log: it opens the traffic to whoever reads it
  --trace                 one line per datagram on standard error
  --json                  one JSON object per line on standard output
  -h, --help              this text
Exit codes: 0 done, or stopped by Ctrl-C or SIGTERM; 1 failed; 2 wrong usage.`

/** Parses a command's arguments; what is unknown or lacks its value is a UsageError. */
export function parseOptions(
    args: string[],
    own: NonNullable<ParseArgsConfig["options"]>,
): { values: Values; positionals: string[] } {
    try {
        const { values, positionals } = parseArgs({ args, options: { ...common, ...own }, allowPositionals: true })
        return { values: values as Values, positionals }
    } catch (error) {
        throw new UsageError(`${(error as Error).message.split(/[.:]? ?\n|\. /)[0]}; see --help`)
    }
}

export function text(values: Values, name: string): string | undefined {
    const value = values[name]
    return typeof value === "string" ? value : undefined
}

export function flag(values: Values, name: string): boolean {
    return values[name] === true
}

/** A whole number in a range, or its default. */
export function whole(values: Values, name: string, fallback: number, minimum: number, maximum: number): number {
    const given = text(values, name)
    if (given === undefined) return fallback
    const value = /^\d{1,9}$/.test(given) ? Number(given) : NaN
    if (!(value >= minimum && value <= maximum))
        throw new UsageError(`--${name}: a whole number from ${minimum} to ${maximum}`)
    return value
}

/** Seconds, fractions allowed, as ms. */
export function seconds(values: Values, name: string, fallback: number): number {
    const given = text(values, name)
    if (given === undefined) return fallback
    const value = /^\d{0,7}(\.\d{1,3})?$/.test(given) ? Number(given) * 1000 : NaN
    if (!(value >= 10 && value <= 2147483000)) throw new UsageError(`--${name}: seconds, from 0.01 to 2147483`)
    return value
}

/** "HOST:PORT", "[IPV6]:PORT" or HOST alone. */
export function hostAndPort(given: string, defaultPort: number): { host: string; port: number } {
    const bare = isIP(given) === 6 ? `[${given}]` : given
    const match = /^(\[([^\]]+)\]|[^:[\]\s]+)(?::(\d{1,5}))?$/.exec(bare)
    const port = Number(match?.[3] ?? defaultPort)
    if (match === null || port < 1 || port > 65535)
        throw new UsageError(`the address is wrong: write HOST:PORT, for example 127.0.0.1:5684 or [::1]:5684`)
    return { host: match[2] ?? match[1], port }
}

function suitesOf(values: Values): CipherSuite[] {
    const names = values["suite"]
    if (!Array.isArray(names)) return allSuites()
    return names.map((name) => {
        const suite = allSuites().find((candidate) => candidate.name === name)
        if (suite !== undefined) return suite
        const known = allSuites().map((candidate) => candidate.name)
        throw new UsageError(`--suite: ${name} is not known; there are ${known.join(", ")}`)
    })
}

/** Keys of --psk and --psk-file. */
export function keysOf(values: Values): PskAnswer[] {
    const given = values["psk"]
    const keys = Array.isArray(given) ? given.map((entry) => parsePsk(entry, "--psk")) : []
    const file = text(values, "psk-file")
    return file === undefined ? keys : [...keys, ...readPskFile(file)]
}

/** ALPN names of --alpn. */
export function protocolsOf(values: Values): string[] | undefined {
    const names = text(values, "alpn")?.split(",")
    if (names?.some((name) => name.length === 0 || Buffer.byteLength(name) > 255) === true)
        throw new UsageError("--alpn: names of 1 to 255 bytes, separated by commas")
    return names
}

/**
 * The DTLS settings that the common options describe.
 * @param defaultKey used when no key is given; undefined: a key must be given
 */
export function settingsOf(values: Values, role: "client" | "server", defaultKey: PskAnswer | undefined): DtlsSettings {
    const keys = keysOf(values)
    if (keys.length === 0 && defaultKey !== undefined) keys.push(defaultKey)
    const first = keys[0]
    if (first === undefined) throw new UsageError("a key is needed: --psk IDENTITY:HEXKEY or --psk-file FILE")
    const profile = text(values, "profile") ?? "wifi"
    if (profile !== "wifi" && profile !== "cellular") throw new UsageError("--profile: wifi or cellular")
    const psk = role === "client" ? new SinglePsk(first.identity, first.key) : new PskStore(keys)
    const retransmission = profile === "wifi" ? wifi() : cellular()
    const settings = newSettings(suitesOf(values), psk, retransmission, gatewayLimits())
    settings.pathBudget = whole(values, "mtu", DEFAULT_PATH_BUDGET, 228, 16384)
    settings.requireExtendedMasterSecret = flag(values, "require-ems")
    settings.coalesce = flag(values, "coalesce")
    if (text(values, "cid") !== undefined)
        settings.extensions = [connectionIds(whole(values, "cid", 0, 0, 255)), returnRoutability()]
    const keylog = text(values, "keylog")
    if (keylog !== undefined) settings.keyLog = keyLogTo(keylog)
    return settings
}

function keyLogTo(path: string): (line: string) => void {
    try {
        appendFileSync(path, "", { mode: 0o600 })
    } catch (error) {
        throw new UsageError(`--keylog: cannot write ${path} (${(error as NodeJS.ErrnoException).code ?? "error"})`)
    }
    return (line) => appendFileSync(path, `${line}\n`)
}
