import { spawnSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { basename, dirname, join, resolve } from "node:path"
import { root } from "../build/device.js"
import { UsageError } from "../credentials.js"
import { check, type Schema } from "./schema.js"

/** A board of boards/. */
export interface Board {
    name: string
    title: string
    /** folder of firmware/port */
    port: "posix" | "rv32-virt" | "esp32c3"
    /** KB of memory for the program, when the configuration does not say */
    arena: number
    /** a radio, so that a network must be named */
    radio: boolean
    /** environment of platformio.ini */
    environment: string
    /** offsets in flash: the two slots for programs, the settings */
    partitions?: { programs: [number, number]; settings: number }
}

export interface DeviceConfig {
    /** folder of the configuration file */
    folder: string
    program: string
    board: Board
    host: string
    port: number
    path: string
    name: string
    interval: number
    credentials: string
    wifi: { ssid: string; country: string } | undefined
    profile: string
    /** KB */
    arena: number
    suites: string[]
}

export const DEFAULT_CONFIG = "devs.config.json"
const DEFAULT_SUITES = ["TLS_PSK_WITH_AES_128_CCM_8"]

function schema(): Schema {
    return JSON.parse(readFileSync(join(root, "host", "config", "devs.config.schema.json"), "utf8")) as Schema
}

function readJson(path: string): unknown {
    if (!existsSync(path)) throw new UsageError(`${path} is not there; docs/configuration.md shows one`)
    try {
        return JSON.parse(readFileSync(path, "utf8"))
    } catch (error) {
        throw new UsageError(`${path} is no JSON: ${(error as Error).message}`)
    }
}

export function boardNames(): string[] {
    return readdirSync(join(root, "boards"))
        .filter((name) => name.endsWith(".json"))
        .map((name) => basename(name, ".json"))
        .sort()
}

export function loadBoard(name: string): Board {
    const names = boardNames()
    if (!names.includes(name)) throw new UsageError(`board: one of ${names.join(", ")}`)
    return { ...(JSON.parse(readFileSync(join(root, "boards", `${name}.json`), "utf8")) as Board), name }
}

interface RawConfig {
    program: string
    board: string
    target: string
    credentials: string
    name?: string
    interval?: number
    wifi?: { ssid: string; country?: string }
    profile?: string
    arena?: number
    suites?: string[]
}

function targetOf(text: string, file: string): { host: string; port: number; path: string } {
    const uri = URL.canParse(text) ? new URL(text) : undefined
    const path = decodeURIComponent(uri?.pathname.slice(1) ?? "")
    if (uri === undefined || path === "" || path.includes("/"))
        throw new UsageError(`${file}: target: coaps://HOST[:PORT]/PATH with one segment of path`)
    return { host: uri.hostname.replace(/^\[|\]$/g, ""), port: uri.port === "" ? 5684 : Number(uri.port), path }
}

/**
 * Reads devs.config.json.
 * @param boardName instead of the file's
 */
export function loadConfig(path: string, boardName?: string): DeviceConfig {
    const value = readJson(path)
    const flaws = check(value, schema(), "")
    if (flaws.length > 0) throw new UsageError(flaws.map((flaw) => `${path}: ${flaw.path}: ${flaw.wanted}`).join("\n"))
    const raw = value as RawConfig
    const board = loadBoard(boardName ?? raw.board)
    if (board.radio && raw.wifi === undefined)
        throw new UsageError(`${path}: wifi: is missing: ${board.title} has to know its network`)
    const folder = dirname(resolve(path))
    if (!existsSync(join(folder, raw.program))) throw new UsageError(`${path}: program: there is no such file`)
    return {
        folder,
        program: raw.program,
        board,
        ...targetOf(raw.target, path),
        name: raw.name ?? "",
        interval: raw.interval ?? 60000,
        credentials: raw.credentials,
        wifi: raw.wifi === undefined ? undefined : { country: "01", ...raw.wifi },
        profile: raw.profile ?? "wifi",
        arena: raw.arena ?? board.arena,
        suites: raw.suites ?? DEFAULT_SUITES,
    }
}

export interface DeviceCredentials {
    identity: string
    /** hexadecimal */
    key: string
    wifiPassword: string
}

const credentialsSchema: Schema = {
    type: "object",
    additionalProperties: false,
    required: ["identity", "key"],
    properties: {
        identity: { type: "string", minLength: 1, maxLength: 128, description: "PSK identity of this device" },
        key: {
            type: "string",
            pattern: "^([0-9a-fA-F]{2}){1,64}$",
            description: "the key, 2 to 128 hexadecimal digits",
        },
        wifiPassword: { type: "string", maxLength: 63, description: "password of the network" },
    },
}

const ENVIRONMENT = { identity: "MOTE_IDENTITY", key: "MOTE_KEY", wifiPassword: "MOTE_WIFI_PASSWORD" }

function fromEnvironment(): Record<string, string> {
    const found = Object.entries(ENVIRONMENT).map(([name, variable]) => [name, process.env[variable]])
    return Object.fromEntries(found.filter(([, value]) => value !== undefined)) as Record<string, string>
}

function isCommitted(folder: string, file: string): boolean {
    return spawnSync("git", ["ls-files", "--error-unmatch", file], { cwd: folder, stdio: "ignore" }).status === 0
}

/** What a device must keep to itself. Values never appear in messages. */
export function loadCredentials(config: DeviceConfig): DeviceCredentials {
    const source = config.credentials
    const environment = source === "environment"
    if (!environment && isCommitted(config.folder, source))
        throw new UsageError(`${source} is committed: git rm --cached ${source}, and make new keys`)
    const value = environment ? fromEnvironment() : readJson(join(config.folder, source))
    const name = (path: string): string =>
        environment ? (ENVIRONMENT[path as keyof typeof ENVIRONMENT] ?? path) : `${source}: ${path}`
    const flaws = check(value, credentialsSchema, "")
    if (flaws.length > 0) throw new UsageError(flaws.map((flaw) => `${name(flaw.path)}: ${flaw.wanted}`).join("\n"))
    const { identity, key, wifiPassword = "" } = value as Partial<DeviceCredentials> & { identity: string; key: string }
    return { identity, key, wifiPassword }
}
