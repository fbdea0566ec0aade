/* What a configuration decides about a program itself: it stands in one module, src/sensor/configured.ts, which is written anew. */
import { readFileSync } from "node:fs"
import { join, relative } from "node:path"
import { allSuites } from "../../src/dtls/key-exchange/suites.js"
import { type Versions } from "../../src/platform/node/connect/versions.js"
import { UsageError } from "../credentials.js"
import { root } from "../folders.js"
import { modulesBelow, type ProgramSources } from "./program-sources.js"

/** What a configuration decides about the program itself. */
export interface Configured {
    /** IANA names that `configuredSuites` returns */
    suites: string[]
    /** bytes of this side's connection id that `configuredExtensions` offers; undefined: no connection ids */
    connectionId?: number | undefined
    /** those that connections of `configuredConnection` speak; undefined: DTLS 1.2 */
    versions?: Versions | undefined
    /** of `configuredExtensions`, beside connection ids; undefined: basic */
    returnRoutability?: ReturnRoutabilityForm | undefined
    /** how DTLS 1.3 uses the pre-shared key; undefined: psk_ke */
    pskKeyExchange?: PskKeyExchange | undefined
    /** how the pre-shared key is imported; undefined: it is used as it is */
    importedPsk?: ImportedKey | undefined
}

/** Forms of RFC 9853 §7. */
export type ReturnRoutabilityForm = "basic" | "enhanced"

/** How RFC 9258 imports a key. */
export interface ImportedKey {
    /** what it is used for; undefined: empty */
    context?: string
    /** with which it may be used as it is; undefined: SHA-256 */
    hash?: "SHA-256" | "SHA-384"
}

/** PskKeyExchangeMode (RFC 8446 §4.2.9): the pre-shared key alone, or with an ECDHE key agreement. */
export type PskKeyExchange = "psk_ke" | "psk_dhe_ke"

/** Where that stands in a program. */
const CONFIGURED = join("src", "sensor", "configured.ts")

/** The folder src, as that module names it. */
const SOURCES = ".."

/** @param module relative to src, without its ending */
const importing = (names: string, module: string): string => `import { ${names} } from "${SOURCES}/${module}.js"`

function suitesSource(suites: string[]): string[] {
    const older = allSuites().map(({ name }) => name)
    const [first, second] = [true, false].map((isOlder) => suites.filter((name) => older.includes(name) === isOlder))
    return [
        importing("type CipherSuite", "dtls/handshake/cipher-suite"),
        ...(first.length === 0 ? [] : [importing(first.join(", "), "dtls/key-exchange/suites")]),
        ...(second.length === 0 ? [] : [importing(second.join(", "), "dtls/handshake/v13/suites")]),
        "export function configuredSuites(): CipherSuite[] {",
        `    return [${suites.map((suite) => `${suite}()`).join(", ")}]`,
        "}",
    ]
}

/** What makes an extension, and where its names come from. */
interface ExtensionSource {
    made: string
    imports: string[]
}

function idsSource({ connectionId, returnRoutability }: Configured, isNewer: boolean): ExtensionSource {
    const [ids, module] = isNewer
        ? ["connectionIdsV13", "dtls/handshake/v13/connection-ids"]
        : ["connectionIds", "dtls/handshake/connection-ids"]
    const form = returnRoutability === "enhanced" ? "enhancedReturnRoutability" : "returnRoutability"
    return {
        made: `${ids}(${connectionId}${isNewer ? ", 0" : ""}), ${form}()`,
        imports: [importing(ids, module), importing(form, "dtls/handshake/return-routability")],
    }
}

function importSource({ context = "", hash = "SHA-256" }: ImportedKey): ExtensionSource {
    const name = hash.replace("-", "_")
    return {
        made: `importedPsks({ context: hex\`${Buffer.from(context).toString("hex")}\`, hash: ${name}() })`,
        imports: [
            importing("importedPsks", "dtls/handshake/v13/imported-psks"),
            importing(name, "dtls/crypto/algorithms"),
        ],
    }
}

function extensionSources(of: Configured, isNewer: boolean): ExtensionSource[] {
    const { connectionId, pskKeyExchange, importedPsk } = of
    const withShares = {
        made: "keyShares(new RuntimeKeys(), true)",
        imports: [
            importing("keyShares", "dtls/key-exchange/v13/key-shares"),
            importing("RuntimeKeys", "platform/runtime/keys"),
        ],
    }
    return [
        ...(connectionId === undefined ? [] : [idsSource(of, isNewer)]),
        ...(isNewer && pskKeyExchange === "psk_dhe_ke" ? [withShares] : []),
        ...(importedPsk === undefined ? [] : [importSource(importedPsk)]),
    ]
}

function extensionsSource(of: Configured, isNewer: boolean): string[] {
    const extensions = extensionSources(of, isNewer)
    return [
        importing("type CryptoProvider", "dtls/crypto/provider"),
        importing("type HelloExtension", "dtls/handshake/hello-extension"),
        ...extensions.flatMap(({ imports }) => imports),
        "export function configuredExtensions(): ((crypto: CryptoProvider) => HelloExtension)[] {",
        `    return [${extensions.map(({ made }) => made).join(", ")}]`,
        "}",
    ]
}

function connectionSource({ oldest, newest }: Versions): string[] {
    const versions = newest === "1.2" ? "" : oldest === "1.3" ? "V13" : "V12V13"
    const connection = `DtlsClientConnection${versions}`
    return [
        importing("type DatagramBased", "gio/datagram-based"),
        importing("DtlsClientConnection", "gio/dtls-client-connection"),
        ...(versions === "" ? [] : [importing(connection, "gio/v13/dtls-client-connection")]),
        importing("type DtlsSettings", "gio/settings"),
        importing("type Services", "platform/services"),
        "export function configuredConnection(",
        "    services: Services, base: DatagramBased, settings: DtlsSettings, serverIdentity: string | undefined,",
        "): DtlsClientConnection {",
        `    return new ${connection}(services, base, settings, serverIdentity)`,
        "}",
    ]
}

/** Puts it into a program's sources, with the modules that it imports. Throws UsageError for a program that has no use for it. */
export function configure({ files }: ProgramSources, configured: Configured): void {
    const { suites, versions } = configured
    const spoken = versions ?? { oldest: "1.2", newest: "1.2" }
    const source = [
        ...suitesSource(suites),
        ...extensionsSource(configured, spoken.newest === "1.3"),
        ...connectionSource(spoken),
        "",
    ].join("\n")
    const places = [CONFIGURED, join("node_modules", "mote-dtls", CONFIGURED), join(root, CONFIGURED)].filter((place) =>
        files.has(place),
    )
    if (places.length === 0)
        throw new UsageError(
            `${settingOf(configured)}: the program names its own; configuredSuites, configuredExtensions and ` +
                "configuredConnection of mote-dtls/device are the configuration's",
        )
    for (const place of places) {
        files.set(place, source)
        const above = place.slice(0, -CONFIGURED.length)
        for (const module of modulesBelow(join(root, CONFIGURED), source))
            files.set(join(above, relative(root, module)), readFileSync(module, "utf8"))
    }
}

/** The setting that a program without configured.ts cannot have. */
function settingOf({ connectionId, versions }: Omit<Configured, "suites">): string {
    if (versions !== undefined && versions.newest !== "1.2") return "maxVersion"
    return connectionId === undefined ? "suites" : "connectionId"
}
