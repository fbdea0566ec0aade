/*
 * Puts a configuration's decisions about the program into one module, src/sensor/configured.ts, which is regenerated.
 */
import { readFileSync } from "node:fs"
import { join, relative } from "node:path"
import { type Versions } from "../../src/platform/node/connect/versions.js"
import { UsageError } from "../credentials.js"
import { root } from "../folders.js"
import { type CertificateKinds, credentialsSource, typesSource } from "./certificate-sources.js"
import { groupOf, SUITE_GROUPS } from "./device-suites.js"
import { importing } from "./module-source.js"
import { modulesBelow, type ProgramSources } from "./program-sources.js"

/** A configuration's decisions about the program itself. */
export interface Configured {
    /** IANA names of the suites returned by `configuredSuites` */
    suites: string[]
    /** length of the connection id offered by `configuredExtensions`, bytes; undefined: no connection ids */
    connectionId?: number | undefined
    /** versions of `configuredConnection`; undefined: DTLS 1.2 */
    versions?: Versions | undefined
    /** return routability check offered with connection ids; undefined: basic */
    returnRoutability?: ReturnRoutabilityForm | undefined
    /** key exchange mode with the pre-shared key in DTLS 1.3; undefined: psk_ke */
    pskKeyExchange?: PskKeyExchange | undefined
    /** how the pre-shared key is imported; undefined: it is used directly */
    importedPsk?: ImportedKey | undefined
    /** undefined: devices have pre-shared keys */
    certificates?: CertificateKinds | undefined
}

/** Forms of RFC 9853 §7. */
export type ReturnRoutabilityForm = "basic" | "enhanced"

/** How RFC 9258 imports a key. */
export interface ImportedKey {
    /** context of use; undefined: empty */
    context?: string
    /** the external key's hash; undefined: SHA-256 */
    hash?: "SHA-256" | "SHA-384"
}

/** PskKeyExchangeMode (RFC 8446 §4.2.9): only the pre-shared key, or together with an ECDHE key agreement. */
export type PskKeyExchange = "psk_ke" | "psk_dhe_ke"

/** Path of that module in a program. */
const CONFIGURED = join("src", "sensor", "configured.ts")

function suitesSource(suites: string[]): string[] {
    const imports = SUITE_GROUPS.flatMap((group) => {
        const used = suites.filter((suite) => groupOf(suite) === group)
        return used.length === 0 ? [] : [importing(used.join(", "), group.module)]
    })
    const isCertified = (suite: string): boolean => groupOf(suite)?.keys === "certificates"
    const made = suites.map((suite) => `${suite}(${isCertified(suite) ? "exchange" : ""})`)
    return [
        importing("type CipherSuite", "dtls/handshake/cipher-suite"),
        ...imports,
        ...(suites.some(isCertified) ? EXCHANGE_IMPORTS : []),
        "export function configuredSuites(): CipherSuite[] {",
        ...(suites.some(isCertified) ? [EXCHANGE] : []),
        `    return [${made.join(", ")}]`,
        "}",
    ]
}

/** Shared by all of a program's suites with certificates. */
const EXCHANGE =
    "    const exchange = new EcdheCertificateKeyExchange(new RuntimeKeys(), SignatureKind.ecdsa, configuredTypes())"
const EXCHANGE_IMPORTS = [
    importing("SignatureKind", "dtls/key-exchange/certificate-types"),
    importing("EcdheCertificateKeyExchange", "dtls/key-exchange/ecdhe-certificate"),
]

/** The code that makes an extension, and the imports it needs. */
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

/** Extensions for certificates in DTLS 1.3, and for the requested server name. */
function certificatesSource({ peers }: CertificateKinds, isNewer: boolean): ExtensionSource[] {
    const withCertificates = {
        made: "certificates(new RuntimeKeys(), configuredTypes())",
        imports: [importing("certificates", "dtls/key-exchange/v13/certificates")],
    }
    const withName = {
        made: '...serverNameOf(setting === undefined ? "" : setting("host", ""))',
        imports: [importing("serverNameOf", "dtls/handshake/server-name")],
    }
    return [...(isNewer ? [withCertificates] : []), ...(peers === "pin" ? [] : [withName])]
}

function extensionSources(of: Configured, isNewer: boolean): ExtensionSource[] {
    const { connectionId, pskKeyExchange, importedPsk, certificates } = of
    // With certificates the hello contains a key share anyway, so psk_ke is offered only if it is configured.
    const required = certificates === undefined || pskKeyExchange !== "psk_ke"
    const withShares = {
        made: `keyShares(new RuntimeKeys(), ${required})`,
        imports: [
            importing("keyShares", "dtls/key-exchange/v13/key-shares"),
            ...(certificates === undefined ? [importing("RuntimeKeys", "platform/runtime/keys")] : []),
        ],
    }
    const agrees = pskKeyExchange === "psk_dhe_ke" || certificates !== undefined
    return [
        ...(connectionId === undefined ? [] : [idsSource(of, isNewer)]),
        ...(isNewer && agrees ? [withShares] : []),
        ...(importedPsk === undefined ? [] : [importSource(importedPsk)]),
        ...(certificates === undefined ? [] : certificatesSource(certificates, isNewer)),
    ]
}

function extensionsSource(of: Configured, isNewer: boolean): string[] {
    const extensions = extensionSources(of, isNewer)
    return [
        importing("type CryptoProvider", "dtls/crypto/provider"),
        importing("type HelloExtension", "dtls/handshake/hello-extension"),
        ...extensions.flatMap(({ imports }) => imports),
        "export function configuredExtensions(setting?: SettingSource): ((crypto: CryptoProvider) => HelloExtension)[] {",
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

/**
 * Replaces the module in a program's sources, and adds the modules that it imports. Throws UsageError if the program
 * does not use it.
 */
export function configure({ files }: ProgramSources, configured: Configured): void {
    const { suites, versions, certificates } = configured
    const spoken = versions ?? { oldest: "1.2", newest: "1.2" }
    const source = [
        ...(certificates === undefined ? [] : typesSource(certificates)),
        ...credentialsSource(certificates),
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

/** The configuration setting that has no effect in a program without configured.ts. */
function settingOf({ connectionId, versions }: Omit<Configured, "suites">): string {
    if (versions !== undefined && versions.newest !== "1.2") return "maxVersion"
    return connectionId === undefined ? "suites" : "connectionId"
}
