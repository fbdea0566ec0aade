import { readFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import {
    type CertificateFiles,
    check,
    type ImportedPsk,
    JsonText,
    pathText,
    type Schema,
    UsageError,
    type Version,
    type Versions,
} from "mote-dtls/gateway"

export interface ListenConfig {
    /** numeric address; undefined: every address of this host */
    host?: string
    port: number
    /** descriptor of a socket that is open already, as systemd passes it */
    fd?: number
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

/** Certificates and raw public keys, of the gateway and of devices. Lists that are empty are left out. */
export type CertificatesConfig = Pick<CertificateFiles, "cert" | "key" | "ca" | "rpkPin">

/** Paths at and below which a device may read and write. */
export interface Rights {
    read: string[]
    write: string[]
}

export interface LimitsConfig {
    peers?: number
    resources?: number
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

/** What waits for a sink that is away. */
export interface QueueConfig {
    /** undefined: in memory */
    folder?: string
    maxBytes: number
}

export interface MqttConfig {
    url: string
    topic: string
    version: "3.1.1" | "5"
    qos: 0 | 1 | 2
    retain: boolean
    clientId?: string
    username?: string
    passwordFile?: string
    ca?: string
    cert?: string
    key?: string
    queue: QueueConfig
}

export interface WebhookConfig {
    url: string
    tokenFile?: string
    /** ms */
    timeout: number
    queue: QueueConfig
}

export interface SinksConfig {
    stdout: boolean
    files: FileSinkConfig[]
    mqtt: MqttConfig[]
    webhooks: WebhookConfig[]
}

/** Where sessions are while the gateway is stopped. */
export interface AssociationsConfig {
    file: string
    keyFile: string
}

/** Where sessions are shared with other gateways. */
export interface RedisConfig {
    url: string
    passwordFile?: string
    /** of keys and channels */
    prefix: string
    keyFile: string
}

/** How devices resume their sessions. */
export interface TicketsConfig {
    /** s */
    lifetime: number
    /** undefined: keys are drawn, or shared through Redis */
    keyFile?: string
}

export type LogLevelName = "debug" | "info" | "warn" | "error"

/** A configuration file with defaults for what it leaves out, and absolute paths. */
export interface GatewayConfig {
    listen: ListenConfig[]
    /** bytes; 0: no connection ids */
    connectionId: number
    /** how a new address of a device is checked */
    returnRoutability: "basic" | "enhanced"
    /** processes that serve the ports */
    workers: number
    /** of DTLS, which each device chooses from */
    versions: Versions
    /** ALPN names, preferred first; empty: none */
    alpn: string[]
    credentials: CredentialsConfig
    /** undefined: pre-shared keys are used as they are */
    importedPsk: ImportedPsk | undefined
    /** undefined: pre-shared keys only */
    certificates: CertificatesConfig | undefined
    rights: Rights
    shared: string[]
    /** files */
    update: string[]
    limits: LimitsConfig
    acknowledge: "received" | "stored"
    /** s */
    retryAfter: number
    sinks: SinksConfig
    /** TCP port of metrics and page on loopback; undefined: none */
    operations: { port: number } | undefined
    /** undefined: sessions end with the gateway */
    associations: AssociationsConfig | undefined
    /** undefined: this gateway is the only one */
    redis: RedisConfig | undefined
    /** undefined: none are given */
    tickets: TicketsConfig | undefined
    log: { level: LogLevelName }
}

type Raw = Partial<Omit<GatewayConfig, "credentials" | "rights" | "sinks" | "redis" | "tickets" | "versions">> & {
    minVersion?: Version
    maxVersion?: Version
    credentials?: Partial<CredentialsConfig>
    rights?: Partial<Rights>
    sinks?: RawSinks
    redis?: Omit<RedisConfig, "prefix"> & Partial<RedisConfig>
    tickets?: Partial<TicketsConfig>
}

type RawOf<T, Required extends keyof T> = Pick<T, Required> &
    Partial<Omit<T, "queue">> & { queue?: Partial<QueueConfig> }

interface RawSinks {
    stdout?: boolean
    files?: RawOf<FileSinkConfig, "path">[]
    mqtt?: RawOf<MqttConfig, "url" | "topic">[]
    webhooks?: RawOf<WebhookConfig, "url">[]
}

const COAPS_PORT = 5684

const here = dirname(fileURLToPath(import.meta.url))

/** This package's own folder; sources are in it, and what they are compiled to in dist. */
export const packageFolder = here.endsWith("dist") ? dirname(here) : here

function schema(): Schema {
    return JSON.parse(readFileSync(join(packageFolder, "gateway.schema.json"), "utf8")) as Schema
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
    checkCredentials(file, raw)
    checkShared(file, raw)
    checkWorkers(file, raw)
    checkVersions(file, raw)
    checkExtensions(file, raw)
    const config = withDefaults(raw, dirname(resolve(path)))
    const files = config.sinks.files.map((sink) => sink.path)
    const folders = [...config.sinks.mqtt, ...config.sinks.webhooks].flatMap(({ queue }) => queue.folder ?? [])
    for (const paths of [files, folders])
        if (new Set(paths).size < paths.length)
            throw new UsageError(`${file.place(["sinks"])}: sinks: each file and each queue has a path of its own`)
    return config
}

/** Whether pre-shared keys come from anywhere. */
export function hasSource({ file, directory, command, url }: Partial<CredentialsConfig>): boolean {
    return [file, directory, command, url].some((source) => source !== undefined)
}

function checkCredentials(file: JsonText, { credentials, certificates }: Raw): void {
    if (credentials === undefined && certificates === undefined)
        throw new UsageError(`${file.place([])}: credentials or certificates are missing: no device could connect`)
    if (credentials !== undefined && !hasSource(credentials))
        throw new UsageError(`${file.place(["credentials"])}: credentials: one of file, directory, command, url`)
    if (certificates === undefined) return
    const { cert, key, ca, rpkPin } = certificates
    const where = file.place(["certificates"])
    if (ca === undefined && rpkPin === undefined)
        throw new UsageError(`${where}: certificates: ca or rpkPin, by which devices are believed`)
    if (cert === undefined && key === undefined)
        throw new UsageError(`${where}: certificates: cert and key, or key alone for a raw public key`)
}

function checkShared(file: JsonText, { redis, associations, connectionId }: Raw): void {
    if (redis === undefined) return
    if (associations !== undefined)
        throw new UsageError(`${file.place(["redis"])}: redis: takes the place of associations, which is there, too`)
    if (connectionId !== undefined && connectionId < 6)
        throw new UsageError(
            `${file.place(["connectionId"])}: connectionId: 6 or more with redis: no two gateways may draw the same one`,
        )
}

/** Ids begin with a worker's number; what follows has to be one peer's. */
function checkWorkers(file: JsonText, { workers = 1, connectionId = 8, tickets, redis }: Raw): void {
    if (workers > 1 && tickets !== undefined && tickets.keyFile === undefined && redis === undefined)
        throw new UsageError(`${file.place(["tickets"])}: tickets: keyFile or redis with workers, which share the keys`)
    if (workers > 1 && connectionId > 0 && connectionId < 6)
        throw new UsageError(`${file.place(["connectionId"])}: connectionId: 0, or 6 and more with workers`)
}

function checkVersions(file: JsonText, { minVersion: oldest = "1.2", maxVersion: newest = "1.3" }: Raw): void {
    if (oldest > newest) throw new UsageError(`${file.place(["minVersion"])}: minVersion: no newer than maxVersion`)
}

/** In DTLS 1.2 a key would be used as it is (RFC 9258 §3). */
function checkExtensions(file: JsonText, { connectionId, returnRoutability, importedPsk, minVersion }: Raw): void {
    if (returnRoutability !== undefined && connectionId === 0)
        throw new UsageError(`${file.place(["returnRoutability"])}: returnRoutability: needs connection ids`)
    if (importedPsk !== undefined && minVersion !== "1.3")
        throw new UsageError(`${file.place(["importedPsk"])}: importedPsk: needs "minVersion": "1.3"`)
}

function withDefaults(raw: Raw, folder: string): GatewayConfig {
    const { credentials = {}, certificates, rights, sinks, log } = raw
    return {
        listen: raw.listen ?? [{ port: COAPS_PORT }],
        connectionId: raw.connectionId ?? 8,
        returnRoutability: raw.returnRoutability ?? "basic",
        workers: raw.workers ?? 1,
        versions: { oldest: raw.minVersion ?? "1.2", newest: raw.maxVersion ?? "1.3" },
        credentials: {
            lookupTimeout: 5000,
            lookupCache: 60,
            ...withPaths(credentials, folder, ["file", "directory"]),
        },
        importedPsk: raw.importedPsk,
        alpn: raw.alpn ?? [],
        certificates: certificates && withPathLists(certificates, folder),
        rights: { read: ["/"], write: ["/"], ...rights },
        shared: raw.shared ?? [],
        update: (raw.update ?? []).map((path) => resolve(folder, path)),
        limits: raw.limits ?? {},
        acknowledge: raw.acknowledge ?? "received",
        retryAfter: raw.retryAfter ?? 30,
        sinks: sinksOf(sinks, folder),
        operations: raw.operations,
        associations: raw.associations && withPaths(raw.associations, folder, ["file", "keyFile"]),
        redis: raw.redis && { prefix: "mote:", ...withPaths(raw.redis, folder, ["keyFile", "passwordFile"]) },
        tickets: raw.tickets && { lifetime: 86400, ...withPaths(raw.tickets, folder, ["keyFile"]) },
        log: { level: "info", ...log },
    }
}

/** The same with absolute paths in the settings named, as far as there are some. */
function withPaths<T extends object>(config: T, folder: string, names: (keyof T)[]): T {
    const entries = names.flatMap((name) => {
        const path = config[name]
        return typeof path === "string" ? [[name, resolve(folder, path)]] : []
    })
    return { ...config, ...(Object.fromEntries(entries) as Partial<T>) }
}

function withPathLists({ cert, key, ca, rpkPin }: CertificatesConfig, folder: string): CertificatesConfig {
    const [own, keys, authorities] = [cert, key, ca].map((paths) => paths?.map((path) => resolve(folder, path)))
    return { cert: own, key: keys, ca: authorities, rpkPin }
}

function sinksOf({ stdout = false, files = [], mqtt = [], webhooks = [] }: RawSinks = {}, folder: string): SinksConfig {
    const queueOf = (queue: Partial<QueueConfig> = {}): QueueConfig => ({
        maxBytes: 16777216,
        ...withPaths(queue, folder, ["folder"]),
    })
    return {
        stdout,
        files: files.map((file) => ({ maxBytes: 67108864, keep: 10, ...withPaths(file, folder, ["path"]) })),
        mqtt: mqtt.map(({ queue, ...rest }) => ({
            version: "3.1.1",
            qos: 1,
            retain: false,
            ...withPaths(rest, folder, ["passwordFile", "ca", "cert", "key"]),
            queue: queueOf(queue),
        })),
        webhooks: webhooks.map(({ queue, ...rest }) => ({
            timeout: 10000,
            ...withPaths(rest, folder, ["tokenFile"]),
            queue: queueOf(queue),
        })),
    }
}
