/*
 * Generates the part of src/sensor/configured.ts that depends on whether devices have a pre-shared key or certificates.
 */
import { importing } from "./module-source.js"

/** The credentials of devices, and how they trust servers, if not only by pre-shared key. */
export interface CertificateKinds {
    /** the credentials that a device presents */
    own: "certificate" | "rawPublicKey"
    /** how it trusts a server: by a certificate from an authority, a pinned public key, or either */
    peers: "authority" | "pin" | "either"
    /** it has a pre-shared key as well, and the server chooses */
    hasPsk: boolean
}

/**
 * Changes to `mcuLimits` that certificates need, bytes: for a message, a whole flight, and early records in DTLS 1.3
 * while the key agreement runs. For a chain of four certificates, or a raw public key.
 */
const LIMITS = {
    chain: { handshakeMessageBytes: 4096, inboxBytes: 6144, earlyRecordBytes: 4096 },
    publicKey: { earlyRecordBytes: 768 },
}

/** The function that makes credentials, except for a certificate with authorities. */
const MAKERS = { authority: "bareCredentials", pin: "pinnedCredentials", either: "pinnedOrCertified" }

const signature = (name: string, type: string, parameters: string[] = []): string =>
    `export function ${name}(${parameters.join(", ")}): ${type} {`

const CREDENTIALS = signature("configuredCredentials", "Credentials", ["services: Services", "setting: SettingSource"])

/** Sources of configuredCredentials and configuredLimits. */
export function credentialsSource(kinds: CertificateKinds | undefined): string[] {
    const imports = [importing("type Limits, mcuLimits", "dtls/handshake/limits"), ...CREDENTIAL_IMPORTS]
    return [...imports, ...(kinds === undefined ? pskSource() : publicKeySource(kinds)), ...limitsSource(kinds)]
}

const CREDENTIAL_IMPORTS = [
    importing("type Credentials, SinglePsk", "gio/credentials"),
    importing("type SettingSource", "sensor/settings"),
]

/** @param name of the setting with the key */
const psk = (name: string): string =>
    `new SinglePsk(Buffer.from(setting("identity", "")), Buffer.from(setting("${name}", ""), "hex"))`

const pskSource = (): string[] => [CREDENTIALS, `    return ${psk("key")}`, "}"]

function publicKeySource(kinds: CertificateKinds): string[] {
    const made = publicKeys(kinds)
    return [
        importing("RuntimePrivateKey", "platform/runtime/keys"),
        importing(
            ["certifiedCredentials", "listOfSettings", ...Object.values(MAKERS)].join(", "),
            "sensor/certificates",
        ),
        ...(kinds.hasPsk ? [importing("EitherCredentials", "gio/either-credentials")] : []),
        CREDENTIALS,
        '    const key = new RuntimePrivateKey(Buffer.from(setting("key", ""), "hex"))',
        `    return ${kinds.hasPsk ? `new EitherCredentials(${psk(PSK_SETTING)}, ${made})` : made}`,
        "}",
    ]
}

/** The setting with the pre-shared key of a device whose setting `key` is its private key. */
export const PSK_SETTING = "psk"

function publicKeys({ own, peers }: CertificateKinds): string {
    if (own === "certificate" && peers === "authority") return "certifiedCredentials(services, setting, key)"
    const [certificates, type] =
        own === "rawPublicKey" ? ["[key.publicKey()]", "rawPublicKey"] : ['listOfSettings(setting, "cert")', "x509"]
    const made = `{ type: CertificateType.${type}, certificates: ${certificates}, key }`
    return `${MAKERS[peers]}(services, setting, ${made})`
}

function limitsSource(kinds: CertificateKinds | undefined): string[] {
    const head = signature("configuredLimits", "Limits")
    if (kinds === undefined) return [head, "    return mcuLimits()", "}"]
    const needed = kinds.peers === "pin" ? LIMITS.publicKey : LIMITS.chain
    const changes = Object.entries(needed).map(([name, bytes]) => `    limits.${name} = ${bytes}`)
    return [head, "    const limits = mcuLimits()", ...changes, "    return limits", "}"]
}

/** The part about certificates that both versions share: configuredTypes. */
export function typesSource({ own, peers }: CertificateKinds): string[] {
    const types = (isRaw: boolean, isX509: boolean): string =>
        `[${[...(isRaw ? ["CertificateType.rawPublicKey"] : []), ...(isX509 ? ["CertificateType.x509"] : [])].join(", ")}]`
    const [peerTypes, ownTypes] = [
        types(peers !== "authority", peers !== "pin"),
        types(own === "rawPublicKey", own === "certificate"),
    ]
    return [
        importing("type CertificateOptions", "dtls/key-exchange/certificate-types"),
        importing("CertificateType", "dtls/wire/code-points"),
        importing("RuntimeKeys", "platform/runtime/keys"),
        "function configuredTypes(): CertificateOptions {",
        `    return { peerTypes: ${peerTypes}, ownTypes: ${ownTypes}, authorities: [] }`,
        "}",
    ]
}
