import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { basename, dirname, join, resolve } from "node:path"
import { parseCoapsUri } from "../../src/coap/uri.js"
import { GError } from "../../src/gio/errors.js"
import { type Version, type Versions } from "../../src/platform/node/connect/versions.js"
import { type ImportedKey, type PskKeyExchange, type ReturnRoutabilityForm } from "../build/configured.js"
import { groupOf, type SuiteGroup } from "../build/device-suites.js"
import { UsageError } from "../credentials.js"
import { root } from "../folders.js"
import { type Translate, TRANSLATE_BUDGET } from "../translate/choice.js"
import { readUpdateKey } from "../update/update-file.js"
import { MOTE_PROFILE } from "../translate/profile.js"
import { type Algorithm, lacks, suitesOfBoard } from "./board-suites.js"
import { JsonText } from "./json-text.js"
import { type CertificatesConfig, certificatesOf, type DeviceCertificates, type Refuse } from "./device-certificates.js"
import { check, type Path, pathText, type Schema } from "./schema.js"

/** A board of boards/. */
export interface Board {
    name: string
    title: string
    /** folder of firmware/port */
    port: "posix" | "rv32-virt" | "esp32c3"
    /** what esptool calls the chip, of a board that it programs */
    chip?: "esp32c3" | "esp32c6" | "esp32s3"
    /** KB of memory for the program, when the configuration does not say */
    arena: number
    /** KB that it may be at most */
    most: number
    /** a radio, so that a network must be named */
    radio: boolean
    /** what the configuration's `translate` is when it does not say: "hot" where the flash has room */
    translate: false | "hot"
    /** environment of platformio.ini */
    environment: string
    /** offsets in flash: the two slots for programs, the settings */
    partitions?: { programs: [number, number]; settings: number }
    /** what its crypto library does not have; undefined: it has all */
    lacks?: Algorithm[]
}

/** Which programs a device takes over the air. */
export interface UpdateConfig {
    /** SubjectPublicKeyInfo, DER, of the key pair that signs them */
    key: Buffer
    /** PRODUCT/BOARD */
    target: string
    /** ms between two looks */
    interval: number
}

export type FlashEncryption = "development" | "release"

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
    /** undefined: there is nothing besides `certificates` */
    credentials: string | undefined
    /** in place of a pre-shared key */
    certificates: DeviceCertificates | undefined
    wifi: { ssid: string; country: string } | undefined
    profile: string
    /** KB */
    arena: number
    /** those that the board's crypto library has */
    suites: string[]
    /** others that the file names */
    lackingSuites: string[]
    versions: Versions
    /** bytes of the device's own connection id (RFC 9146); undefined: none is offered */
    connectionId: number | undefined
    /** of RFC 9853, beside connectionId; undefined: basic */
    returnRoutability: ReturnRoutabilityForm | undefined
    /** how DTLS 1.3 uses the pre-shared key; undefined: psk_ke */
    pskKeyExchange: PskKeyExchange | undefined
    /** how the pre-shared key is imported (RFC 9258); undefined: it is used as it is */
    importedPsk: ImportedKey | undefined
    /** undefined: none are taken over the air */
    update: UpdateConfig | undefined
    translate: Translate
    /** the same in the simulator: what the file says itself, a board's own choice being one of its flash */
    simulatedTranslate: Translate
    /** those of the firmware */
    natives: Natives
    /** mode of ESP-IDF's flash encryption, which burns eFuses; undefined: the key lies in clear */
    flashEncryption: FlashEncryption | undefined
}

/** Of a firmware: all of them, or those that its program names. */
export type Natives = "all" | "program"

export const DEFAULT_CONFIG = "devs.config.json"
/** Of DTLS 1.2, by the kind of keys. */
const DEFAULT_SUITES_V12 = {
    psk: "TLS_PSK_WITH_AES_128_CCM_8",
    certificates: "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8",
}
export const DEFAULT_SUITES = [DEFAULT_SUITES_V12.psk]
/** CCM_8 of DTLS 1.3 is there only where it is named (RFC 9147 §4.5.3). */
const DEFAULT_SUITES_V13 = ["TLS_AES_128_CCM_SHA256"]

function schema(): Schema {
    return JSON.parse(readFileSync(join(root, "host", "config", "devs.config.schema.json"), "utf8")) as Schema
}

export function boardNames(): string[] {
    return readdirSync(join(root, "boards"))
        .filter((name) => name.endsWith(".json"))
        .map((name) => basename(name, ".json"))
        .sort()
}

export function loadBoard(name: string): Board {
    const names = boardNames()
    if (!names.includes(name)) throw new UsageError(`board: one of ${names.join(", ")}, not "${name}"`)
    return { ...(JSON.parse(readFileSync(join(root, "boards", `${name}.json`), "utf8")) as Board), name }
}

interface RawConfig {
    program: string
    board: string
    target: string
    credentials?: string
    certificates?: CertificatesConfig
    name?: string
    interval?: number
    wifi?: { ssid: string; country?: string }
    profile?: string
    arena?: number
    suites?: string[]
    minVersion?: Version
    maxVersion?: Version
    connectionId?: number
    returnRoutability?: ReturnRoutabilityForm
    pskKeyExchange?: PskKeyExchange
    importedPsk?: ImportedKey
    update?: { key: string; product: string; interval?: number }
    translate?: false | "hot" | "all"
    translateBudget?: number
    translateProfile?: string
    natives?: Natives
    flashEncryption?: FlashEncryption
}

/** Refuses a target that is the device itself: the emulated board has a network of its own. */
export function checkReachable({ host, board }: DeviceConfig): void {
    if (board.port === "posix" || !/^(127\.|localhost$|::1$)/.test(host)) return
    const better = board.port === "rv32-virt" ? "coaps://10.0.2.2/..." : "its address in the board's network"
    throw new UsageError(`target: ${host} would be the board itself; to reach this computer, use ${better}`)
}

/** Undefined when a device has no settings for it. */
function targetOf(text: string): { host: string; port: number; path: string } | undefined {
    try {
        const { host, port, path, query } = parseCoapsUri(text)
        if (path.length === 1 && path[0] !== "" && query.length === 0 && /^[\w.:%-]{1,255}$/.test(host))
            return { host, port, path: path[0] }
    } catch (error) {
        if (!(error instanceof GError)) throw error
    }
    return undefined
}

function translateOf(raw: RawConfig, board: Board, folder: string, refuse: Refuse): Translate {
    const { translate = board.translate, translateBudget, translateProfile } = raw
    for (const name of ["translateBudget", "translateProfile"] as const)
        if (translate !== "hot" && raw[name] !== undefined)
            throw new UsageError(refuse([name], `only with "translate": "hot"`))
    if (translate !== "hot") return { functions: translate === false ? "none" : "all" }
    const profile = translateProfile === undefined ? MOTE_PROFILE : resolve(folder, translateProfile)
    if (statSync(profile, { throwIfNoEntry: false })?.isFile() !== true)
        throw new UsageError(refuse(["translateProfile"], `there is no such file, ${profile}: mote profile writes one`))
    return { functions: "hot", budget: translateBudget ?? TRANSLATE_BUDGET, profile }
}

/** A program that comes later may need other natives than the one that the firmware was built for. */
function nativesOf({ natives = "all", update }: RawConfig, refuse: Refuse): Natives {
    if (natives === "program" && update !== undefined)
        throw new UsageError(refuse(["natives"], `"all", since the device takes other programs as updates`))
    return natives
}

/** ms; when the configuration does not say */
const UPDATE_INTERVAL = 86400000

function updateOf({ update }: RawConfig, board: Board, folder: string): UpdateConfig | undefined {
    if (update === undefined) return undefined
    const { key, product, interval = UPDATE_INTERVAL } = update
    return { key: readUpdateKey(resolve(folder, key), "update.key"), target: `${product}/${board.name}`, interval }
}

function versionsOf({ minVersion = "1.2", maxVersion = minVersion }: RawConfig, refuse: Refuse): Versions {
    if (minVersion > maxVersion) throw new UsageError(refuse(["minVersion"], "no newer than maxVersion"))
    return { oldest: minVersion, newest: maxVersion }
}

/** Of DTLS 1.3 alone: with DTLS 1.2 it is the suite that says how keys are agreed upon. */
function keyExchangeOf(
    { pskKeyExchange }: RawConfig,
    { newest }: Versions,
    refuse: Refuse,
): PskKeyExchange | undefined {
    if (pskKeyExchange === "psk_dhe_ke" && newest !== "1.3")
        throw new UsageError(refuse(["pskKeyExchange"], 'needs DTLS 1.3: "maxVersion": "1.3"'))
    return pskKeyExchange
}

/** In DTLS 1.2 the key would be used as it is (RFC 9258 §3). */
function importOf(
    { importedPsk }: RawConfig,
    board: Board,
    { oldest }: Versions,
    refuse: Refuse,
): ImportedKey | undefined {
    if (importedPsk !== undefined && oldest !== "1.3")
        throw new UsageError(refuse(["importedPsk"], 'needs DTLS 1.3 alone: "minVersion": "1.3"'))
    if (importedPsk?.hash === "SHA-384" && lacks(board, "sha384"))
        throw new UsageError(refuse(["importedPsk", "hash"], `${board.title} has SHA-256 alone`))
    return importedPsk
}

function returnRoutabilityOf(raw: RawConfig, refuse: Refuse): ReturnRoutabilityForm | undefined {
    if (raw.returnRoutability !== undefined && raw.connectionId === undefined)
        throw new UsageError(refuse(["returnRoutability"], "needs connectionId"))
    return raw.returnRoutability
}

/** What a device may have keys of. */
type KeyKind = keyof typeof DEFAULT_SUITES_V12

function kindsOf(certificates: CertificatesConfig | undefined): KeyKind[] {
    if (certificates === undefined) return ["psk"]
    return certificates.psk === true ? ["psk", "certificates"] : ["certificates"]
}

const asWords = (kind: KeyKind): string =>
    `${kind === "psk" ? "a pre-shared key" : kind}, as ${DEFAULT_SUITES_V12[kind]}`

/** Each version that is spoken has a suite, and each suite a version that is spoken and a kind of keys that there is. */
function suitesOf({ suites, certificates }: RawConfig, { oldest, newest }: Versions, refuse: Refuse): string[] {
    const spoken = oldest === newest ? [oldest] : (["1.2", "1.3"] as const)
    const kinds = kindsOf(certificates)
    const defaults = { "1.2": kinds.map((kind) => DEFAULT_SUITES_V12[kind]), "1.3": DEFAULT_SUITES_V13 }
    if (suites === undefined) return spoken.flatMap((version) => defaults[version])
    const groups = suites.map((name) => groupOf(name) as SuiteGroup)
    const stray = groups.findIndex(({ version }) => !spoken.includes(version))
    if (stray >= 0)
        throw new UsageError(
            refuse(["suites", stray], `a suite of DTLS ${spoken.join(" or ")}; minVersion and maxVersion say which`),
        )
    const unfit = groups.findIndex(({ keys }) => keys !== "both" && !kinds.includes(keys))
    if (unfit >= 0) throw new UsageError(refuse(["suites", unfit], `a suite with ${asWords(kinds[0])}`))
    // One of DTLS 1.3 goes with either.
    const idle = newest === "1.3" ? undefined : kinds.find((kind) => groups.every(({ keys }) => keys !== kind))
    if (idle !== undefined) throw new UsageError(refuse(["suites"], `one with ${asWords(idle)}, too`))
    const lacking = spoken.find((version) => groups.every((group) => group.version !== version))
    if (lacking !== undefined)
        throw new UsageError(refuse(["suites"], `one of DTLS ${lacking}, too: ${defaults[lacking][0]}`))
    return suites
}

/** Settings that say how a pre-shared key is used. */
function checkKeyKind(raw: RawConfig, refuse: Refuse): void {
    if (raw.credentials === undefined && raw.certificates === undefined)
        throw new UsageError(
            refuse(["credentials"], "is missing: a JSON file that is never committed, or certificates"),
        )
    if (kindsOf(raw.certificates).includes("psk")) {
        if (raw.credentials === undefined)
            throw new UsageError(refuse(["credentials"], "is missing: the pre-shared key beside certificates"))
        return
    }
    for (const name of ["pskKeyExchange", "importedPsk"] as const)
        if (raw[name] !== undefined)
            throw new UsageError(refuse([name], 'beside certificates only with "psk": true among them'))
}

/**
 * Reads devs.config.json.
 * @param boardName instead of the file's
 */
export function loadConfig(path: string, boardName?: string): DeviceConfig {
    const file = JsonText.read(path)
    const refuse = (at: Path, wanted: string): string => `${file.place(at)}: ${pathText(at)}: ${wanted}`
    const flaws = check(file.value(), schema())
    if (flaws.length > 0) throw new UsageError(flaws.map((flaw) => refuse(flaw.path, flaw.wanted)).join("\n"))
    const raw = file.value() as RawConfig
    if (boardName === undefined && !boardNames().includes(raw.board))
        throw new UsageError(refuse(["board"], `one of ${boardNames().join(", ")}`))
    const board = loadBoard(boardName ?? raw.board)
    if (board.radio && raw.wifi === undefined)
        throw new UsageError(
            refuse(["wifi"], `is missing: ${board.title} has to know its network, as { "ssid": "home" }`),
        )
    const folder = dirname(resolve(path))
    const program = resolve(folder, raw.program)
    if (statSync(program, { throwIfNoEntry: false })?.isFile() !== true)
        throw new UsageError(refuse(["program"], `there is no such file, ${program}`))
    const target = targetOf(raw.target)
    if (target === undefined)
        throw new UsageError(
            refuse(["target"], "coaps://HOST[:PORT]/PATH with one segment of path and nothing behind it"),
        )
    if (Buffer.byteLength(raw.wifi?.ssid ?? "") > 32) throw new UsageError(refuse(["wifi", "ssid"], "at most 32 bytes"))
    if ((raw.arena ?? 0) > board.most)
        throw new UsageError(refuse(["arena"], `${board.title} has room for ${board.most} KB at most`))
    if (raw.flashEncryption !== undefined && board.port !== "esp32c3")
        throw new UsageError(refuse(["flashEncryption"], `${board.title} has no flash that it could encrypt`))
    const versions = versionsOf(raw, refuse)
    const translate = translateOf(raw, board, folder, refuse)
    const natives = nativesOf(raw, refuse)
    checkKeyKind(raw, refuse)
    return {
        folder,
        program: raw.program,
        board,
        ...target,
        name: raw.name ?? "",
        interval: raw.interval ?? 60000,
        credentials: raw.credentials,
        certificates: raw.certificates && certificatesOf(raw.certificates, refuse),
        wifi: raw.wifi === undefined ? undefined : { country: "01", ...raw.wifi },
        profile: raw.profile ?? "wifi",
        arena: raw.arena ?? board.arena,
        ...suitesOfBoard(suitesOf(raw, versions, refuse), board, refuse),
        versions,
        connectionId: raw.connectionId,
        returnRoutability: returnRoutabilityOf(raw, refuse),
        pskKeyExchange: keyExchangeOf(raw, versions, refuse),
        importedPsk: importOf(raw, board, versions, refuse),
        update: updateOf(raw, board, folder),
        translate,
        simulatedTranslate: raw.translate === undefined ? { functions: "none" } : translate,
        natives,
        flashEncryption: raw.flashEncryption,
    }
}

/**
 * What the configuration of this folder says of a program that runs in the simulator; nothing, when it is another one's.
 * Throws UsageError for a mistake in it.
 */
export function simulatedTranslateOf(program: string): Translate {
    if (!existsSync(DEFAULT_CONFIG)) return { functions: "none" }
    const raw = JsonText.read(DEFAULT_CONFIG).value() as Partial<RawConfig>
    if (raw.translate === undefined || resolve(String(raw.program)) !== resolve(program)) return { functions: "none" }
    return loadConfig(DEFAULT_CONFIG).simulatedTranslate
}
