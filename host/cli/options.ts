import { appendFileSync } from "node:fs"
import { type Command } from "commander"
import { TLS_AES_128_CCM_8_SHA256, allSuitesV13 } from "../../src/dtls/handshake/v13/suites.js"
import { gatewayLimits } from "../../src/dtls/handshake/limits.js"
import { type CipherSuite } from "../../src/dtls/handshake/cipher-suite.js"
import { allSuites } from "../../src/dtls/key-exchange/suites.js"
import { AuthenticationMode } from "../../src/dtls/handshake/key-exchange.js"
import { cellular, wifi } from "../../src/dtls/flight/retransmission.js"
import { type PskAnswer } from "../../src/dtls/handshake/question.js"
import { severalPsks } from "../../src/dtls/handshake/v13/several-psks.js"
import { MAX_PSKS } from "../../src/dtls/wire/v13/extensions.js"
import { PskList } from "../../src/gio/psk-list.js"
import { DEFAULT_PATH_BUDGET, type DtlsSettings, newSettings } from "../../src/gio/settings.js"
import { exchangeOf, type Version, type Versions } from "../../src/platform/node/connect/versions.js"
import { EitherCredentials } from "../../src/gio/either-credentials.js"
import { parsePsk, PskStore, readPskFile, UsageError } from "../credentials.js"
import { seededRandom } from "../testing/seeded-random.js"
import { CaptureFile } from "../trace/capture-file.js"
import { type Impairment } from "../trace/impaired-path.js"
import { type CertificateOptions, certificatesOf } from "./certificate-options.js"
import { addKeyOptions, addRecordOptions, extensionsOf, type HelloOptions } from "./hello-extensions.js"
import { choice, percent, repeated, whole } from "./parsers.js"

/** What a command prints, and in which form. */
export interface OutputOptions {
    trace?: boolean
    json?: boolean
    pcap?: CaptureFile
}

/** Options that every command with a connection has. */
export interface ConnectionOptions extends OutputOptions, CertificateOptions, HelloOptions {
    psk?: string[]
    pskFile?: string
    suite?: string[]
    minVersion?: Version | undefined
    maxVersion?: Version | undefined
    /** default: wifi, or the device's configuration */
    profile?: "wifi" | "cellular"
    /** bytes */
    mtu: number
    alpn?: string
    requireEms?: boolean
    coalesce?: boolean
    keylog?: string
    /** probabilities, 0 to 1 */
    loss?: number
    duplicate?: number
    reorder?: number
    /** ms */
    delay?: number
    seed?: number
}

export const EXIT_CODES = "Exit codes: 0 done, or stopped by Ctrl-C or SIGTERM; 1 failed; 2 wrong usage."

/** Adds the options of every command with a connection, and the text after its help. @param examples command lines */
export function addConnectionOptions(command: Command, examples: string): Command {
    command
        .optionsGroup("Common options:")
        .option(
            "--psk <IDENTITY:HEXKEY>",
            "pre-shared key; repeatable: a server takes any number, a client of DTLS 1.3 offers the first 4",
            repeated,
        )
        .option("--psk-file <FILE>", "file with lines IDENTITY:HEXKEY, the format of gnutls-serv")
        .option("--suite <NAME>", "IANA name of a cipher suite; repeatable, preferred first", repeated)
        .addOption(choice("--min-version <VERSION>", "oldest DTLS version to speak (default: 1.2)", ["1.2", "1.3"]))
        .addOption(
            choice("--max-version <VERSION>", "newest DTLS version to speak (default: that of --min-version)", [
                "1.2",
                "1.3",
            ]),
        )
    addKeyOptions(command)
        .addOption(
            choice(
                "--profile <NAME>",
                "retransmission starts after 1 s (wifi, the default) or 9 s (cellular; RFC 7925)",
                ["wifi", "cellular"],
            ),
        )
        .option(
            "--mtu <BYTES>",
            "largest datagram to send, 228 to 16384",
            whole("--mtu", 228, 16384),
            DEFAULT_PATH_BUDGET,
        )
        .option("--alpn <NAME,NAME>", "application protocols to negotiate, preferred first")
    return addRecordOptions(command)
        .option("--require-ems", "refuse peers without extended master secret")
        .option("--coalesce", "messages sent together share datagrams (some peers read only the first one)")
        .option("--keylog <FILE>", "append an NSS key log to FILE; anyone who has it can decrypt the traffic")
        .option("--trace", "print a line for each datagram on standard error")
        .option(
            "--pcap <FILE>",
            "write every datagram to FILE, for Wireshark; with --keylog the file contains the keys to decrypt it",
            captureTo,
        )
        .option(
            "--loss <PERCENT>",
            "drop this share of the datagrams that are sent, for tests; 0 to 100",
            percent("--loss"),
        )
        .option("--duplicate <PERCENT>", "send this share of them twice", percent("--duplicate"))
        .option("--reorder <PERCENT>", "send this share of them after the next one", percent("--reorder"))
        .option("--delay <MS>", "delay each of them, 0 to 60000", whole("--delay", 0, 60000))
        .option("--seed <NUMBER>", "make these choices repeatable; 1 to 999999999", whole("--seed", 1, 999999999))
        .option("--json", "print one JSON object per line on standard output")
        .helpOption("-h, --help", "show this help")
        .addHelpText("after", `\nExamples\n${examples}\n\n${EXIT_CODES}`)
}

/** @param all suites that can be used with the available keys */
function suitesOf({ suite }: ConnectionOptions, all: CipherSuite[]): CipherSuite[] {
    if (suite === undefined) return all
    return suite.map((name) => {
        const found = all.find((candidate) => candidate.name === name)
        if (found !== undefined) return found
        const known = all.map((candidate) => candidate.name)
        throw new UsageError(`--suite: that name is not known; there are ${known.join(", ")}`)
    })
}

/** The range of --min-version and --max-version. */
export function versionsOf({ minVersion = "1.2", maxVersion = minVersion }: ConnectionOptions): Versions {
    if (minVersion > maxVersion) throw new UsageError("--min-version: no newer than --max-version")
    return { oldest: minVersion, newest: maxVersion }
}

/** Suites for the versions and the available keys; DTLS 1.3's CCM_8 only if it is named. */
function suitesFor(
    { suite }: ConnectionOptions,
    { oldest, newest }: Versions,
    certificates: CipherSuite[],
    hasPsk: boolean,
): CipherSuite[] {
    const newer =
        newest === "1.2" ? [] : [...allSuitesV13(), ...(suite === undefined ? [] : [TLS_AES_128_CCM_8_SHA256()])]
    return oldest === "1.3" ? newer : [...newer, ...certificates, ...(hasPsk ? allSuites() : [])]
}

/** The keys of --psk and --psk-file. */
export function keysOf({ psk, pskFile }: ConnectionOptions): PskAnswer[] {
    const keys = (psk ?? []).map((entry) => parsePsk(entry, "--psk"))
    return pskFile === undefined ? keys : [...keys, ...readPskFile(pskFile)]
}

/** The ALPN names of --alpn. */
export function protocolsOf({ alpn }: ConnectionOptions): string[] | undefined {
    const names = alpn?.split(",")
    if (names?.some((name) => name.length === 0 || Buffer.byteLength(name) > 255) === true)
        throw new UsageError("--alpn: names of 1 to 255 bytes, separated by commas")
    return names
}

/** The DTLS settings for the common options. Throws UsageError if there is no key. */
export function settingsOf(options: ConnectionOptions, role: "client" | "server"): DtlsSettings {
    const versions = versionsOf(options)
    const keys = keysOf(options)
    const first = keys[0]
    const certificates = certificatesOf(options, role)
    if (first === undefined && certificates === undefined)
        throw new UsageError(
            "a key is needed: --psk IDENTITY:HEXKEY or --psk-file FILE (mote keygen psk NAME makes one); or, where the command has them, --cert, --ca or --rpk-pin",
        )
    const psk = first && (role === "client" ? new PskList(keys.slice(0, MAX_PSKS)) : new PskStore(keys))
    const retransmission = options.profile === "cellular" ? cellular() : wifi()
    const credentials = new EitherCredentials(psk, certificates?.credentials)
    const all = suitesFor(options, versions, certificates?.suites ?? [], first !== undefined)
    const settings = newSettings(suitesOf(options, all), credentials, retransmission, gatewayLimits())
    if (role === "server" && (options.ca !== undefined || options.rpkPin !== undefined))
        settings.authenticationMode = AuthenticationMode.required
    settings.pathBudget = options.mtu
    settings.requireExtendedMasterSecret = options.requireEms === true
    settings.coalesce = options.coalesce === true
    settings.extensions = extensionsOf(options, versions, certificates)
    const hasSeveral = role === "client" && keys.length > 1 && options.importPsk === undefined
    if (hasSeveral && versions.newest === "1.3") settings.extensions.push(severalPsks())
    settings.newExchange = exchangeOf(versions)
    if (options.keylog !== undefined) settings.keyLog = keyLogTo(options.keylog, options.pcap)
    return settings
}

/** The capture contains the secrets only if a key log was asked for, too. */
function keyLogTo(path: string, capture: CaptureFile | undefined): (line: string) => void {
    try {
        appendFileSync(path, "", { mode: 0o600 })
    } catch (error) {
        throw cannotWrite("--keylog", path, error)
    }
    return (line) => {
        appendFileSync(path, `${line}\n`)
        capture?.secret(line)
    }
}

function captureTo(path: string): CaptureFile {
    try {
        return new CaptureFile(path)
    } catch (error) {
        throw cannotWrite("--pcap", path, error)
    }
}

function cannotWrite(option: string, path: string, error: unknown): UsageError {
    return new UsageError(`${option}: cannot write ${path} (${(error as NodeJS.ErrnoException).code ?? "error"})`)
}

/** The impairment of the path by --loss and related options; undefined: none. */
export function impairmentOf(options: Partial<ConnectionOptions>): Impairment | undefined {
    const { loss = 0, duplicate = 0, reorder = 0, delay = 0 } = options
    if (loss + duplicate + reorder + delay === 0) return undefined
    const random = options.seed === undefined ? Math.random : seededRandom(options.seed)
    return { loss, duplicate, reorder, delay, random }
}
