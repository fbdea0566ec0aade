import { readFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { check, JsonText, pathText, type Schema, UsageError } from "mote-dtls/gateway"

export interface ListenConfig {
    /** numeric address; undefined: every address of this host */
    host?: string
    port: number
}

export interface CredentialsConfig {
    file?: string
    directory?: string
    command?: string[]
    url?: string
    /** ms */
    lookupTimeout: number
    /** s */
    lookupCache: number
}

/** Paths at and below which a device may read and write. */
export interface Rights {
    read: string[]
    write: string[]
}

export interface LimitsConfig {
    peers?: number
    sessionsPerIdentity?: number
    halfOpenPeers?: number
    halfOpenPerHost?: number
    /** ms */
    idleTimeout?: number
}

export interface FileSinkConfig {
    path: string
    maxBytes: number
    keep: number
}

export interface SinksConfig {
    stdout: boolean
    files: FileSinkConfig[]
}

export type LogLevelName = "debug" | "info" | "warn" | "error"

/** A configuration file with defaults for what it leaves out, and absolute paths. */
export interface GatewayConfig {
    listen: ListenConfig[]
    /** bytes; 0: no connection ids */
    connectionId: number
    credentials: CredentialsConfig
    rights: Rights
    shared: string[]
    limits: LimitsConfig
    acknowledge: "received" | "stored"
    /** s */
    retryAfter: number
    sinks: SinksConfig
    log: { level: LogLevelName }
}

type Raw = Partial<Omit<GatewayConfig, "credentials" | "rights" | "sinks">> & {
    credentials: Partial<CredentialsConfig>
    rights?: Partial<Rights>
    sinks?: { stdout?: boolean; files?: (Partial<FileSinkConfig> & { path: string })[] }
}

const COAPS_PORT = 5684

/** Beside the sources as beside what they are compiled to. */
function schema(): Schema {
    const here = dirname(fileURLToPath(import.meta.url))
    const folder = here.endsWith("dist") ? dirname(here) : here
    return JSON.parse(readFileSync(join(folder, "gateway.schema.json"), "utf8")) as Schema
}

/** Throws UsageError with a line for each mistake: file, line, column, setting and what would be right. */
export function readChecked(path: string, wanted: Schema): JsonText {
    const file = JsonText.read(path, "docs/gateway.md")
    const flaws = check(file.value(), wanted)
    const lines = flaws.map((flaw) => `${file.place(flaw.path)}: ${pathText(flaw.path)}: ${flaw.wanted}`)
    if (lines.length > 0) throw new UsageError(lines.join("\n"))
    return file
}

/** Reads a configuration file. Throws UsageError as `readChecked` does. */
export function loadGatewayConfig(path: string): GatewayConfig {
    const file = readChecked(path, schema())
    const { $schema: _, ...raw } = file.value() as Raw & { $schema?: string }
    const { file: keys, directory, command, url } = raw.credentials
    if ([keys, directory, command, url].every((source) => source === undefined))
        throw new UsageError(`${file.place(["credentials"])}: credentials: one of file, directory, command, url`)
    return withDefaults(raw, dirname(resolve(path)))
}

function withDefaults(raw: Raw, folder: string): GatewayConfig {
    const { credentials, rights, sinks, log } = raw
    const absolute = (path: string | undefined): string | undefined => path && resolve(folder, path)
    return {
        listen: raw.listen ?? [{ port: COAPS_PORT }],
        connectionId: raw.connectionId ?? 8,
        credentials: {
            lookupTimeout: 5000,
            lookupCache: 60,
            ...credentials,
            file: absolute(credentials.file),
            directory: absolute(credentials.directory),
        },
        rights: { read: ["/"], write: ["/"], ...rights },
        shared: raw.shared ?? [],
        limits: raw.limits ?? {},
        acknowledge: raw.acknowledge ?? "received",
        retryAfter: raw.retryAfter ?? 30,
        sinks: {
            stdout: sinks?.stdout ?? false,
            files: (sinks?.files ?? []).map(({ path, ...rest }) => ({
                path: resolve(folder, path),
                maxBytes: 67108864,
                keep: 10,
                ...rest,
            })),
        },
        log: { level: "info", ...log },
    }
}
